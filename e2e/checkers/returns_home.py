"""Back to the primaries once one of them is healthy, within seconds, and to stay.

Seen through the proxy's own gauge of who carries its clients, and judged only where clients had to leave the primaries.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from e2e.checkers import machine
from e2e.checkers.gauges import carriers
from e2e.checkers.outages import RECOVERY, Interval, away_spells
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached, unknown
from e2e.ledger.meta import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.entries import Scraped
    from e2e.ledger.history import History

PROMISE = "returns_home"

LOOKS = 0.5
"""Seconds that may pass between two looks at the gauge: what it says is known no better than that."""


SILENT = 3.0
"""Seconds before clients stray in which a node without a CPU may have given them reason to."""


class Look(NamedTuple):
    """One look at the gauge: whether clients were on primaries only (`home`), or on backups too."""

    scraped: Scraped
    home: bool
    nodes: frozenset[str]


class Homecoming(NamedTuple):
    """One time at which the primaries had all been away and one came back at `due`; `took` is inf if never."""

    due: float
    took: float
    late: tuple[Look, ...]
    strayed: tuple[Look, ...]


def returns_home(history: History) -> Verdict:
    looks = list(_looks(history))
    homecomings = [each for spell in _exiles(history) if (each := _homecoming(history, spell, looks)) is not None]
    if not homecomings:
        return not_reached(
            PROMISE, "clients never had to leave the primaries, or the proxy does not say where they are"
        )
    bound = RECOVERY + LOOKS
    slow = [each for each in homecomings if each.took > bound]
    strayed = [each for each in homecomings if each.strayed]
    facts = {"homecomings": len(homecomings), "worst": max(each.took for each in homecomings)}
    explained = [_explained(history, each, bound) for each in slow] + [_driven_out(history, each) for each in strayed]
    if explained and all(explained):
        reason = (
            f"{len(explained)} of {len(homecomings)} times late, or not for good, on a machine that was late itself"
        )
        return unknown(PROMISE, reason, [*map(_late, slow), *map(_strayed, strayed)], **facts)
    if slow or strayed:
        reason = f"{len(slow)} of {len(homecomings)} times not back in {RECOVERY} s, {len(strayed)} times not for good"
        return broken(PROMISE, reason, [*map(_late, slow), *map(_strayed, strayed)], **facts)
    return kept(PROMISE, f"{len(homecomings)} times back, after {facts['worst']:.1f} s at most", **facts)


def _looks(history: History) -> Iterator[Look]:
    primaries = set(history.meta.tier(PRIMARY))
    for scraped in history.scrapes:
        nodes = carriers(history, scraped)
        if nodes:
            yield Look(scraped, nodes <= primaries, nodes)


def _exiles(history: History) -> list[Interval]:
    """When no primary was usable, from the fault of the last to the cure of the first."""
    return away_spells(history, history.meta.tier(PRIMARY), "ws")


def _homecoming(history: History, exile: Interval, looks: list[Look]) -> Homecoming | None:
    due = exile.end
    if due == math.inf or not any(not look.home and exile.start <= look.scraped.at <= due for look in looks):
        return None
    primaries = history.meta.tier(PRIMARY)
    # What hits a primary later, be it only slowness, may be a reason to leave again.
    later = (fault.began for fault in history.faults if fault.target in primaries and fault.began > due)
    leave = min(later, default=history.settled)
    after = [look for look in looks if due <= look.scraped.at <= leave]
    first = next((index for index, look in enumerate(after) if look.home), None)
    if first is None:
        enough = after and leave - due > RECOVERY + LOOKS
        return Homecoming(due, math.inf, tuple(after), ()) if enough else None
    strayed = tuple(look for look in after[first:] if not look.home)
    return Homecoming(due, after[first].scraped.at - due, tuple(after[:first]), strayed)


def _explained(history: History, homecoming: Homecoming, bound: float) -> bool:
    late = sum(each.late for each in history.drifts if 0 <= each.at - homecoming.due <= 2 * bound)
    in_time = homecoming.took - late <= bound
    return in_time or machine.excused(history, homecoming.due, homecoming.took, bound)


def _driven_out(history: History, homecoming: Homecoming) -> bool:
    """Whether the primary may have fallen silent for want of a CPU, so that its clients had to leave again."""
    at = homecoming.strayed[0].scraped.at
    return machine.starved(history, at - SILENT, at)


def _late(homecoming: Homecoming) -> Witness:
    took = "not back" if homecoming.took == math.inf else f"back only after {homecoming.took:.1f} s"
    nodes = ", ".join(sorted(homecoming.late[-1].nodes)) if homecoming.late else "nowhere"
    text = f"a primary was well again at {homecoming.due:.1f} s: {took}, clients on {nodes}"
    return Witness(homecoming.due, "", text, tuple(look.scraped for look in homecoming.late[-1:]))


def _strayed(homecoming: Homecoming) -> Witness:
    look = homecoming.strayed[0]
    text = f"back on {', '.join(sorted(look.nodes))} though a primary is well since {homecoming.due:.1f} s"
    return Witness(look.scraped.at, "", text, (look.scraped,))
