"""The proxy's gauges equal what is really there, as the clients' own books say.

A gauge may be a moment behind: it is judged at the last look of each spell in which nothing changed for a while. A
client that does not read learns late that it was closed: until it does, nobody knows how many there are. What waits in
the queue is known by its bound: no more than what the clients wait for, or waited for a moment ago.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from e2e.checkers.gauges import CONNECTIONS, QUEUE, SUBSCRIPTIONS, value
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.history import History

PROMISE = "counted_right"

STILL = 2.0
"""Seconds after a change in which a gauge may be behind."""


def counted_right(history: History) -> Verdict:
    counts = {
        CONNECTIONS: [(each.opened, each.end) for each in history.connections],
        SUBSCRIPTIONS: [(each.confirmed, min(each.ended, each.connection.end)) for each in history.subscriptions],
    }
    looks = [look for role, lives in counts.items() for look in _looks(history, role, lives)]
    looks += _queues(history)
    witnesses = [look for look in looks if look is not None]
    if not looks:
        return not_reached(PROMISE, "the proxy counts nothing, or nothing stood still for long enough")
    if witnesses:
        reason = f"{len(witnesses)} of {len(looks)} looks at gauges were wrong"
        return broken(PROMISE, reason, witnesses, looks=len(looks))
    return kept(PROMISE, f"{len(looks)} looks at gauges, all right", looks=len(looks))


def _looks(history: History, role: str, lives: list[tuple[float, float]]) -> Iterator[Witness | None]:
    """For each spell without change: None if the gauge was right at its end, else the witness."""
    changes = sorted({at for life in lives for at in life if at < math.inf})
    unclear = [
        (fault.began, connection.end)
        for fault in history.faults
        for connection in history.connections
        if fault.name == "slow_reader" and fault.target == connection.client and connection.end < math.inf
    ]
    for since, until in pairwise([*changes, math.inf]):
        slack = STILL + history.lateness(since, since + STILL)
        looks = [each for each in history.scrapes if since + slack <= each.at < until]
        clear = [each for each in looks if not any(began <= each.at < end for began, end in unclear)]
        last = next((each for each in reversed(clear) if value(history, each, role) is not None), None)
        if last is None:
            continue
        said, true = value(history, last, role), sum(begin <= last.at < end for begin, end in lives)
        text = f"the proxy counts {said:g} {role}, there are {true}, unchanged since {since:.1f} s"
        yield None if said == true else Witness(last.at, "", text, (last,))


def _queues(history: History) -> Iterator[Witness | None]:
    """For each look at the queue: None if so many may wait, else the witness."""
    asked = [each for each in history.exchanges if each.connection is not None]
    sent = sorted(each.request.at for each in asked)
    over = sorted(min(each.answered, each.connection.end) for each in asked if each.connection is not None)
    for look in history.scrapes:
        said = value(history, look, QUEUE)
        if said is None:
            continue
        since = look.at - STILL - history.lateness(look.at - STILL, look.at)
        most = bisect_right(sent, look.at) - bisect_left(over, since)
        text = f"the proxy counts {said:g} requests that wait for a node, though clients wait for {most} at most"
        yield None if 0 <= said <= most else Witness(look.at, "", text, (look,))
