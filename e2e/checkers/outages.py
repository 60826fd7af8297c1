"""When a proxy had an excuse: no node to ask, or a node that died with a request in its hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from e2e.ledger.faults import CUTS_AGAIN, PROXY, Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from e2e.ledger.entries import Closed, Lane
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

NOTICE = 2.0
"""Seconds in which a proxy must have noticed the silent death of a node."""

RECOVERY = 2.0
"""Seconds in which a proxy must use a node again once it is healthy."""

CLIENTS_FAULT = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
"""Close codes that say that the client has done something wrong."""

DEATHS = frozenset({Effect.CUT, Effect.SILENT})

AWAY = DEATHS | {Effect.FAULTY}
"""Effects under which a node may fail a request through no fault of the proxy."""


class Interval(NamedTuple):
    start: float
    end: float

    def overlaps(self, since: float, until: float) -> bool:
        return self.start <= until and since <= self.end


def outages(history: History, lane: Lane) -> list[Interval]:
    """When the proxy may have had no usable node at all for clients of a lane, its time to recover included."""
    spells = away_spells(history, tuple(history.meta.nodes), lane)
    return [Interval(spell.start, spell.end + _recovery(history, spell.end)) for spell in spells]


def away_spells(history: History, nodes: Sequence[str], lane: Lane) -> list[Interval]:
    """When all of `nodes` were away at once: from the fault of the last to the cure of the first."""
    takes = [fault for fault in history.faults if _takes(fault, lane)]
    common: list[Interval] | None = None
    for node in nodes:
        away = merged(Interval(fault.began, fault.healed) for fault in takes if fault.target == node)
        common = away if common is None else _common(common, away)
    return common or []


def proxy_ends(history: History, *names: str) -> list[Interval]:
    """When the proxy itself was being ended by one of the named faults."""
    return [
        Interval(fault.began, fault.healed) for fault in history.faults if fault.target == PROXY and fault.name in names
    ]


def excused(spells: list[Interval], since: float, until: float) -> bool:
    """Whether any of the spells touches the interval."""
    return any(spell.overlaps(since, until) for spell in spells)


def links_lost(history: History, lane: Lane, effects: frozenset[Effect] = AWAY) -> list[Interval]:
    """When a request in flight may have died with its node, its outcome unknown to anybody.

    A node that is cut off or silent is left soon; one that answers wrongly, or takes links and cuts them, may be asked
    again at any time.
    """
    spells = []
    for fault in history.faults:
        if fault.target in history.meta.nodes and fault.effect in effects and fault.hits(lane):
            lasts = fault.effect is Effect.FAULTY or fault.name in CUTS_AGAIN
            last = fault.healed if lasts else fault.at
            spells.append(Interval(fault.began, last + NOTICE + history.lateness(last, last + 2 * NOTICE)))
    return spells


def clients_fault(history: History, closed: Closed) -> bool:
    """Whether the proxy closed a client for what the client has done: no client does wrong because a node died."""
    if any(fault.effect is Effect.CLIENT and fault.target == closed.client for fault in history.faults):
        return True
    return closed.code in CLIENTS_FAULT and not excused(links_lost(history, "ws", DEATHS), closed.at, closed.at)


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


def _recovery(history: History, healed: float) -> float:
    """How long after a cure a proxy may still be without its node, on this machine at that time."""
    return RECOVERY + history.lateness(healed, healed + 2 * RECOVERY)


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as intervals that do not touch each other, in order."""
    spells: list[Interval] = []
    for each in sorted(intervals):
        if spells and each.start <= spells[-1].end:
            spells[-1] = Interval(spells[-1].start, max(spells[-1].end, each.end))
        else:
            spells.append(each)
    return spells


def _common(ours: list[Interval], theirs: list[Interval]) -> list[Interval]:
    return [
        Interval(max(one.start, other.start), min(one.end, other.end))
        for one in ours
        for other in theirs
        if one.overlaps(other.start, other.end)
    ]
