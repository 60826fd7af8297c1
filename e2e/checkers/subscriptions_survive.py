"""Every confirmed subscription goes on under its own id, says its own kind of thing, once, until its client ends it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from e2e.checkers.due import Due
from e2e.checkers.events import LOGS, PENDING, identity, is_of_kind, matches
from e2e.checkers.outages import AWAY, NOTICE, RECOVERY, Interval, clients_fault, excused, merged, outages, proxy_ends
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached
from e2e.ledger.subscriptions import event_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.entries import Closed, Received
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription

PROMISE = "subscriptions_survive"

SILENCE = NOTICE + 1.0
"""Seconds for which a subscription may say nothing although there is something to say: a switch and its catching up."""

STALL = 7.0
"""Seconds more where a node's head stands still: nobody knows until its lag is above the usual bound of five blocks."""

LAST_MOMENTS = 1.5
"""Seconds before the end in which what is due may still be on its way."""


def subscriptions_survive(history: History) -> Verdict:
    live = history.subscriptions
    if not live:
        return not_reached(PROMISE, "no subscription was confirmed")
    due, away = Due(history), outages(history, "ws")
    deaths = [[*_silent(history, each, due.times(each), away), *_cut(history, each)] for each in live]
    dead = [witness for witnesses in deaths for witness in witnesses]
    stuck = [witness for each in live for witness in _stuck(history, each)]
    twice = [*_shared(live), *(witness for each in live for witness in _twice(history, each))]
    wrong = [witness for each in live for witness in _wrong(each)]
    facts = {
        "subscriptions": len(live),
        "events": sum(len(each.events) for each in live),
        "dead": sum(map(bool, deaths)),
        "multiplied": len(twice),
    }
    if dead or stuck or twice or wrong:
        ended = f"{facts['dead']} fell silent or were cut, {len(stuck)} could not be ended"
        counted = f"{ended}, {len(twice)} events came twice, {len(wrong)} were of another kind"
        return broken(PROMISE, f"of {len(live)} subscriptions: {counted}", [*dead, *stuck, *twice, *wrong], **facts)
    return kept(PROMISE, f"{len(live)} subscriptions, {facts['events']} events", **facts)


def _name(subscription: Subscription) -> str:
    return f"{subscription.kind} {subscription.id}"


def _silent(
    history: History, subscription: Subscription, times: list[float], away: list[Interval]
) -> Iterator[Witness]:
    """Gaps in which something was due, of which `times` knows. What is due while no node is usable (`away`) is not."""
    end = min(subscription.wanted_until, history.settled)
    own = [subscription.confirmed, *(event.at for event in subscription.events if event.at < end), end]
    for since, until in pairwise(own):
        if until - since <= SILENCE:
            continue
        slack = _slack(history, since, until)
        last = until - (LAST_MOMENTS + slack - SILENCE if until == end else slack)
        within = times[bisect_left(times, since + slack) : bisect_right(times, last)]
        missed = [at for at in within if not excused(away, at - slack, at + LAST_MOMENTS)]
        if missed:
            entries = tuple(event for event in subscription.events if since <= event.at <= until)
            yield Witness(
                missed[0],
                subscription.client,
                f"{_name(subscription)} said nothing from {since:.1f} to {until:.1f} s{_after(history, since, until)},"
                f" though {len(missed)} events were due",
                entries[:2],
            )


def _slack(history: History, since: float, until: float) -> float:
    """How long a stream may be silent within a gap: longer if one node died after another, or stood still."""
    deaths = merged(
        Interval(fault.began, fault.at + SILENCE)
        for fault in history.faults
        if since - SILENCE <= fault.began <= until and fault.effect in AWAY
    )
    switching = sum(spell.end - spell.start for spell in deaths)
    stalls = [fault for fault in history.faults if fault.name == "stalled_head"]
    stalled = any(fault.began <= until and fault.healed >= since for fault in stalls)
    return max(SILENCE, switching) + history.lateness(since, until) + (STALL if stalled else 0.0)


