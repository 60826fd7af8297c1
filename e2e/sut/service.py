"""The proxy under test as a service in an enclave: an image with its command, config uploaded, public port found."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from e2e.sut.profile import Address
from e2e.sut.protocol import Endpoints, Sut, SutError, command_line
from e2e.sut.readiness import NotReadyError, wait_until_ready
from e2e.testbed.kurtosis.proxy import CONFIGS, PORT
from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from e2e.sut.profile import Profile, Upstream
    from e2e.testbed.kurtosis.proxy import ProxyService

LEAVES_WITHIN: Final = 10.0  # seconds after SIGTERM
TAIL: Final = 15  # lines
NO_CONFIG: Final = "no-config"
ADDRESS: Final = Address("0.0.0.0", PORT, "/tmp")  # noqa: S104, S108 - of its container, whose port Docker publishes


class SutService(Sut):
    """One proxy container for one scenario, its config and its log in `folder`."""

    def __init__(
        self,
        profile: Profile,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        folder: Path,
        settings: Mapping[str, str] = MappingProxyType({}),
        *,
        service: ProxyService,
    ) -> None:
        """`settings` are those that differ from the profile's, whose command is run in the image of `service`."""
        self.profile = profile
        self.nodes = tuple(nodes)
        self.log = folder / "logs" / "proxy.log"
        self._consensus = dict(consensus)
        self._config = folder / (profile.config_file or NO_CONFIG)
        self._config.write_text(profile.render(nodes, consensus, ADDRESS, settings), encoding="utf-8")
        self._service = service
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        if self._exit_code is None:
            self._exit_code = self._service.exit_code
        return self._exit_code

    @property
    def config(self) -> Path:
        return self._config

    def tell_to_leave(self) -> None:
        self._service.tell_to_leave()

    def start(self) -> None:
        command = self._command()
        try:
            with tempfile.TemporaryDirectory(prefix="vixy-e2e-config-") as folder:
                shutil.copy(self._config, folder)
                address = self._service.start(command, Path(folder))
            self.endpoints = Endpoints.of(self.profile.paths, address)
            wait_until_ready(self)
        except (TestbedError, NotReadyError) as error:
            self._end()
            raise SutError(
                f"{error}\n  image: {self._service.image}\n  command: {shlex.join(command)}\n"
                f"  it said ({self.log}):\n{self._tail() or '(nothing)'}"
            ) from error

    def stop(self) -> int | None:
        self._end()
        return self._exit_code

    def _end(self) -> None:
        """SIGTERM, SIGKILL if that does not do, and its log written; whatever cannot be done any more is left."""
        try:
            self._service.end(LEAVES_WITHIN)
            self._exit_code = self._service.exit_code
            self.log.write_text(self._service.log(), encoding="utf-8")
        except TestbedError as error:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(f"({error})\n")

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-TAIL:])

    def _command(self) -> list[str]:
        values = {"python": "python", "config": f"{CONFIGS}/{self._config.name}", **ADDRESS.values()}
        return command_line(self.profile, values, self.nodes, self._consensus)
