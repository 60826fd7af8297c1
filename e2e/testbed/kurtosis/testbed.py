"""The testbed in a Kurtosis enclave: the package in `kurtosis/`, run, hurt and healed through `kurtosis_sdk`."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

import requests

from e2e.beacon.client import DrivenBlock, DriverClient, DriverError
from e2e.beacon.config import Address
from e2e.testbed.kurtosis.node import EnclaveNode
from e2e.testbed.probe import head_hash, serves_websocket
from e2e.testbed.protocol import CannotPlayError, Head, NodeUrls, Testbed, TestbedError
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2e.testbed.kurtosis.enclave import Enclave
    from kurtosis_sdk import ServiceContext

#: Services of the package, and ids of their ports.
BEACON: Final = "beacon"
GATEWAY: Final = "gateway"
CONTROL: Final = "control"
_NODE: Final = re.compile(r"el-.*-(primary|backup)")
_ENDPOINT: Final = re.compile(r"cl-.*")

READY_LIMIT: Final = 60.0
REORG_LIMIT: Final = 30.0
POLL: Final = 0.05

T = TypeVar("T")


class KurtosisTestbed(Testbed):
    """`Testbed` (see `protocol`) in an enclave; use it as a context manager, or call `close` yourself."""

    name = "kurtosis"
    unplayable = MappingProxyType(
        {"consensus.silent": "the endpoint that never answers is on this machine's loopback, out of its reach"}
    )

    def __init__(self, folder: Path, enclave: Enclave, block_time: float = 1.0) -> None:
        """`folder` (made if missing) takes the logs. `block_time`: of an enclave that is made."""
        self.folder = Path(folder).absolute()
        self.enclave = enclave
        self._block_time = block_time
        self._nodes: dict[str, EnclaveNode] = {}
        self._beacon: ServiceContext | None = None
        self._closing = False
        self.signals = True
        """Whether containers get signals; known once started."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        if self._nodes:
            raise TestbedError("this network was started before: make a new one")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.enclave.open({"block_time": self._block_time, "proxy": {"enabled": False}})
            self._look_around()
            self.signals = self.enclave.signals_reach()
            self.heal()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        try:
            self.enclave.save_logs(self.folder)
        finally:
            self.enclave.close()

    def node_names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def urls(self, node: str) -> NodeUrls:
        return self._node(node).urls

    def upstream_urls(self, node: str) -> NodeUrls:
        return self._node(node).inner_urls

    def consensus_urls(self) -> dict[str, str]:
        beacon = self._open_beacon
        host = beacon.get_maybe_public_ip_address()
        return {name: f"http://{host}:{port.number}" for name, port in _endpoints(beacon.get_public_ports())}

    def upstream_consensus_urls(self) -> dict[str, str]:
        beacon = self._open_beacon
        return {name: f"http://{BEACON}:{port.number}" for name, port in _endpoints(beacon.get_private_ports())}

    def state(self, node: str) -> Literal["running", "paused", "stopped"]:
        return self._node(node).state

    def stop(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).stop()

    def kill(self, node: str) -> None:
        self._expect_signals("killed")
        with self._node(node).lock:
            self._node(node).kill()

    def pause(self, node: str) -> None:
        self._expect_signals("paused")
        with self._node(node).lock:
            self._node(node).pause()

    def unpause(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).unpause()
            self._wait_until_following(self._node(node))

    def boot(self, node: str) -> None:
        with self._node(node).lock:
            if (state := self.state(node)) != "stopped":
                raise TestbedError(f"{node} cannot be booted: it is {state}")
            self._node(node).launch()
            self._wait_until_following(self._node(node))

    def heal(self) -> None:
        for node in self._nodes.values():
            with node.lock:
                if (state := node.state) == "stopped":
                    node.launch()
                elif state == "paused":
                    node.unpause()
        for node in self._nodes.values():
            self._wait_until_following(node, at_least=1)

    def head(self) -> Head:
        return _head(self._ask(lambda driver: driver.head()))

    def blocks(self, first: int, last: int) -> list[Head]:
        return [_head(block) for block in self._ask(lambda driver: driver.blocks(first, last))]

    def reorg(self, depth: int) -> Head:
        return _head(self._ask(lambda driver: driver.reorg(depth, REORG_LIMIT)))

    def versions(self) -> dict[str, str]:
        clients = sorted({_client_version(node.urls.http) for node in self._nodes.values()})
        known = {"testbed": self.name, "kurtosis": self.enclave.engine_version, "enclave": self.enclave.name}
        if not self.enclave.borrowed:
            known["block_time"] = f"{self._block_time:g} s"
        return known | dict(clients)

    def public_url(self, service: str, port: str) -> str:
        """Where we reach a port of a service of the enclave, over HTTP."""
        found = self.enclave.service(service)
        try:
            return f"http://{found.get_maybe_public_ip_address()}:{found.get_public_ports()[port].number}"
        except KeyError:
            ports = ", ".join(sorted(found.get_public_ports())) or "none: it does not run"
            raise TestbedError(f"the service {service} has no port {port} for us; it has {ports}") from None

    def _expect_signals(self, what: str) -> None:
        if not self.signals:
            raise CannotPlayError(f"no node of this enclave can be {what}: Kurtosis cannot, and there is no Docker API")

    def _look_around(self) -> None:
        services = self.enclave.services()
        self._nodes = {name: EnclaveNode(services[name]) for name in sorted(services) if _NODE.fullmatch(name)}
        if not self._nodes or BEACON not in services:
            raise TestbedError(
                f"the enclave {self.enclave.name} holds no network of this suite: it has "
                f"{', '.join(sorted(services)) or 'no services'}, and el-…-primary and {BEACON} are needed"
            )
        self._beacon = services[BEACON]

    def _wait_until_following(self, node: EnclaveNode, at_least: int = 0) -> None:
        """Until the node's own head is the canonical one (number `at_least` or more) and both its lanes are open."""

        def follows() -> bool:
            if self._closing:
                raise TestbedError(f"{node.name} is not waited for any longer: the network is closed")
            head = self._canonical_head()
            return head is not None and head.number >= at_least and head_hash(node.urls.http) == head.hash

        try:
            wait_until(follows, READY_LIMIT, "it follows the chain", poll=POLL)
        except WaitTimeoutError as error:
            raise TestbedError(
                f"{node.name} did not follow the chain within {READY_LIMIT:g} s; the end of its log:\n{node.tail()}"
            ) from error
        if not serves_websocket(node.urls.ws):
            raise TestbedError(f"{node.name} follows the chain but its WebSocket is shut; its log:\n{node.tail()}")

    def _canonical_head(self) -> DrivenBlock | None:
        """None while the driver is not up yet."""
        try:
            return self._driver.head()
        except DriverError:
            return None

    @property
    def _driver(self) -> DriverClient:
        beacon = self._open_beacon
        port = beacon.get_public_ports().get(CONTROL)
        if port is None:
            raise TestbedError(f"the service {BEACON} has no port {CONTROL} for us: does it run?")
        return DriverClient(Address(beacon.get_maybe_public_ip_address(), port.number))

    @property
    def _open_beacon(self) -> ServiceContext:
        if self._beacon is None:
            raise TestbedError("the network was not started")
        return self._beacon

    def _ask(self, question: Callable[[DriverClient], T]) -> T:
        try:
            return question(self._driver)
        except DriverError as error:
            raise TestbedError(str(error)) from error

    def _node(self, name: str) -> EnclaveNode:
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(self._nodes) or "none: it was not started"
            raise TestbedError(f"no node {name!r} in this network; there is {known}") from None


def _endpoints(ports: Mapping[str, T]) -> list[tuple[str, T]]:
    return [(name, port) for name, port in sorted(ports.items()) if _ENDPOINT.fullmatch(name)]


def _client_version(http_url: str) -> tuple[str, str]:
    """Name and version of an execution client, as it says: Geth/v1.17.7-stable-0123abcd/linux-amd64/go1.27."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "web3_clientVersion", "params": []}
    try:
        said = str(requests.post(http_url, json=request, timeout=5).json()["result"])
    except (requests.RequestException, ValueError, KeyError):
        return "client", "unknown"
    name, _, rest = said.partition("/")
    version = re.search(r"\d+(\.\d+)+", rest)
    return name.lower(), version[0] if version else rest


def _head(block: DrivenBlock) -> Head:
    return Head(block.number, block.hash, block.parent)
