"""The service in an enclave that is the proxy under test: one name, a fresh container at each start."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from e2e.testbed.kurtosis.errors import as_testbed_errors
from e2e.testbed.protocol import CannotPlayError, TestbedError
from e2e.wait import WaitTimeoutError, wait_until
from kurtosis_sdk import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from e2e.testbed.kurtosis.enclave import Enclave
    from kurtosis_sdk import ServiceContext

NAME: Final = "proxy"
FUNCTION: Final = "run_proxy"  # of the package's main file
PORT_ID: Final = "http"
PORT: Final = 8080  # in its container
CONFIGS: Final = "/config"  # the folder in its container where its config lies
POLL: Final = 0.05  # seconds
UNKNOWN_CODE: Final = 255  # of a container that ended where nobody can be asked for its code


class ProxyService:
    """The proxy of one run. The former run's is gone once this one has started."""

    def __init__(self, enclave: Enclave, image: str, *, signals: bool = True) -> None:
        """`signals`: whether they reach the containers of the enclave."""
        self.image = image
        self._enclave = enclave
        self._signals = signals
        self._service: ServiceContext | None = None

    def start(self, command: Sequence[str], configs: Path) -> str:
        """Run `command` in a new container in which the files of `configs` are in /config.

        Returns where it listens for us (host:port); says nothing about whether it does. Raises TestbedError.
        """
        artifact = f"{NAME}-config-{secrets.token_hex(4)}"
        self._enclave.upload(configs, artifact)
        program, *arguments = command
        values = {"image": self.image, "entrypoint": [program], "cmd": arguments, "config_artifact": artifact}
        self._enclave.run_package({"proxy": values}, FUNCTION)
        self._service = self._enclave.service(NAME)
        host = self._service.get_maybe_public_ip_address()
        port = self._service.get_public_ports().get(PORT_ID)
        if port is None:
            raise TestbedError(f"the service {NAME} ended at once, with exit code {self.exit_code}")
        return f"{host}:{port.number}"

    @property
    def exit_code(self) -> int | None:
        """None while it has not ended, or was not started; negative: the signal that ended it."""
        if self._service is None:
            return None
        with self._doing("asked for its exit code"):
            if not self._signals:
                is_up = self._service.refresh().container_status is Status.RUNNING
                return None if is_up else UNKNOWN_CODE
            code = self._service.exit_code()
        return 128 - code if code is not None and code > 128 else code

    def tell_to_leave(self) -> None:
        """SIGTERM, without waiting for what it does."""
        if not self._signals:
            raise CannotPlayError("the proxy under test cannot be told to leave: there is no Docker API to do so")
        self._send("SIGTERM")

    def end(self, within: float) -> None:
        """SIGTERM, and SIGKILL if it does not leave `within` seconds. Without signals: as Kurtosis stops it."""
        if self._service is None or self.exit_code is not None:
            return
        if not self._signals:
            with self._doing("stopped"):
                self._service.stop()
            return
        self._send("SIGTERM")
        try:
            wait_until(lambda: self.exit_code is not None, within, "it ends", poll=POLL)
        except WaitTimeoutError:
            self._send("SIGKILL")

    def log(self) -> str:
        """All that it has said, '' if it was not started."""
        return "" if self._service is None else self._enclave.log_of(self._service)

    def _send(self, signal: str) -> None:
        if self._service is not None:
            with self._doing(f"sent {signal}"):
                self._service.kill(signal)

    def _doing(self, what: str) -> AbstractContextManager[None]:
        return as_testbed_errors(f"the proxy under test could not be {what}")
