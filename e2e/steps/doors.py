"""What nodes were asked for, as seen at their doors, by the gateway."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from e2e.clients.websocket import WebSocketClient
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.steps.context import given, then
from e2e.steps.lanes import LANES, nodes_called
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

LEFT_WITHIN: Final = 5.0  # seconds: an old link is closed by then
OWN: Final = 1  # link to each node that a proxy may keep for itself, as to see that it is well
INSTANT: Final = 0.1  # seconds: a hundred dials take a busy machine that long, and a sound proxy spreads them over more
TOGETHER: Final = 0.7  # the share of all dials that may come in one instant


@then("no link to {node} should be left")
def no_link_left(context: Context, node: str) -> None:
    """None that is a client's."""
    for name in nodes_called(context.world, node):
        context.world.run.gateway.client.wait_links(name, "ws", at_most=OWN, within=LEFT_WITHIN)


@then("nobody's link to a node should be left")
def links_of_the_gone(context: Context) -> None:
    """Each client that is there still has one."""
    run = context.world.run
    count = sum(client.closed is None for client in run.clients)
    for name in nodes_called(context.world, "every node"):
        run.gateway.client.wait_links(name, "ws", at_most=count + OWN, within=LEFT_WITHIN)


@then("{node} should be asked for {method:w} over {lane:w}")
def node_is_asked(context: Context, node: str, method: str, lane: str) -> None:
    for name in nodes_called(context.world, node):
        assert asked(context.world, name, method, lane), f"{name} was never asked for {method}"


@then("{node} should not be asked for {method:w} over {lane:w}")
def node_is_not_asked(context: Context, node: str, method: str, lane: str) -> None:
    for name in nodes_called(context.world, node):
        count = asked(context.world, name, method, lane)
        assert not count, f"{name} was asked for {method} {count} times"


@then("{node} should be asked for {method:w} over {lane:w} again within {seconds:g} seconds")
def node_is_asked_again(context: Context, node: str, method: str, lane: str, seconds: float) -> None:
    """By the traffic that goes on."""
    world = context.world
    for name in nodes_called(world, node):
        before = asked(world, name, method, lane)
        again = partial(asked, world, name, method, lane)
        wait_until(lambda: again() > before, seconds, f"{name} is asked for {method} again", again)  # noqa: B023 - called here


@then("{node} should have been asked for {method:w} once")
def asked_once(context: Context, node: str, method: str) -> None:
    for name in nodes_called(context.world, node):
        got = sum(asked(context.world, name, method, lane) for lane in ("HTTP", "WebSocket"))
        assert got == 1, f"{name} was asked for {method} {got} times"


@then("{node} should be dialled at most {count:d} times")
def dialled_at_most(context: Context, node: str, count: int) -> None:
    """Counts from the first fault of the run."""
    for name in nodes_called(context.world, node):
        dials = some_dials(context.world, name)
        assert len(dials) <= count, f"{name} was dialled {len(dials)} times"


@then("the dials to {node} should not come in the same instant")
def dials_are_spread(context: Context, node: str) -> None:
    (name,) = nodes_called(context.world, node)
    dials = sorted(some_dials(context.world, name))
    most = max(sum(first <= at < first + INSTANT for at in dials) for first in dials)
    assert most <= TOGETHER * len(dials), f"{most} of {len(dials)} dials came within {INSTANT:g} s"


@given('a client connects with the header "{field}: {value}" and the query "{query}"')
def connects_with_header(context: Context, field: str, value: str, query: str) -> None:
    world = context.world
    client = WebSocketClient("bearer", f"{world.run.sut.endpoints.ws}?{query}", world.run.recorder)
    world.run.await_(client.open, 5.0, {field: value})
    world.clients.append(client)
    world.run.clients.append(client)
    context.world.carried = (field, value, query)


@then("{node} should have seen them in the upgrade request")
def seen_in_upgrade(context: Context, node: str) -> None:
    world = context.world
    for name in nodes_called(world, node):
        wait_until(
            partial(_carried, world, name), LEFT_WITHIN, f"{name} sees them", partial(_upgrade_request, world, name)
        )


def _carried(world: World, node: str) -> bool:
    assert world.carried is not None
    field, value, query = world.carried
    start, *fields = _upgrade_request(world, node)
    return query in start and value in [said for name, said in fields if name.lower() == field.lower()]


def _upgrade_request(world: World, node: str) -> list[Any]:
    """Return the start line and the fields of the last upgrade request that `node` was sent."""
    head: list[Any] = world.run.gateway.client.lane(node, "ws")["last_head"]
    return head


def asked(world: World, node: str, method: str, lane: str) -> int:
    """Return how often a node was asked for a method since the run began."""
    methods: dict[str, int] = world.run.gateway.client.lane(node, LANES[lane][0])["methods"]
    return methods.get(method, 0) - world.run.asked_before[node, LANES[lane][0]].get(method, 0)


def some_dials(world: World, node: str) -> list[float]:
    """Return when a node was dialled since the first fault. FaultDidNotBiteError if it was not: nothing is shown."""
    dials = dials_since_fault(world, node)
    if not dials:
        raise FaultDidNotBiteError(f"{node} was not dialled at all, so nobody can say how it is dialled")
    return dials


def dials_since_fault(world: World, node: str) -> list[float]:
    """Return when the WebSocket lane of a node was connected to, from the first fault of the run on."""
    run = world.run
    run.lanes.collect()
    faults = run.history().faults
    if not faults:
        raise FaultDidNotBiteError("no fault was felt, so nobody can say how nodes are dialled after one")
    began = time.monotonic() - run.recorder.now() + faults[0].began
    return [at for at in run.gateway.client.dials(node, "ws") if at >= began]
