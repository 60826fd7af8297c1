"""The embedded testbed: real geth processes on loopback, and the block driver that keeps them on one chain."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from e2e.beacon.accounts import dev_accounts
from e2e.beacon.client import DrivenBlock, DriverClient, DriverError
from e2e.beacon.config import Address
from e2e.testbed import geth as geth_binary
from e2e.testbed.genesis import CHAIN_ID, genesis
from e2e.testbed.node import GethNode, Ports
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.probe import head_hash, serves_websocket
from e2e.testbed.process import Process
from e2e.testbed.protocol import Head, NodeUrls, Testbed, TestbedError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

NODES = ("el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup")
ENDPOINTS = ("cl-1", "cl-2")
#: A network is up in two seconds and a node back in one; a machine under load may need much longer.
READY_LIMIT = 60.0
REORG_LIMIT = 30.0
BEACON_STOP_LIMIT = 3.0
POLL = 0.02

T = TypeVar("T")


class LocalTestbed(Testbed):
    """`Testbed` (see `protocol`) with geth processes; use it as a context manager, or call `close` yourself."""

    name = "local"

    def __init__(
        self,
        folder: Path,
        nodes: Iterable[str] = NODES,
        block_time: float = 1.0,
        geth: Path | None = None,
        endpoints: Iterable[str] = ENDPOINTS,
    ) -> None:
        """`folder` (made if missing) takes logs and configuration. `geth`: the binary, looked for if not given."""
        self.folder = Path(folder).absolute()  # nodes are booted long after, whatever the working directory is then
        self._names = tuple(nodes)
        self._block_time = block_time
        self._geth = geth
        self._endpoint_names = tuple(endpoints)
        self._nodes: dict[str, GethNode] = {}
        self._endpoints: dict[str, Address] = {}
        self._beacon: Process | None = None
        self._driver: DriverClient | None = None
        self._closing = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        if self._nodes:
            raise TestbedError("this network was started before: make a new one")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._closing = True  # whoever waits for a node gives up now, and nothing is started any more
        if self._beacon is not None and not self._beacon.terminate(BEACON_STOP_LIMIT):
            self._beacon.kill()
        for node in self._nodes.values():
            with node.lock:
                node.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    def node_names(self) -> tuple[str, ...]:
        return self._names

    def urls(self, node: str) -> NodeUrls:
        return self._node(node).urls

    def consensus_urls(self) -> dict[str, str]:
        return {name: f"http://{address.host}:{address.port}" for name, address in self._endpoints.items()}

    def state(self, node: str) -> Literal["running", "paused", "stopped"]:
        return self._node(node).state

    def stop(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).stop()

    def kill(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).kill()

    def pause(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).pause()

    def unpause(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).unpause()
            self._wait_until_following(self._node(node))

    def stall(self, node: str, over: threading.Event, seconds: float) -> None:
        """Let a node stand still for a moment, or until `over`: it is slow then, and `state` does not tell."""
        self._node(node).stall(over, seconds)

    def boot(self, node: str) -> None:
        with self._node(node).lock:
            if self.state(node) != "stopped":
                raise TestbedError(f"{node} cannot be booted: it is {self.state(node)}")
            self._launch(self._node(node))
            self._wait_until_following(self._node(node))

    def heal(self) -> None:
        with ThreadPoolExecutor(len(self._names)) as pool:
            list(pool.map(self._heal, self._nodes.values()))

    def head(self) -> Head:
        return _head(self._ask(lambda driver: driver.head()))

    def blocks(self, first: int, last: int) -> list[Head]:
        return [_head(block) for block in self._ask(lambda driver: driver.blocks(first, last))]

    def reorg(self, depth: int) -> Head:
        return _head(self._ask(lambda driver: driver.reorg(depth, REORG_LIMIT)))

    def versions(self) -> dict[str, str]:
        return {
            "testbed": self.name,
            "geth": geth_binary.version(self._geth or geth_binary.find()),
            "block_time": f"{self._block_time:g} s",
        }

    @property
    def driver(self) -> DriverClient:
        """The block driver's control API, for what the protocol does not name: pause and resume production."""
        if self._driver is None:
            raise TestbedError("the network was not started")
        return self._driver

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _start(self) -> None:
        self._geth = self._geth or geth_binary.find()
        self._data.mkdir(parents=True, exist_ok=True)
        (self.folder / "jwt").write_text(secrets.token_hex(32))
        (self.folder / "genesis.json").write_text(json.dumps(genesis()))
        ports = iter(free_ports(4 * len(self._names) + len(self._endpoint_names) + 1))
        for name, identity in zip(self._names, dev_accounts(), strict=False):
            own = Ports(next(ports), next(ports), next(ports), next(ports))
            self._nodes[name] = GethNode(
                name, self._geth, folder=self.folder, data=self._data / name, ports=own, identity=identity
            )
        enodes = [node.enode for node in self._nodes.values()]
        for node in self._nodes.values():
            node.set_peers(enodes)
            self._launch(node)
        self._endpoints = {name: Address(HOST, next(ports)) for name in self._endpoint_names}
        self._start_beacon(Address(HOST, next(ports)))
        for node in self._nodes.values():
            self._wait_until_following(node, at_least=1)

    def _start_beacon(self, control: Address) -> None:
        config = {
            "chain_id": CHAIN_ID,
            "block_time": self._block_time,
            "jwt_file": "jwt",
            "nodes": {name: node.engine_url for name, node in self._nodes.items()},
            "endpoints": {name: f"{address.host}:{address.port}" for name, address in self._endpoints.items()},
            "control": f"{control.host}:{control.port}",
        }
        path = self.folder / "beacon.json"
        path.write_text(json.dumps(config, indent=2))
        self._driver = DriverClient(control)
        self._beacon = Process([sys.executable, "-m", "e2e.beacon", "--config", str(path)], self.folder / "beacon.log")

    def _launch(self, node: GethNode) -> None:
        if self._closing:
            raise TestbedError(f"{node.name} is not started: the network is closed")
        node.launch()

    def _heal(self, node: GethNode) -> None:
        with node.lock:
            if node.state == "stopped":
                self._launch(node)
            elif node.state == "paused":
                node.unpause()
            self._wait_until_following(node)

    def _wait_until_following(self, node: GethNode, at_least: int = 0) -> None:
        """Until the node's own head is the canonical one (number `at_least` or more) and both its lanes are open."""
        end = time.monotonic() + READY_LIMIT
        while True:
            head = self._canonical_head()
            if head is not None and head.number >= at_least and head_hash(node.urls.http) == head.hash:
                break
            self._expect_alive(node)
            if time.monotonic() > end:
                raise TestbedError(
                    f"{node.name} did not follow the chain within {READY_LIMIT:g} s; {node.post_mortem()}"
                )
            time.sleep(POLL)
        if not serves_websocket(node.urls.ws):
            raise TestbedError(f"{node.name} follows the chain but its WebSocket is shut; {node.post_mortem()}")

    def _canonical_head(self) -> DrivenBlock | None:
        """None while the driver is not up yet."""
        try:
            return None if self._driver is None else self._driver.head()
        except DriverError:
            return None

    def _expect_alive(self, node: GethNode) -> None:
        if self._closing:
            raise TestbedError(f"{node.name} is not waited for any longer: the network is closed")
        if node.state == "stopped":
            raise TestbedError(
                f"{node.name} did not come up; {node.post_mortem()}\n"
                f"try that geth by hand ({self._geth} version), or name another one in $GETH"
            )
        if self._beacon is not None and not self._beacon.alive:
            raise TestbedError(f"the block driver ended; the end of {self._beacon.log}:\n{self._beacon.tail()}")

    def _ask(self, question: Callable[[DriverClient], T]) -> T:
        try:
            return question(self.driver)
        except DriverError as error:
            raise TestbedError(str(error)) from error

    def _node(self, name: str) -> GethNode:
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(self._nodes) or "none: it was not started"
            raise TestbedError(f"no node {name!r} in this network; there is {known}") from None


def _head(block: DrivenBlock) -> Head:
    return Head(block.number, block.hash, block.parent)
