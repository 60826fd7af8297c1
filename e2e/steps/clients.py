"""WebSocket clients: one that is 'I', or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.steps.context import given, step, then

if TYPE_CHECKING:
    from e2e.steps.context import Context

STREAMS: Final[dict[str, list[Any]]] = {"newHeads": [], "logs": [{}], "newPendingTransactions": []}


@step("I connect via WebSocket")
@step("I connect via WebSocket through Vixy")
@step("WebSocket connection established")
def i_connect(context: Context) -> None:
    world = context.world
    world.clients.append(world.run.connect(f"client-{len(world.clients) + 1}"))


@given("{count:d} clients connected via WebSocket with {streams:d} subscriptions each")
def clients_connected(context: Context, count: int, streams: int) -> None:
    world = context.world
    kinds = list(STREAMS.items())[:streams]
    assert len(kinds) == streams, f"there are {len(STREAMS)} kinds of subscriptions"
    for _ in range(count):
        i_connect(context)
    for client in world.clients:
        for number, (kind, options) in enumerate(kinds, start=100):
            world.run.subscribe(client, str(number), kind, *options)


@then("no connections should break")
@then("no client should be closed")
def no_client_closed(context: Context) -> None:
    closed = [client.closed for client in context.world.run.clients if client.closed is not None]
    assert not closed, f"{len(closed)} clients were closed: {closed[:3]}"
