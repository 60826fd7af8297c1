"""The testbed in a Kurtosis enclave: the package in `kurtosis/`, run, hurt and healed through `kurtosis_sdk`."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import requests

from e2e.beacon.client import DriverClient
from e2e.beacon.config import Address
from e2e.direct import direct_session
from e2e.testbed.driven import DrivenTestbed
from e2e.testbed.kurtosis.node import EnclaveNode
from e2e.testbed.protocol import CannotPlayError, NodeUrls, TestbedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.testbed.kurtosis.enclave import Enclave
    from kurtosis_sdk import ServiceContext

#: Services of the package, and ids of their ports.
BEACON: Final = "beacon"
GATEWAY: Final = "gateway"
CONTROL: Final = "control"
_NODE: Final = re.compile(r"el-.*-(primary|backup)")
_ENDPOINT: Final = re.compile(r"cl-.*")

T = TypeVar("T")


class KurtosisTestbed(DrivenTestbed[EnclaveNode]):
    """`Testbed` (see `protocol`) in an enclave."""

    name = "kurtosis"
    unplayable = MappingProxyType(
        {
            "consensus.silent": "the endpoint that never answers is on this machine's loopback, out of its reach",
            "consensus.gateway": "its gateway stands before execution nodes alone",
        }
    )

    def __init__(self, folder: Path, enclave: Enclave, block_time: float = 1.0) -> None:
        """`folder` (made if missing) takes the logs. `block_time`: of an enclave that is made."""
        super().__init__(folder)
        self.enclave = enclave
        self._block_time = block_time
        self._beacon: ServiceContext | None = None
        self.signals = True
        """Whether containers get signals; known once started."""

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

    def upstream_urls(self, node: str) -> NodeUrls:
        return self._node(node).inner_urls

    def consensus_urls(self) -> dict[str, str]:
        beacon = self._open_beacon
        host = beacon.get_maybe_public_ip_address()
        return {name: f"http://{host}:{port.number}" for name, port in _endpoints(beacon.get_public_ports())}

    def upstream_consensus_urls(self) -> dict[str, str]:
        beacon = self._open_beacon
        return {name: f"http://{BEACON}:{port.number}" for name, port in _endpoints(beacon.get_private_ports())}

    def kill(self, node: str) -> None:
        self._expect_signals("killed")
        super().kill(node)

    def pause(self, node: str) -> None:
        self._expect_signals("paused")
        super().pause(node)

    def heal(self) -> None:
        for node in self._nodes.values():
            self._revive(node)
        for node in self._nodes.values():
            self._wait_until_following(node, at_least=1)

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

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.enclave.open({"block_time": self._block_time, "proxy": {"enabled": False}})
        self._look_around()
        self.signals = self.enclave.signals_reach()
        self.heal()

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

    @property
    def driver(self) -> DriverClient:
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


def _endpoints(ports: Mapping[str, T]) -> list[tuple[str, T]]:
    return [(name, port) for name, port in sorted(ports.items()) if _ENDPOINT.fullmatch(name)]


def _client_version(http_url: str) -> tuple[str, str]:
    """Name and version of an execution client, as it says: Geth/v1.17.7-stable-0123abcd/linux-amd64/go1.27."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "web3_clientVersion", "params": []}
    try:
        with direct_session() as session:
            said = str(session.post(http_url, json=request, timeout=5).json()["result"])
    except (requests.RequestException, ValueError, KeyError):
        return "client", "unknown"
    name, _, rest = said.partition("/")
    version = re.search(r"\d+(\.\d+)+", rest)
    return name.lower(), version[0] if version else rest
