"""Subscriptions as a client knows them: confirmed with an id, fed by events, perhaps ended."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from e2e.ledger.exchanges import is_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Received
    from e2e.ledger.exchanges import Connection, Exchange


@dataclass(eq=False, slots=True)
class Subscription:
    """A confirmed subscription. `id` is the id that the client was given, `kind` the first parameter ('newHeads', …).

    `events` are in the order in which they came. `leaving` is the exchange that unsubscribed, if any.
    """

    connection: Connection
    id: str
    request: Exchange
    confirmed: float
    events: list[Received] = field(default_factory=list)
    leaving: Exchange | None = None

    @property
    def client(self) -> str:
        return self.connection.client

    @property
    def kind(self) -> str:
        params = self.request.request.params
        return str(params[0]) if isinstance(params, list) and params else ""

    @property
    def filter(self) -> Any:
        """The second parameter; {} where there is none."""
        params = self.request.request.params
        return params[1] if isinstance(params, list) and len(params) > 1 else {}

    @property
    def wanted_until(self) -> float:
        """Up to when the client wanted events and could get them."""
        left = math.inf if self.leaving is None else self.leaving.request.at
        return min(left, self.connection.end)

    @property
    def ended(self) -> float:
        """When the client was told that no more events come: the true answer to its unsubscribe."""
        if self.leaving is None or self.leaving.answer is None or self.leaving.result is not True:
            return math.inf
        return self.leaving.answer.at


def event_id(frame: Any) -> str | None:
    """The subscription id that an event names."""
    params = frame.get("params")
    name = params.get("subscription") if isinstance(params, dict) else None
    return name if isinstance(name, str) else None


def event_result(received: Received) -> Any:
    """What an event says: a header, a log, a transaction hash, …"""
    return received.frame["params"].get("result")


def trace(connections: Iterable[Connection]) -> tuple[list[Subscription], list[Received]]:
    """The subscriptions of all connections, and the events that name an id which their client did not have (yet)."""
    subscriptions: list[Subscription] = []
    orphans: list[Received] = []
    for connection in connections:
        given: dict[str, Subscription] = {}
        for received, exchange in zip(connection.frames, connection.answered, strict=True):
            if exchange is not None:
                _answered(connection, exchange, given, subscriptions)
            elif is_event(received.frame):
                name = event_id(received.frame)
                subscription = None if name is None else given.get(name)
                if subscription is None:
                    orphans.append(received)
                else:
                    subscription.events.append(received)
        _unanswered_leaves(connection, given)
    return subscriptions, orphans


def _answered(
    connection: Connection, exchange: Exchange, given: dict[str, Subscription], found: list[Subscription]
) -> None:
    request, result = exchange.request, exchange.result
    if request.method == "eth_subscribe" and isinstance(result, str):
        subscription = Subscription(connection, result, exchange, exchange.answered)
        given[result] = subscription
        found.append(subscription)
    elif request.method == "eth_unsubscribe":
        _leave(exchange, given)


def _unanswered_leaves(connection: Connection, given: dict[str, Subscription]) -> None:
    for exchange in connection.exchanges:
        if exchange.request.method == "eth_unsubscribe" and exchange.answer is None:
            _leave(exchange, given)


def _leave(exchange: Exchange, given: dict[str, Subscription]) -> None:
    params = exchange.request.params
    name = params[0] if isinstance(params, list) and params and isinstance(params[0], str) else ""
    subscription = given.get(name)
    if subscription is not None and subscription.leaving is None:
        subscription.leaving = exchange


def number_of(head: Any) -> int:
    """Return the block number of a header; -1 for what is none."""
    try:
        return int(head["number"], 16)
    except (KeyError, TypeError, ValueError):
        return -1
