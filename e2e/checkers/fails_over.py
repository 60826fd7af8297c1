"""When a node dies, clients are served by another one: at once if the link broke, soon if it only fell silent.

The time is from the fault (or the first request after it, if that is later) to the first good answer to a request sent
after the fault, for each client; the worst one counts. A read that was under way over HTTP counts, too: there a client
waits for its answer before it asks again. And nobody's connection is closed because a node died.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from e2e.checkers import machine
from e2e.checkers.failures import is_read, trouble
from e2e.checkers.outages import (
    CLIENTS_FAULT,
    clients_fault,
    excused,
    links_lost,
    outages,
    proxy_ends,
    usable_throughout,
)
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached, unknown
from e2e.ledger.faults import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.entries import Lane
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

PROMISE = "fails_over"

WITHIN = {Effect.CUT: 0.5, Effect.SILENT: 2.0}
"""Seconds by effect: a dead link can be seen at once, a silent one only by asking."""

TOGETHER = 0.25
"""Seconds within which faults of one node's lanes are one blow."""

LANES: tuple[Lane, ...] = ("ws", "http")


class Switch(NamedTuple):
    """How one client fared after one fault: it asked at `asked` and had its first good answer `took` seconds later."""

    fault: Fault
    asked: float
    lane: Lane
    client: str
    took: float
    exchange: Exchange

    @property
    def bound(self) -> float:
        return WITHIN[self.fault.effect]


def fails_over(history: History) -> Verdict:
    switches = [switch for fault in history.faults for switch in _switches(history, fault)]
    cut = list(_cut(history))
    if not switches and not cut:
        return not_reached(PROMISE, "no node died while another one was well and somebody asked")
    slow = [switch for switch in switches if switch.took > switch.bound and not _interrupted(history, switch)]
    # A machine that stood still for as long explains it: what the proxy would have done is not known.
    unclear = [switch for switch in slow if _explained(history, switch)]
    guilty = [switch for switch in slow if switch not in unclear]
    took = {f"worst after {effect}": _worst(switches, effect) for effect in WITHIN}
    facts = {"switches": len(switches), **{name: worst for name, worst in took.items() if worst is not None}}
    if guilty or cut:
        counted = f"{len(guilty)} of {len(switches)} times too late, {len(cut)} connections closed"
        return broken(PROMISE, counted, [*map(_witness, guilty), *cut], **facts)
    if unclear:
        reason = f"{len(unclear)} of {len(switches)} times late on a machine that was late itself"
        return unknown(PROMISE, reason, [*map(_witness, unclear)], **facts)
    return kept(PROMISE, f"{len(switches)} times in time", **facts)


def _switches(history: History, fault: Fault) -> Iterator[Switch]:
    if fault.target not in history.meta.nodes or fault.effect not in WITHIN:
        return
    for lane in LANES:
        if not fault.hits(lane) or not usable_throughout(history, lane, fault.began, fault.at + WITHIN[fault.effect]):
            continue
        by_client: dict[str, list[Exchange]] = {}
        until = min(fault.healed if fault.healed > fault.at else math.inf, _next(history, fault))
        for exchange in history.exchanges:
            request = exchange.request
            if request.lane == lane and request.id is not None and fault.at <= request.at < until:
                by_client.setdefault(request.client, []).append(exchange)
        for client, asked in by_client.items():
            switch = _switch(fault, lane, client, asked)
            if switch.took < math.inf or _waited(history, asked[0]) > switch.bound:
                yield switch
        if lane == "http":
            yield from _under_way(history, fault)


def _under_way(history: History, fault: Fault) -> Iterator[Switch]:
    """The reads that waited for their answers over HTTP when the fault came, and nothing else was wrong."""
    alone = not any(
        each is not fault and each.began <= fault.healed and fault.began <= each.healed for each in history.faults
    )
    for exchange in history.exchanges if alone else ():
        request = exchange.request
        if request.lane != "http" or not is_read(request.method) or not request.at < fault.at < exchange.answered:
            continue
        took = exchange.answered - fault.at
        if trouble(exchange) is None and (took < math.inf or history.end - fault.at > WITHIN[fault.effect]):
            yield Switch(fault, fault.at, "http", request.client, took, exchange)


def _waited(history: History, exchange: Exchange) -> float:
    """How long a client was there for its answer."""
    end = history.end if exchange.connection is None else min(exchange.connection.end, history.end)
    return end - exchange.request.at


def _next(history: History, fault: Fault) -> float:
    """When the next fault came: what is sent then is a measure of that one."""
    return min((each.began for each in history.faults if each.began > fault.at), default=math.inf)


def _switch(fault: Fault, lane: Lane, client: str, asked: list[Exchange]) -> Switch:
    served = [each for each in asked if each.answer is not None and trouble(each) is None]
    first = min(served, key=lambda each: each.answered, default=asked[0])
    answered = first.answered if served else math.inf
    return Switch(fault, asked[0].request.at, lane, client, answered - asked[0].request.at, first)


def _interrupted(history: History, switch: Switch) -> bool:
    """Whether another switch was under way, or had to be, at the same time: perhaps from the node switched to."""
    fault = switch.fault
    return any(
        not _one_blow(other, fault)
        and other.effect in WITHIN
        and other.began <= switch.asked + switch.bound
        and other.at + WITHIN[other.effect] >= fault.began
        for other in history.faults
    )


def _explained(history: History, switch: Switch) -> bool:
    late = _lateness(history, switch)
    return switch.took - late <= switch.bound or machine.excused(history, switch.asked, switch.took, switch.bound)


def _one_blow(one: Fault, other: Fault) -> bool:
    """Whether both lanes of a node were hit together: there is one node to leave, and one switch."""
    return one.target == other.target and abs(one.began - other.began) <= TOGETHER


def _lateness(history: History, switch: Switch) -> float:
    until = min(switch.fault.at + 2 * switch.took, history.end)
    spells = [each for each in history.drifts if switch.fault.at <= each.at <= until]
    return sum(each.late for each in spells)


def _cut(history: History) -> Iterator[Witness]:
    """Connections that the proxy closed because a node died, though another one was well."""
    lost, away = links_lost(history, "ws"), outages(history, "ws")
    for connection in history.connections:
        closed = connection.closed
        if closed is None or closed.by == "client" or not excused(lost, closed.at, closed.at):
            continue
        # 1000 and 1001 are how a node that is stopped takes leave: passed on, they end a session that could go on.
        told = closed.code == 1013 or (closed.code in CLIENTS_FAULT and clients_fault(history, closed))
        ended = excused(proxy_ends(history, "stop", "kill"), closed.at, closed.at)
        if not told and not ended and not excused(away, closed.at, closed.at):
            text = f"closed with {closed.code} {closed.reason!r} as a node died, though another one was usable"
            yield Witness(closed.at, closed.client, text, (closed,))


def _worst(switches: list[Switch], effect: Effect) -> float | None:
    return max((switch.took for switch in switches if switch.fault.effect is effect), default=None)


def _witness(switch: Switch) -> Witness:
    fault, exchange = switch.fault, switch.exchange
    took = "never" if switch.took == math.inf else f"after {switch.took:.2f} s"
    text = f"{fault.name} of {fault.target} at {fault.at:.2f} s: served again {took}, bound {switch.bound} s"
    entries = (exchange.request,) if exchange.answer is None else (exchange.request, exchange.answer)
    return Witness(exchange.request.at, switch.client, text, entries)
