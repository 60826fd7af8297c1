"""What a person sees while a long run goes on: one line that is written over, or one every ten seconds into a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TextIO

    from e2e.trials.seconds import Second

IN_A_LOG: Final = 10  # seconds between lines where nobody looks on
WIDTH: Final = 150


def status(second: Second, left: float) -> str:
    """Rate, latency, errors, faults, the node in use, and how long it takes yet."""
    load = second.load
    latency = "no answer" if load.p99 is None else f"p50 {_ms(load.p50)} p99 {_ms(load.p99)}"
    wrong = "".join(
        f", {count} {name}"
        for count, name in (
            (load.errors, "errors"),
            (load.unanswered, "unanswered"),
            (load.unsent, "unsent"),
            (load.violations, "violations"),
        )
        if count
    )
    nodes = "+".join(second.carriers) or "no node"
    faults = "; ".join(second.faults) or "all well"
    minutes, seconds = divmod(max(0, round(left)), 60)
    traffic = f"{load.rate:5.0f}/s  {latency}, {load.outstanding} out{wrong}"
    return f"{minutes:d}:{seconds:02d} left  {traffic}  {nodes}  {faults}"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


class Terminal:
    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._live = out.isatty()
        self._last = -float(IN_A_LOG)

    def show(self, second: Second, left: float) -> None:
        """Show the newest second."""
        if self._live:
            print(f"\r\x1b[K{status(second, left)[:WIDTH]}", end="", file=self._out, flush=True)
        elif second.at - self._last >= IN_A_LOG:
            self._last = second.at
            print(status(second, left), file=self._out, flush=True)

    def say(self, text: str) -> None:
        """Say something that stays."""
        print(f"\r\x1b[K{text}" if self._live else text, file=self._out, flush=True)
