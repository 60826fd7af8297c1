"""A proxy that is told to stop takes no new connections, finishes what is in flight and closes WebSockets with 1001."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.failures import trouble
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached, unknown
from e2e.ledger.faults import PROXY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

PROMISE = "leaves_politely"

DEAF = 0.5
"""Seconds after the signal in which a connection may still be taken: it was on its way."""


def leaves_politely(history: History) -> Verdict:
    stops = [fault for fault in history.faults if fault.target == PROXY and fault.name == "stop"]
    if not stops:
        return not_reached(PROMISE, "nobody told the proxy to stop")
    witnesses = [
        witness
        for stop in stops
        for witness in (*_closes(history, stop), *_lost(history, stop), *_newcomers(history, stop))
    ]
    if witnesses:
        return broken(PROMISE, f"{len(witnesses)} clients were not treated politely", witnesses)
    ended = stops[-1].at
    if any(each.closed is None for each in history.connections) and history.end - ended < history.meta.patience:
        return unknown(PROMISE, "the run ended before the proxy had closed its connections")
    return kept(PROMISE, f"{len(history.connections)} connections left in peace")


def _closes(history: History, stop: Fault) -> Iterator[Witness]:
    for connection in history.connections:
        closed = connection.closed
        if connection.opened > stop.began or connection.end < stop.began or (closed and closed.by == "client"):
            continue
        if closed is None:
            if history.end - stop.at >= history.meta.patience:
                yield Witness(history.end, connection.client, "still not closed")
        elif closed.code != 1001:
            text = f"closed with {closed.code} {closed.reason!r}, not with 1001"
            yield Witness(closed.at, connection.client, text, (closed,))


def _lost(history: History, stop: Fault) -> Iterator[Witness]:
    """Requests that were in flight at the signal and got no good answer."""
    for exchange in history.exchanges:
        request = exchange.request
        in_flight = request.at < stop.began <= min(exchange.answered, history.end)
        if request.id is not None and in_flight and not _served(exchange) and not _left(exchange):
            name = f"{request.method} with id {request.id} was in flight"
            text = f"{name}: {trouble(exchange) or 'no answer'}"
            yield Witness(request.at, request.client, text, (request,))


def _served(exchange: Exchange) -> bool:
    return exchange.answered < math.inf and trouble(exchange) is None


def _left(exchange: Exchange) -> bool:
    closed = exchange.connection.closed if exchange.connection is not None else None
    return closed is not None and closed.by == "client"


def _newcomers(history: History, stop: Fault) -> Iterator[Witness]:
    for connection in history.connections:
        if stop.at + DEAF < connection.opened < stop.healed:
            late = connection.opened - stop.at
            yield Witness(connection.opened, connection.client, f"was let in {late:.1f} s after the signal")
