"""The proxy under test as a process: config written, port chosen, started, waited for, told to leave, gone for sure."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from e2e.sut.profile import Address
from e2e.sut.protocol import Endpoints, Sut, SutError, command_line
from e2e.sut.readiness import NotReadyError, wait_until_ready
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.sut.profile import Profile, Upstream

LEAVES_WITHIN: Final = 10.0  # seconds after SIGTERM
VERSION_WITHIN: Final = 10.0
NO_CONFIG: Final = "no-config"
ADMINISTRATION: Final = "/usr/local/sbin:/usr/sbin:/sbin"  # where servers are, and what a user's PATH often lacks


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


def found(program: str, profile: Profile) -> str:
    """Return the path of the profile's program. Raises SutError, which says how to get it."""
    path = shutil.which(program) or shutil.which(program, path=ADMINISTRATION)
    if path is None:
        advice = profile.install or 'give a command that is: -D sut.command="… {config} … {listen}"'
        raise SutError(f"cannot start the proxy under test: {program} is not there or not executable; {advice}")
    return path


def check(profile: Profile) -> None:
    """Raises SutError, which says how to get it, where the profile's program is not on this machine."""
    with contextlib.suppress(KeyError):  # it is in the folder of a run: there is none yet
        found(shlex.split(profile.command)[0].format(python=sys.executable), profile)


class SutProcess(Sut):
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
        (port,) = free_ports(1)
        self._address = Address(HOST, port, str(folder.resolve()))
        self._consensus = dict(consensus)
        self._config = (folder / (profile.config_file or NO_CONFIG)).resolve()
        self._config.write_text(profile.render(nodes, consensus, self._address, settings), encoding="utf-8")
        self._process: Process | None = None
        self.endpoints = Endpoints.of(profile.paths, f"{HOST}:{port}")

    @property
    def exit_code(self) -> int | None:
        """None while it has not ended; negative: the signal that ended it."""
        return None if self._process is None else self._process.exit_code

    @property
    def pid(self) -> int | None:
        """None before it was started."""
        return None if self._process is None else self._process.pid

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
        values = {"python": sys.executable, "config": str(self._config), **self._address.values()}
        program, *arguments = command_line(self.profile, values, self.nodes, self._consensus)
        return [found(program, self.profile), *arguments]
