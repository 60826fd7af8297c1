"""One execution node of an enclave: a service with the ports rpc and ws, seen from inside and from outside.

From inside it goes by its name. While it is down the name does not resolve, which is told in milliseconds as a refused
connect is; its address would be dialled for seconds, because nobody answers for it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Literal

from e2e.testbed.kurtosis.errors import as_testbed_errors
from e2e.testbed.protocol import NodeUrls, TestbedError
from kurtosis_sdk import Status

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from kurtosis_sdk import ServiceContext

HTTP: Final = "rpc"  # ids of ports, as in the Starlark package
WS: Final = "ws"


class EnclaveNode:
    """Its ports on this machine are Docker's to choose anew at each start."""

    def __init__(self, service: ServiceContext) -> None:
        """Take a service, in whatever state it is. Raises TestbedError if it has no such ports."""
        self.name = service.get_service_name()
        self.lock = threading.RLock()
        self._service = service
        ports = service.get_private_ports()
        if missing := {HTTP, WS} - ports.keys():
            raise TestbedError(f"the service {self.name} has no port {' and '.join(sorted(missing))}: {list(ports)}")
        self.inner_urls = _urls(self.name, ports[HTTP].number, ports[WS].number)
        self._urls: NodeUrls | None = None
        self._note_ports()

    @property
    def urls(self) -> NodeUrls:
        """Where it listens for us; while it is down, where it was last."""
        if self._urls is None:
            raise TestbedError(f"nobody knows where {self.name} listens: it has not run since we look at this enclave")
        return self._urls

    @property
    def state(self) -> Literal["running", "paused", "stopped"]:
        """As it is now. Kurtosis takes a paused container for a stopped one, but lets it keep its ports."""
        with self._doing("be looked at"):
            info = self._service.refresh()
        if info.container_status is Status.RUNNING:
            return "running"
        return "paused" if info.public_ports else "stopped"

    def stop(self) -> None:
        """SIGTERM; returns when it is gone."""
        self._expect_running("stop")
        with self._doing("be stopped"):
            self._service.stop()

    def kill(self) -> None:
        """SIGKILL, in any state; returns when it is gone."""
        with self._doing("be killed"):
            self._service.kill()

    def pause(self) -> None:
        self._expect_running("pause")
        with self._doing("be paused"):
            self._service.pause()

    def unpause(self) -> None:
        if (state := self.state) != "paused":
            raise TestbedError(f"{self.name} cannot be unpaused: it is {state}")
        with self._doing("be unpaused"):
            self._service.unpause()

    def launch(self) -> None:
        """Start it with its data, and read its ports again; says nothing about whether it gets ready."""
        with self._doing("be started"):
            self._service.start()
        self._note_ports()

    def post_mortem(self) -> str:
        """The end of its log."""
        with self._doing("be asked for its log"):
            tail = "\n".join(self._service.container_log().splitlines()[-15:])
        return f"the end of its log:\n{tail}"

    def _expect_running(self, verb: str) -> None:
        if (state := self.state) != "running":
            raise TestbedError(f"{self.name} cannot be told to {verb}: it is {state}")

    def _note_ports(self) -> None:
        ports = self._service.get_public_ports()
        if {HTTP, WS} <= ports.keys():
            host = self._service.get_maybe_public_ip_address()
            self._urls = _urls(host, ports[HTTP].number, ports[WS].number)

    def _doing(self, what: str) -> AbstractContextManager[None]:
        return as_testbed_errors(f"{self.name} could not {what}")


def _urls(host: str, http: int, ws: int) -> NodeUrls:
    return NodeUrls(f"http://{host}:{http}", f"ws://{host}:{ws}")
