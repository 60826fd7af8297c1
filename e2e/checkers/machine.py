"""Whether the machine explains that something came late. It never explains that something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from e2e.ledger.history import History

STARVED: Final = 0.8
"""The share of the time in which somebody waits for a CPU, from which on a bound in seconds says nothing of a proxy."""

EXCUSED: Final = 3.0
"""How many times its bound something may take on a starved machine before it is the proxy's fault all the same."""


def starved(history: History, since: float = 0.0, until: float | None = None) -> bool:
    """Whether there was work for more CPUs than there are, nearly all the time."""
    return history.pressure(since, history.end if until is None else until) >= STARVED


def excused(history: History, since: float, took: float, bound: float) -> bool:
    """Whether what took so long from `since` on may be the fault of a machine that had no time for anybody."""
    return took <= EXCUSED * bound and starved(history, since, since + took)
