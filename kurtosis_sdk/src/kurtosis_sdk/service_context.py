"""One service of an enclave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kurtosis_sdk._core import enclave_flows as flows
from kurtosis_sdk._core.service_view import ServiceView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kurtosis_sdk._connection import Connection
    from kurtosis_sdk.deadlines import Deadlines
    from kurtosis_sdk.docker import Docker
    from kurtosis_sdk.services import ExecResult, ServiceInfo


class ServiceContext(ServiceView):
    """A service of an enclave, and the faults that can be done to it. Get one from an `EnclaveContext`."""

    def __init__(
        self, info: ServiceInfo, enclave_uuid: str, connection: Connection, deadlines: Deadlines, docker: Docker
    ) -> None:
        super().__init__(info)
        self._enclave_uuid = enclave_uuid
        self._connection = connection
        self._deadlines = deadlines
        self._docker = docker

    def refresh(self, *, timeout: float | None = None) -> ServiceInfo:
        """Look at the service again."""
        flow = flows.get_service(self.get_service_name(), timeout or self._deadlines.query)
        self._info = self._connection.run(flow)
        return self._info

    def exec_command(self, command: Sequence[str], *, timeout: float | None = None) -> ExecResult:
        """Run a command in the container, without a shell; its exit code and output, whatever the code."""
        flow = flows.exec_command(self.get_service_name(), command, timeout or self._deadlines.execute)
        return self._connection.run(flow)

    def stop(self, *, timeout: float | None = None) -> None:
        """SIGTERM, and SIGKILL 10 s later; returns when the container has ended. Nothing if it was stopped before."""
        flow = flows.stop_service(self.get_service_name(), self._deadlines, timeout or self._deadlines.run)
        self._info = self._connection.run(flow)

    def start(self, *, timeout: float | None = None) -> None:
        """Start the same container again, with its files, after a stop, a kill, a crash or a pause.

        Returns when it runs; whether it is ready is for the caller to see. Its public ports are read again, and may be
        others than before. Nothing happens to a service that runs.
        """
        flow = flows.start_service(self.get_service_name(), self._deadlines, timeout or self._deadlines.run)
        self._info = self._connection.run(flow)

    def kill(self, signal: str = "SIGKILL") -> None:
        """Send a signal to its first process, through Docker; after SIGKILL, return when the container has ended."""
        self._docker.kill(self._enclave_uuid, self.get_service_uuid(), signal)
        self.refresh()

    def pause(self) -> None:
        """Freeze all its processes, through Docker: connections stay open and nothing is answered."""
        self._docker.pause(self._enclave_uuid, self.get_service_uuid())
        self.refresh()

    def unpause(self) -> None:
        """Let it run on after `pause`."""
        self._docker.unpause(self._enclave_uuid, self.get_service_uuid())
        self.refresh()

    def exit_code(self) -> int | None:
        """What its first process ended with, by Docker; None while it runs or is paused; 137 after SIGKILL."""
        return self._docker.exit_code(self._enclave_uuid, self.get_service_uuid())

    def container_log(self) -> str:
        """All that its container has printed, by Docker: at once, and without Kurtosis' log collectors."""
        return self._docker.log(self._enclave_uuid, self.get_service_uuid())
