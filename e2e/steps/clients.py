"""WebSocket clients: one that is 'I', or many."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

from e2e.steps.context import given, step, then

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.clients.websocket import WebSocketClient
    from e2e.steps.context import Context, World

STREAMS: Final[dict[str, list[Any]]] = {"newHeads": [], "logs": [{}], "newPendingTransactions": []}


@step("I connect via WebSocket")
@step("I connect via WebSocket through Vixy")
@step("WebSocket connection established")
def i_connect(context: Context) -> None:
    world = context.world
    world.clients.append(world.run.connect(f"client-{len(world.clients) + 1}"))


@given("{count:d} clients connected via WebSocket with a subscription each")
@given("{count:d} clients connected via WebSocket with {streams:d} subscriptions each")
def clients_connected(context: Context, count: int, streams: int = 1) -> None:
    for _ in range(count):
        i_connect(context)
    subscribe_all(context.world, context.world.clients, streams)


def subscribe_all(world: World, clients: Sequence[WebSocketClient], streams: int) -> None:
    """So many subscriptions for each: to every kind in turn, with the ids 100, 101, …"""
    kinds = list(islice(cycle(STREAMS.items()), streams))
    for client in clients:
        for number, (kind, options) in enumerate(kinds, start=100):
            world.run.subscribe(client, str(number), kind, *options)


@then("no connections should break")
@then("no client should be closed")
def no_client_closed(context: Context) -> None:
    """By the proxy; clients may leave."""
    clients = context.world.run.clients
    closed = [each.closed for each in clients if each.closed is not None and each.closed.by == "proxy"]
    assert not closed, f"{len(closed)} clients were closed: {closed[:3]}"
