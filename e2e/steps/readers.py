"""Clients that do not read what is sent to them, for a while and perhaps under a flood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.clients.websocket import Request
from e2e.ledger.entries import Healed, Injected
from e2e.steps.context import then, when
from e2e.steps.doors import asked
from e2e.steps.lanes import nodes_called, pass_time
from e2e.steps.requests import ask
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.clients.pipelining import PipeliningClient
    from e2e.clients.websocket import WebSocketClient
    from e2e.steps.context import Context, World

SOMEWHERE: Final = "0x00000000000000000000000000000000000f100d"
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
    for request in _calls_for(mebibytes, each=1024):
        world.run.await_(deaf[0].send, request)
    pass_time(world, seconds)
    _read_on(world, deaf)


@when("an HTTP client calls for {mebibytes:d} MiB in answers of {kibibytes:d} KiB, and reads none of them")
def http_client_deaf(context: Context, mebibytes: int, kibibytes: int) -> None:
    """All over one connection, at once."""
    run = context.world.run
    client = context.world.pipelining = run.pipelining("pipeliner")
    run.await_(client.post, _calls_for(mebibytes, kibibytes))
    run.recorder.record(Injected(run.recorder.now(), "slow_reader", client.name, began=run.recorder.now()))


@then("at most {count:d} of its calls should have reached a node")
def calls_that_reached(context: Context, count: int) -> None:
    """That is what the buffers of kernel and proxy have room for: the kernel's grow to 4 MiB, as Linux has it."""
    world, pipeliner = context.world, pipeliner_of(context.world)
    calls = [each.request for each in world.run.history().exchanges if each.request.lane == "http"]
    calls = [each for each in calls if each.method == "eth_call"]
    others = sum(each.client != pipeliner.name for each in calls)
    reached = sum(asked(world, name, "eth_call", "HTTP") for name in nodes_called(world, "every node")) - others
    assert reached > 0, "none of its calls has reached a node, so nobody can say that it was served no further"
    assert reached <= count, f"{reached} of its {len(calls) - others} calls were made for it, though it reads nothing"


@when("it reads on")
def pipeliner_reads_on(context: Context) -> None:
    """Returns when it has everything, or its connection has ended."""
    run, pipeliner = context.world.run, pipeliner_of(context.world)
    run.recorder.record(Healed(run.recorder.now(), "slow_reader", pipeliner.name))
    run.await_(pipeliner.read, BACKLOG_READ)


@when("I call for an answer of {mebibytes:d} MiB")
def i_call_for_much(context: Context, mebibytes: int) -> None:
    (request,) = _calls_for(mebibytes, each=1024 * mebibytes)
    ask(context.world, request.method, params=request.params)


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


def pipeliner_of(world: World) -> PipeliningClient:
    """Return the HTTP client that waits for no answer."""
    assert world.pipelining is not None, "nobody pipelines yet: 'an HTTP client calls for …' comes first"
    return world.pipelining


def _calls_for(mebibytes: int, each: int) -> list[Request]:
    """Calls with answers of `each` KiB of zeros, as JSON-RPC writes them: two digits a byte."""
    returns_zeros = f"0x62{each * 1024 // 2:06x}6000f3"  # PUSH3 that many, PUSH1 0, RETURN
    params = [{"to": SOMEWHERE}, "latest", {SOMEWHERE: {"code": returns_zeros}}]
    return [Request(str(FIRST + number), "eth_call", params) for number in range(mebibytes * 1024 // each)]


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
