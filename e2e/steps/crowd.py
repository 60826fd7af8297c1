"""Clients in numbers, and clients that are gone without a word, or come all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.ledger.entries import Injected
from e2e.steps.clients import i_connect, subscribe_all
from e2e.steps.context import needs, then, when
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.clients.websocket import WebSocketClient
    from e2e.steps.context import Context

EVENTUALLY: Final = 30.0  # seconds
WATCHED: Final = 3.0  # seconds: a few blocks


@when("{count:d} of the clients are gone without a word")
def clients_reset(context: Context, count: int) -> None:
    world = context.world
    gone, world.clients = world.clients[:count], world.clients[count:]
    for client in gone:
        began = world.run.recorder.now()
        world.run.await_(client.abort)
        world.run.recorder.record(Injected(world.run.recorder.now(), "client_reset", client.name, began=began))


@when("{count:d} clients come and go")
def clients_come_and_go(context: Context, count: int) -> None:
    """Half of them say goodbye; the others are just gone."""
    run = context.world.run
    for number in range(count):
        client = run.connect(f"passer-{number}")
        run.clients.remove(client)
        run.await_(client.close if number % 2 else client.abort)


@when("{count:d} fresh clients connect and subscribe to {streams:d} streams each")
def fresh_clients(context: Context, count: int, streams: int) -> None:
    world = context.world
    fresh = [world.run.connect(f"fresh-{number}") for number in range(1, count + 1)]
    world.clients += fresh
    subscribe_all(world, fresh, streams)


@when("a new client connects")
def new_client(context: Context) -> None:
    """From now on I am that client."""
    i_connect(context)
    context.world.clients.insert(0, context.world.clients.pop())


@then("every client should hear of new blocks")
def every_client_hears(context: Context) -> None:
    run = context.world.run
    open_clients = [client for client in run.clients if client.closed is None]
    before = {client.name: heads(client) for client in open_clients}

    def deaf() -> list[str]:
        return [client.name for client in open_clients if client.streams and heads(client) == before[client.name]]

    wait_until(lambda: not deaf(), WATCHED + 5, "every client hears of a new block", deaf)


@then("the proxy should count {count:d} connections of mine within {seconds:g} seconds")
@needs("connections")
def counts_connections(context: Context, count: int, seconds: float) -> None:
    run = context.world.run
    sample = run.meta.metrics["connections"]
    base = sum(client.closed is None for client in run.clients if client.name.startswith("base-"))
    wait_until(
        lambda: run.scrape().get(sample) == count + base,
        seconds,
        f"{count} connections and {base} of the base load are counted",
        lambda: run.scrape().get(sample),
    )


def heads(client: WebSocketClient) -> int:
    """Return how many heads the client was told of."""
    return sum(stream.events for stream in tuple(client.streams.values()) if stream.kind == "newHeads")
