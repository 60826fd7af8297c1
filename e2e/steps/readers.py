"""Clients that do not read what is sent to them, for a while and perhaps under a flood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.clients.websocket import Request
from e2e.ledger.entries import Healed, Injected
from e2e.steps.context import then, when
from e2e.steps.lanes import pass_time
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.clients.websocket import WebSocketClient
    from e2e.steps.context import Context, World

SOMEWHERE: Final = "0x00000000000000000000000000000000000f100d"
RETURNS_ZEROS: Final = "0x620800006000f3"
"""A contract's code: PUSH3 512 KiB, PUSH1 0, RETURN. As JSON-RPC has it, the answer is 1 MiB of digits."""
LARGE_CALL: Final[list[Any]] = [{"to": SOMEWHERE}, "latest", {SOMEWHERE: {"code": RETURNS_ZEROS}}]
FIRST: Final = 5000  # the id of the first of many calls
A_WHILE: Final = 15.0  # seconds
BACKLOG_READ: Final = 15.0  # seconds within which a client reads what piled up


@when("{count:d} of the clients do not read for a while")
def clients_deaf(context: Context, count: int) -> None:
    """A quarter of a minute; at the quick pace a third of that."""
    world = context.world
    deaf = _stop_reading(world, count)
    pass_time(world, A_WHILE if world.run.stage.options.get("pace") == "full" else A_WHILE / 3)
    _read_on(world, deaf)


@when("one of the clients calls for {mebibytes:d} MiB and does not read for {seconds:g} seconds")
def client_deaf_to_a_flood(context: Context, mebibytes: int, seconds: float) -> None:
    """Far more than the buffers of the kernel hold."""
    world = context.world
    deaf = _stop_reading(world, 1)
    for number in range(FIRST, FIRST + mebibytes):
        world.run.await_(deaf[0].send, Request(str(number), "eth_call", LARGE_CALL))
    pass_time(world, seconds)
    _read_on(world, deaf)


@then("those who did not read should be served in full, or be closed with {code:d}")
def served_or_closed(context: Context, code: int) -> None:
    world = context.world
    slow = {each.target for each in world.run.history().faults if each.name == "slow_reader"}
    clients = [client for client in world.clients if client.name in slow]
    assert clients, "everybody read"

    def state() -> dict[str, str]:
        return {
            client.name: f"waits for {client.outstanding}" if client.closed is None else f"{client.closed.code}"
            for client in clients
        }

    done = ("waits for 0", str(code))
    wait_until(lambda: all(each in done for each in state().values()), BACKLOG_READ, f"served or {code}", state)


def _stop_reading(world: World, count: int) -> list[WebSocketClient]:
    run = world.run
    for client in world.clients[:count]:
        run.stage.portal.call(client.stop_reading)
        run.recorder.record(Injected(run.recorder.now(), "slow_reader", client.name, began=run.recorder.now()))
    return world.clients[:count]


def _read_on(world: World, deaf: list[WebSocketClient]) -> None:
    run = world.run
    for client in deaf:
        if client.closed is None:
            run.stage.portal.call(client.read_on)
        run.recorder.record(Healed(run.recorder.now(), "slow_reader", client.name))
