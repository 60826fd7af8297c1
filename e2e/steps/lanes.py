"""What happens between the proxy and its nodes: faults of one lane (HTTP or WebSocket), done by the gateway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from e2e.nemesis.nemesis import FAULTS
from e2e.steps.context import step, then, when
from e2e.steps.faults import primary_in_use, recover, stay_hurt
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.gateway.facts import LaneName
    from e2e.steps.context import Context, World

LANES: Final[dict[str, tuple[LaneName, ...]]] = {"WebSocket": ("ws",), "HTTP": ("http",), "every": ("http", "ws")}


def nodes_called(world: World, who: str) -> list[str]:
    """Return the nodes that `who` means: one by name, the one in use, or a whole tier."""
    names = [*(node.name for node in world.run.nodes), *world.run.consensus]
    if who == "the node in use":
        return [primary_in_use(world)]
    if who.startswith("every "):
        tier = who.removeprefix("every ")
        return [node.name for node in world.run.nodes if tier in {"node", "primary" if node.primary else "backup"}]
    assert who in names, f"{who} is no node of this topology: {', '.join(names)}"
    return [who]


def attributes(context: Context) -> dict[str, Any]:
    """Return the table below a step: its heading names the attributes of a fault, its one row has their values."""
    if context.table is None:
        return {}
    (row,) = context.table
    return {name: _value(row[name]) for name in row.headings}


def _value(text: str) -> Any:
    with contextlib.suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    return text


@step("every lane of {node} has {fault:w}")
@step("the {lane:w} lane of {node} has {fault:w}")
def lane_has(context: Context, node: str, fault: str, lane: str = "every") -> None:
    """Hurt it, and see the fault bite."""
    hurt(context, lane, node, fault)


@when("the {lane:w} lane of {node} has {fault:w} for {seconds:g} seconds")
def lane_has_for(context: Context, lane: str, node: str, fault: str, seconds: float) -> None:
    """Hurt it for a while; a fault of an instant is done once, and the time passes all the same."""
    hurt(context, lane, node, fault)
    pass_time(context.world, seconds)
    context.world.run.lanes.cure_all()


@step("the {lane:w} lane of {node} is prepared for {fault:w}")
def lane_is_prepared(context: Context, lane: str, node: str, fault: str) -> None:
    """Arm it: the first effect comes with the first traffic that it concerns, and has to come before the end."""
    given = attributes(context)
    for name in nodes_called(context.world, node):
        for each in LANES[lane]:
            context.world.run.lanes.arm(fault, name, each, **given)


@step("the lanes are well again")
def lanes_are_well(context: Context) -> None:
    assert context.world.run.lanes.hurt, "no lane is hurt"
    context.world.run.lanes.cure_all()


@step("the lanes of {node} are well again")
def lanes_of_node_are_well(context: Context, node: str) -> None:
    """Of this node alone, or of this tier."""
    lanes, names = context.world.run.lanes, nodes_called(context.world, node)
    hurt_there = [each for each in lanes.hurt if each.node in names]
    assert hurt_there, f"no lane of {node} is hurt"
    for each in hurt_there:
        lanes.cure(each)


@then("the fault should have been met at most {count:d} times")
def met_at_most(context: Context, count: int) -> None:
    """Who was told to leave a node alone, and asks all the same, meets it again each time."""
    run = context.world.run
    (fault,) = run.lanes.hurt
    met = run.gateway.client.wait_bites(fault, at_least=0, within=0).bites
    assert met <= count, f"{fault.node} had to answer so {met} times"


@when("{node} suffers {fault:w} of {lane:w} lane for {seconds:g} seconds")
def suffers(context: Context, node: str, fault: str, lane: str, seconds: float) -> None:
    """Whatever the fault is: of the node's process, or of its lanes."""
    if fault not in FAULTS:
        lane_has_for(context, lane, node, fault, seconds)
        return
    for name in nodes_called(context.world, node):
        context.world.run.nemesis.inject(fault, name)
    stay_hurt(context.world, seconds)
    recover(context.world)


def hurt(context: Context, lane: str, node: str, fault: str) -> None:
    given = attributes(context)
    for name in nodes_called(context.world, node):
        for each in LANES[lane]:
            context.world.run.lanes.inject(fault, name, each, **given)


def pass_time(world: World, seconds: float) -> None:
    """Let `seconds` of traffic go by: how long a fault lasts is part of the scenario."""
    recorder = world.run.recorder
    until = recorder.now() + seconds
    wait_until(lambda: recorder.now() >= until, seconds + 5, f"{seconds:g} s go by")
