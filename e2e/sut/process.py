"""The proxy under test as a process: config written, port chosen, started, waited for, told to leave, gone for sure."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from e2e.sut.readiness import NotReadyError, wait_until_ready
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.sut.profile import Profile, Upstream

LEAVES_WITHIN: Final = 10.0  # seconds after SIGTERM
VERSION_WITHIN: Final = 10.0


class SutError(Exception):
    """The proxy under test could not be started; the message says what it said and what to do."""


def version(profile: Profile) -> str:
    """Return what the proxy says is its version, 'unknown' if it does not say."""
    command = [word.format(python=sys.executable) for word in shlex.split(profile.version)]
    if not command:
        return "unknown"
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_WITHIN, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return said.strip() or "unknown"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the proxy under test listens; None for what its profile does not name."""

    http: str
    ws: str
    health: str
    ready: str | None
    metrics: str | None
    status: str | None
    consensus: str | None

    @classmethod
    def of(cls, paths: Mapping[str, str], address: str) -> Endpoints:
        """Return the URLs of a proxy at `address` (host:port)."""

        def optional(name: str) -> str | None:
            return f"http://{address}{paths[name]}" if name in paths else None

        return cls(
            http=f"http://{address}{paths['http']}",
            ws=f"ws://{address}{paths['ws']}",
            health=f"http://{address}{paths['health']}",
            ready=optional("ready"),
            metrics=optional("metrics"),
            status=optional("status"),
            consensus=optional("consensus"),
        )


class SutProcess:
    """One proxy process for one scenario, its config and its log in `folder`."""

    def __init__(
        self,
        profile: Profile,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        folder: Path,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`settings` are those that differ from the profile's."""
        self.profile = profile
        self.nodes = tuple(nodes)
        self.log = folder / "logs" / "proxy.log"
        self._config = folder / profile.config_file
        self._config.write_text(profile.render(nodes, consensus, settings), encoding="utf-8")
        (self._port,) = free_ports(1)
        self._process: Process | None = None
        self.endpoints = Endpoints.of(profile.paths, f"{HOST}:{self._port}")

    @property
    def exit_code(self) -> int | None:
        """None while it has not ended; negative: the signal that ended it."""
        return None if self._process is None else self._process.exit_code

    @property
    def config(self) -> Path:
        """Its config file."""
        return self._config

    def tell_to_leave(self) -> None:
        """SIGTERM, without waiting for what it does about it."""
        if self._process is not None:
            self._process.signal(signal.SIGTERM)

    def start(self) -> None:
        """Start it and wait until it serves its nodes. Raises SutError, and then nothing is left running."""
        command = self._command()
        self._process = Process(command, self.log)
        try:
            wait_until_ready(self)
        except NotReadyError as error:
            self._process.kill()
            said = self._process.tail() or "(nothing)"
            raise SutError(f"{error}\n  command: {shlex.join(command)}\n  it said ({self.log}):\n{said}") from error

    def stop(self) -> int | None:
        """SIGTERM, and SIGKILL if it does not leave in time; returns its exit code, None if it never ran."""
        if self._process is not None:
            self._process.terminate(LEAVES_WITHIN)
            self._process.kill()
        return self.exit_code

    def _command(self) -> list[str]:
        values = {
            "python": sys.executable,
            "config": str(self._config),
            "listen": f"{HOST}:{self._port}",
            "host": HOST,
            "port": str(self._port),
        }
        try:
            program, *arguments = [word.format_map(values) for word in shlex.split(self.profile.command)]
        except (KeyError, IndexError, ValueError) as error:
            raise SutError(
                f"the command of {self.profile.name} cannot be used: {self.profile.command!r} ({error!r}); "
                f"placeholders are {', '.join(f'{{{name}}}' for name in values)}"
            ) from error
        found = shutil.which(program)
        if found is None:
            raise SutError(
                f"cannot start the proxy under test: {program} is not there or not executable; "
                'give a command that is: -D sut.command="… {config} … {listen}"'
            )
        return [found, *arguments]