def _after(history: History, since: float, until: float) -> str:
    """Name the fault (or cure) that the silence began with."""
    told = [
        (at, f"{verb} of {fault.target}")
        for fault in history.faults
        for at, verb in ((fault.at, fault.name), (fault.healed, "recovery"))
        if since - 1.0 <= at <= until
    ]
    if not told:
        return ""
    at, what = min(told, key=lambda each: each[0])
    return f", after the {what} at {at:.1f} s"


def _cut(history: History, subscription: Subscription) -> Iterator[Witness]:
    closed = subscription.connection.closed
    if closed is None or closed.by == "client" or subscription.ended < closed.at or _forgiven(history, closed):
        return
    text = f"{_name(subscription)} ended with its connection: the proxy closed it with {closed.code} {closed.reason!r}"
    yield Witness(closed.at, closed.client, text, (closed,))


def _forgiven(history: History, closed: Closed) -> bool:
    """Whether the proxy had to give this client up."""
    if clients_fault(history, closed) or excused(proxy_ends(history, "stop", "kill"), closed.at, closed.at):
        return True
    # 1013 is better than a stream with a hole: when nobody takes the subscription, or nothing can be caught up with.
    refused = [
        Interval(fault.began, fault.healed + RECOVERY)
        for fault in history.faults
        if fault.name == "refuse_subscription"
    ]
    return closed.code == 1013 and excused([*refused, *outages(history, "ws")], closed.at - NOTICE, closed.at)


def _stuck(history: History, subscription: Subscription) -> Iterator[Witness]:
    leaving = subscription.leaving
    if leaving is None or leaving.answer is None or leaving.result is True:
        return
    if not excused(outages(history, "ws"), leaving.request.at, leaving.answered):
        text = f"{_name(subscription)} could not be unsubscribed"
        yield Witness(leaving.answered, subscription.client, text, (leaving.request, leaving.answer))


def _twice(history: History, subscription: Subscription) -> Iterator[Witness]:
    told: dict[object, float] = {}
    for event in subscription.events:
        thing = identity(subscription.kind, event)
        if thing is None:
            continue
        # After a reorg a log or a transaction may rightly be told again, and a branch may come back.
        since = told.get(thing, math.inf)
        if since <= event.at and not any(since <= at <= event.at + 1.0 for at in history.chain.reorgs):
            yield Witness(event.at, event.client, f"{_name(subscription)} says {_short(thing)} again", (event,))
        told[thing] = event.at


def _shared(live: tuple[Subscription, ...]) -> Iterator[Witness]:
    """Two live subscriptions of one connection with one id: their events cannot be told apart."""
    holders: dict[tuple[int, str], list[Subscription]] = defaultdict(list)
    for subscription in live:
        holders[id(subscription.connection), subscription.id].append(subscription)
    for first, other in (pair for same in holders.values() for pair in pairwise(same)):
        if other.confirmed < first.wanted_until:
            text = f"the id of {_name(first)} was given to another subscription, {_name(other)}"
            yield Witness(other.confirmed, other.client, text, (first.request.request, other.request.request))


def _wrong(subscription: Subscription) -> Iterator[Witness]:
    for event in subscription.events:
        fits = is_of_kind(subscription.kind, event)
        if not fits or not _as_asked(subscription, event):
            text = f"{_name(subscription)} says something of another kind: {str(event_result(event))[:100]}"
            yield Witness(event.at, event.client, text, (event,))


def _as_asked(subscription: Subscription, event: Received) -> bool:
    """Whether an event is one of those that the parameters of the subscription choose."""
    if subscription.kind == LOGS:
        return matches(subscription.filter, event)
    if subscription.kind == PENDING:
        return isinstance(event_result(event), dict) == (subscription.filter is True)  # in full, or the hash
    return True


def _short(thing: object) -> str:
    return str(thing) if len(str(thing)) < 90 else f"{str(thing)[:90]}…"
