"""Memory stays flat, and a client that does not read is cut off with 1013 rather than fed for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.checkers.figures import percentile
from e2e.checkers.gauges import RSS, value
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.history import History

PROMISE = "bounded"

LOOKS = 12
"""How many looks at the memory make a verdict."""

PEAK = 128 << 20
"""Bytes by which memory may exceed its start at any time: every queue of the proxy full."""

GROWTH = 32 << 20
"""Bytes by which the last quarter of the run may exceed the first: what an allocator keeps."""


def bounded(history: History) -> Verdict:
    sizes = [(each.at, size) for each in history.scrapes if (size := value(history, each, RSS)) is not None]
    slow = {fault.target for fault in history.faults if fault.name == "slow_reader"}
    if len(sizes) < LOOKS and not slow:
        return not_reached(PROMISE, "too few looks at the proxy's memory, and nobody read slowly")
    witnesses = [*_memory(sizes), *_cut(history, slow)]
    facts = {"slow readers": len(slow)}
    if sizes:
        facts |= {"rss first": round(sizes[0][1]), "rss max": round(max(size for _, size in sizes))}
    if witnesses:
        return broken(PROMISE, witnesses[0].text, witnesses, **facts)
    return kept(PROMISE, f"{len(sizes)} looks at the proxy's memory, {len(slow)} slow readers", **facts)


def _memory(sizes: list[tuple[float, float]]) -> Iterator[Witness]:
    if len(sizes) < LOOKS:
        return
    quarter = len(sizes) // 4
    first, last = (percentile([size for _, size in part], 50) for part in (sizes[:quarter], sizes[-quarter:]))
    if last > first + GROWTH:
        text = f"memory grew from {first / 2**20:.0f} to {last / 2**20:.0f} MiB over the run"
        yield Witness(sizes[-1][0], "", text)
    at, peak = max(sizes, key=lambda each: each[1])
    if peak > first + PEAK:
        yield Witness(at, "", f"memory rose from {first / 2**20:.0f} to {peak / 2**20:.0f} MiB")


def _cut(history: History, slow: set[str]) -> Iterator[Witness]:
    for connection in history.connections:
        closed = connection.closed
        if connection.client in slow and closed and closed.by == "proxy" and closed.code != 1013:
            text = f"a slow reader was closed with {closed.code} {closed.reason!r}, not with 1013"
            yield Witness(closed.at, closed.client, text, (closed,))
