"""When a proxy had an excuse: no node to ask, or a node that died with a request in its hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from e2e.ledger.faults import PROXY, Effect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Lane
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

NOTICE = 2.0
"""Seconds in which a proxy must have noticed the silent death of a node."""

RECOVERY = 2.0
"""Seconds in which a proxy must use a node again once it is healthy."""

AWAY = frozenset({Effect.CUT, Effect.SILENT, Effect.FAULTY})
"""Effects under which a node may fail a request through no fault of the proxy."""


class Interval(NamedTuple):
    start: float
    end: float

    def overlaps(self, since: float, until: float) -> bool:
        return self.start <= until and since <= self.end


def outages(history: History, lane: Lane) -> list[Interval]:
    """When the proxy may have had no usable node at all for clients of a lane, its time to recover included."""
    takes = [fault for fault in history.faults if _takes(fault, lane)]
    spells: list[Interval] | None = None
    for node in history.meta.nodes:
        away = _merged(_away(history, fault) for fault in takes if fault.target == node)
        spells = away if spells is None else _common(spells, away)
    return spells or []


def proxy_ends(history: History, *names: str) -> list[Interval]:
    """When the proxy itself was being ended by one of the named faults."""
    return [
        Interval(fault.began, fault.healed) for fault in history.faults if fault.target == PROXY and fault.name in names
    ]


def excused(spells: list[Interval], since: float, until: float) -> bool:
    """Whether any of the spells touches the interval."""
    return any(spell.overlaps(since, until) for spell in spells)


def links_lost(history: History, lane: Lane) -> list[Interval]:
    """When a request in flight may have died with its node, its outcome unknown to anybody."""
    return [
        Interval(fault.began, fault.at + NOTICE + history.lateness(fault.at, fault.at + 2 * NOTICE))
        for fault in history.faults
        if fault.target in history.meta.nodes and _takes(fault, lane)
    ]


def usable_throughout(history: History, lane: Lane, since: float, until: float, but: str = "") -> bool:
    """Whether some node other than `but` was without any fault from `since` to `until`."""
    hurt = {
        fault.target
        for fault in history.faults
        if _takes(fault, lane) and Interval(fault.began, fault.healed + RECOVERY).overlaps(since, until)
    }
    return any(node not in hurt and node != but for node in history.meta.nodes)


def _takes(fault: Fault, lane: Lane) -> bool:
    return fault.effect in AWAY and fault.hits(lane)


def _away(history: History, fault: Fault) -> Interval:
    slack = RECOVERY + history.lateness(fault.healed, fault.healed + 2 * RECOVERY)
    return Interval(fault.began, fault.healed + slack)


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for each in sorted(intervals):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


def _common(ours: list[Interval], theirs: list[Interval]) -> list[Interval]:
    return [
        Interval(max(one.start, other.start), min(one.end, other.end))
        for one in ours
        for other in theirs
        if one.overlaps(other.start, other.end)
    ]
