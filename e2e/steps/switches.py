"""Subscriptions and requests while the node in use changes, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.checkers.no_strangers import IN_FLIGHT
from e2e.clients.websocket import Request
from e2e.ledger.entries import Healed, Injected
from e2e.steps.clients import STREAMS
from e2e.steps.context import then, when
from e2e.steps.faults import wait_reconnected
from e2e.steps.lanes import nodes_called, pass_time
from e2e.steps.requests import ask

if TYPE_CHECKING:
    from e2e.clients.websocket import Stream
    from e2e.steps.context import Context

QUIET: Final = 3.0  # seconds: several blocks
CONFIRMED_WITHIN: Final = 5.0
POSITIONS: Final = {"first": 0, "last": -1}
HEALTHY_WITHIN: Final = 5.0


@when("the node in use is left {count:d} times")
def left_again_and_again(context: Context, count: int) -> None:
    """Each time by a close of its WebSocket lane, which stays down until the clients are served elsewhere."""
    world = context.world
    for _ in range(count):
        (node,) = nodes_called(world, "the node in use")
        down = world.run.lanes.inject("down", node, "ws")
        wait_reconnected(world)
        world.run.lanes.cure(down)
        world.run.wait_healthy({node}, HEALTHY_WITHIN)


@when("I unsubscribe from my {position:w} subscription")
def i_unsubscribe(context: Context, position: str) -> None:
    world = context.world
    stream = world.streams.pop(POSITIONS[position])
    answer = ask(world, "eth_unsubscribe", params=[stream.id])
    world.unsubscribed = stream
    if answer.result is True:
        del world.client.streams[stream.id]  # nothing is owed on it any more


@when("another client asks to end my {position:w} subscription")
def another_unsubscribes(context: Context, position: str) -> None:
    """Whatever it is told: the subscription is not its own."""
    world = context.world
    stream = world.streams[POSITIONS[position]]
    other = world.run.connect("somebody-else")
    world.run.await_(other.call, Request("1", "eth_unsubscribe", [stream.id]), CONFIRMED_WITHIN)


@then("it should be confirmed, and the subscription silent from then on")
def unsubscribed(context: Context) -> None:
    world = context.world
    assert world.the_answer.result is True, f"the answer was {world.the_answer.received.frame}"
    stream = world.unsubscribed
    assert stream is not None

    def late() -> int:
        heard = world.client.streams.get(stream.id)
        return 0 if heard is None else heard.events

    pass_time(world, IN_FLIGHT)
    before = late()
    pass_time(world, QUIET)
    assert late() == before, f"{late() - before} events came after the end of {stream.id}"


@when("I subscribe to {kinds} in one batch")
def i_subscribe_in_batch(context: Context, kinds: str) -> None:
    world = context.world
    names = kinds.split(" and ")
    batch = [Request(str(300 + number), "eth_subscribe", [kind, *STREAMS[kind]]) for number, kind in enumerate(names)]
    confirmed = world.run.await_(world.client.subscribe_batch, batch, CONFIRMED_WITHIN)
    world.streams.extend(confirmed)


@when("I subscribe to {kind:w} while the WebSocket lane of {node} is closed")
def subscribe_in_flight(context: Context, kind: str, node: str) -> None:
    """The answer is held back on the way; then its link is gone, and the request with it."""
    world = context.world
    (name,) = nodes_called(world, node)
    slow = world.run.lanes.arm("slow_answers", name, "ws", delay=1500, methods=["eth_subscribe"])
    batch = [Request("400", "eth_subscribe", [kind, *STREAMS[kind]])]
    asked = world.run.stage.portal.start_task_soon(world.client.subscribe_batch, batch, 2 * CONFIRMED_WITHIN)
    world.run.gateway.client.wait_bites(slow, at_least=1, within=CONFIRMED_WITHIN)
    world.run.lanes.inject("close", name, "ws")
    world.run.lanes.cure(slow)
    streams: list[Stream] = asked.result()
    world.streams.extend(streams)


@when("the last {depth:d} blocks are replaced")
def reorg(context: Context, depth: int) -> None:
    run = context.world.run
    began = run.recorder.now()
    head = run.stage.testbed.reorg(depth)
    run.recorder.record(Injected(run.recorder.now(), "reorg", "chain", {"depth": depth, "head": head.number}, began))
    run.recorder.record(Healed(run.recorder.now(), "reorg", "chain"))


@when("{node} is {done:w}, and while it is away the last {depth:d} blocks are replaced")
def reorg_meanwhile(context: Context, node: str, done: str, depth: int) -> None:
    """No client is served elsewhere before it is done: else its new node would tell it of the change by itself."""
    world = context.world
    (name,) = nodes_called(world, node)
    lanes = world.run.lanes
    closed = [lanes.inject("refuse", other.name, "ws") for other in world.run.nodes if other.name != name]
    world.run.nemesis.inject({"killed": "kill", "stopped": "stop"}[done], name)
    reorg(context, depth)
    for each in closed:
        lanes.cure(each)
    wait_reconnected(world)
    world.run.nemesis.cure_all()
