"""The generator from the harness' side: started, listened to, told to leave, gone for sure."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final, Self

import msgspec

from e2e.load.__main__ import arguments
from e2e.load.figures import Opened, Progress, Report, Violation, decode
from e2e.testbed.process import Process
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from e2e.load.figures import Line
    from e2e.load.plan import Plan

OPENS_WITHIN: Final = 60.0  # seconds
FILE: Final = "load.jsonl"


class LoadError(Exception):
    """The generator did not start, or ended without a report; the message has what it said."""


class LoadProcess:
    """One generator; all that it says is kept in `folder`/load.jsonl. Call from one thread.

    What is held here is what came last: a run may go on for days.
    """

    def __init__(
        self, plan: Plan, folder: Path, *, ws: str, http: str | None = None, direct: Sequence[str] = ()
    ) -> None:
        """`ws`, `http`: URLs of the proxy; `direct`: WebSocket URLs of nodes, to compare with."""
        self.plan = plan
        self.file = folder / FILE
        self.opened: Opened | None = None
        self.progress: Progress | None = None
        self.report: Report | None = None
        targets = [
            f"--ws={ws}",
            *([] if http is None else [f"--http-url={http}"]),
            *(f"--direct={url}" for url in direct),
        ]
        self._command = [sys.executable, "-m", "e2e.load", *targets, *arguments(plan)]
        self._process: Process | None = None
        self._read = 0

    def start(self) -> Self:
        """Start it; returns when all connections are open and the schedule has begun. Raises LoadError."""
        self.file.unlink(missing_ok=True)
        self._process = Process(self._command, self.file)
        try:
            wait_until(lambda: not self.alive or self._begun(), OPENS_WITHIN, "the load has begun")
        except WaitTimeoutError:
            self.close()
            raise LoadError(f"the load did not begin within {OPENS_WITHIN:g} s:\n{self._process.tail()}") from None
        except BaseException:
            self.close()
            raise
        if not self._begun():
            raise LoadError(f"the load did not begin:\n{self._process.tail()}")
        return self

    def _begun(self) -> bool:
        self.look()
        return self.opened is not None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def look(self) -> list[Line]:
        """Return what it has said since the last look; `opened`, `progress` and `report` are up to date then."""
        with self.file.open("rb") as file:
            file.seek(self._read)
            said = file.read()
        whole = said[: said.rfind(b"\n") + 1]
        self._read += len(whole)
        lines = [line for raw in whole.splitlines() if (line := _line(raw)) is not None]
        for line in lines:
            if isinstance(line, Opened):
                self.opened = line
            elif isinstance(line, Progress):
                self.progress = line
            elif isinstance(line, Report):
                self.report = line
        return lines

    def finish(self, within: float | None = None) -> tuple[Report, list[Violation]]:
        """Stop the schedule, let what is out be answered; returns the report, and the violations not looked at yet.

        Raises LoadError if no report comes (within the plan's patience and a bit, by default).
        """
        if self._process is None:
            raise LoadError("it was never started")
        self._process.signal(signal.SIGTERM)
        within = within or self.plan.patience + 10
        try:
            wait_until(lambda: not self.alive, within, "the load ends")
        except WaitTimeoutError:
            raise LoadError(f"the load did not end within {within:g} s:\n{self._process.tail()}") from None
        ended = self.look()
        if self.report is None:
            raise LoadError(f"the load ended without a report:\n{self._process.tail()}")
        return self.report, [line for line in ended if isinstance(line, Violation)]

    def close(self) -> None:
        """End it, whatever it is doing. May be called twice."""
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _line(raw: bytes) -> Line | None:
    """None for what is not of the protocol: a traceback, say. It stays in the file."""
    try:
        line: Line = decode(raw)
    except msgspec.MsgspecError:
        return None
    return line
