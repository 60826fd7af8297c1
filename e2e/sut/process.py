"""The proxy under test as a process: config written, port chosen, started, waited for, told to leave, gone for sure."""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.sut.ports import HOST, free_port
from e2e.sut.readiness import NotReadyError, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.sut.profile import Profile, Upstream

LEAVES_WITHIN: Final = 10.0  # seconds after SIGTERM
TAIL: Final = 20  # lines of the log in an error


class SutError(Exception):
    """The proxy under test could not be started; the message says what it said and what to do."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the proxy under test listens; None for what its profile does not name."""

    http: str
    ws: str
    health: str
    ready: str | None
    metrics: str | None

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
        )


class SutProcess:
    """One proxy process for one scenario. `exit_code` is None until it has ended."""

    def __init__(self, profile: Profile, nodes: Sequence[Upstream], consensus: Mapping[str, str], folder: Path) -> None:
        self.profile = profile
        self.nodes = tuple(nodes)
        self.exit_code: int | None = None
        self.log = folder / "logs" / "proxy.log"
        self._config = folder / profile.config_file
        self._config.write_text(profile.render(nodes, consensus), encoding="utf-8")
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoints = Endpoints.of(profile.paths, f"{HOST}:{self._port}")

    def start(self) -> None:
        """Start it and wait until it serves its nodes. Raises SutError, and then nothing is left running.

        Call from a thread that outlives the process: the kernel kills it when that thread ends.
        """
        command = self._command()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise SutError(
                f"cannot start the proxy under test: {command[0]}: {error.strerror}; "
                'set -D sut.command="… {config} … {listen}" to a command that exists'
            ) from error
        atexit.register(self._end)
        try:
            wait_until_ready(self)
        except NotReadyError as error:
            self._end()
            raise SutError(f"{error}\ncommand: {shlex.join(command)}\nits log ({self.log}):\n{self.tail()}") from error

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        if self._process is not None and self.exit_code is None:
            self.exit_code = self._process.poll()
        return self.exit_code

    def stop(self) -> int | None:
        """SIGTERM, and SIGKILL if it does not leave in time; returns its exit code, None if it never ran."""
        if self._process is not None and self.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.exit_code = self._process.wait(LEAVES_WITHIN)
        self._end()
        return self.exit_code

    def tail(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-TAIL:]) or "(empty)"

    def _command(self) -> list[str]:
        values = {
            "python": sys.executable,
            "config": str(self._config),
            "listen": f"{HOST}:{self._port}",
            "host": HOST,
            "port": str(self._port),
        }
        try:
            return [word.format_map(values) for word in shlex.split(self.profile.command)]
        except (KeyError, ValueError) as error:
            raise SutError(
                f"the command of {self.profile.name} cannot be used: {self.profile.command!r}: {error}; "
                f"placeholders: {', '.join(f'{{{name}}}' for name in values)}"
            ) from error

    def _end(self) -> None:
        """Kill whatever is left of its process group."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.exit_code = self._process.wait()
        atexit.unregister(self._end)
