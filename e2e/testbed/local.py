"""The embedded testbed: real geth processes on loopback, and the block driver that keeps them on one chain."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from e2e.beacon.accounts import dev_accounts
from e2e.beacon.client import DriverClient
from e2e.beacon.config import Address
from e2e.testbed import geth as geth_binary
from e2e.testbed.driven import DrivenTestbed
from e2e.testbed.genesis import CHAIN_ID, genesis
from e2e.testbed.node import GethNode, Ports
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.process import Process
from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable
    from pathlib import Path

NODES = ("el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup")
ENDPOINTS = ("cl-1", "cl-2")
BEACON_STOP_LIMIT = 3.0  # seconds


class LocalTestbed(DrivenTestbed[GethNode]):
    """`Testbed` (see `protocol`) with geth processes."""

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
        super().__init__(folder)
        self._names = tuple(nodes)
        self._block_time = block_time
        self._geth = geth
        self._endpoint_names = tuple(endpoints)
        self._endpoints: dict[str, Address] = {}
        self._beacon: Process | None = None
        self._driver: DriverClient | None = None

    def close(self) -> None:
        self._closing = True
        if self._beacon is not None and not self._beacon.terminate(BEACON_STOP_LIMIT):
            self._beacon.kill()
        for node in self._nodes.values():
            with node.lock:
                node.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    def node_names(self) -> tuple[str, ...]:
        return self._names

    def consensus_urls(self) -> dict[str, str]:
        return {name: f"http://{address.host}:{address.port}" for name, address in self._endpoints.items()}

    def stall(self, node: str, over: threading.Event, seconds: float) -> None:
        """Let a node stand still for a moment, or until `over`: it is slow then, and `state` does not tell."""
        self._node(node).stall(over, seconds)

    def heal(self) -> None:
        with ThreadPoolExecutor(len(self._names)) as pool:
            list(pool.map(self._heal, self._nodes.values()))

    def versions(self) -> dict[str, str]:
        return {
            "testbed": self.name,
            "geth": geth_binary.version(self._geth or geth_binary.find()),
            "block_time": f"{self._block_time:g} s",
        }

    @property
    def driver(self) -> DriverClient:
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

    def _heal(self, node: GethNode) -> None:
        with node.lock:
            self._revive(node)
            self._wait_until_following(node)

    def _expect_alive(self, node: GethNode) -> None:
        super()._expect_alive(node)
        if node.state == "stopped":
            raise TestbedError(
                f"{node.name} did not come up; {node.post_mortem()}\n"
                f"try that geth by hand ({self._geth} version), or name another one in $GETH"
            )
        if self._beacon is not None and not self._beacon.alive:
            raise TestbedError(f"the block driver ended; the end of {self._beacon.log}:\n{self._beacon.tail()}")
