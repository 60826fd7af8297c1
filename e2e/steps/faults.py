"""What happens to the nodes: they stop, die, freeze and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.ledger.subscriptions import number_of
from e2e.steps.clients import i_connect
from e2e.steps.context import step, when
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

RECONNECTED_WITHIN: Final = 15.0  # seconds: the promises are stricter, and judged afterwards
CLOSED: Final = "closed"
DEEDS: Final = {"stopped": "stop", "killed": "kill", "paused": "pause"}


def primary_in_use(world: World) -> str:
    """Return the primary that carries clients by the proxy's metrics, or the first of the config."""
    primaries = [node.name for node in world.run.nodes if node.primary]
    carrying = world.run.carrying()
    return next((node for node in primaries if node in carrying), primaries[0])


def wait_reconnected(world: World, within: float = RECONNECTED_WITHIN) -> None:
    """Wait until every client that listens to newHeads is told of a block that does not exist yet."""
    target = world.run.stage.testbed.head().number + 1
    clients = [each for each in world.run.clients if each.closed is None or each.closed.by == "proxy"]  # others left

    def deaf() -> dict[str, str]:
        return {
            client.name: f"{CLOSED} with {client.closed.code}" if client.closed else f"at {number_of(stream.last)}"
            for client in clients
            for stream in tuple(client.streams.values())
            if stream.kind == "newHeads" and number_of(stream.last) < target
        }

    def all_hear() -> bool:
        gone = [f"{name} was {what}" for name, what in deaf().items() if what.startswith(CLOSED)]
        assert not gone, f"who is closed hears of no block any more: {', '.join(gone)}"
        return not deaf()

    wait_until(all_hear, within, f"every client hears of block {target}", deaf)


@when("the primary EL node is {done:w}")
def primary_is_hurt(context: Context, done: str) -> None:
    if done == "restarted":
        recover(context.world)
        return
    context.world.run.nemesis.inject(DEEDS[done], primary_in_use(context.world))


@when("the primary EL node is {done:w} for {seconds:g} seconds")
def primary_is_hurt_for(context: Context, done: str, seconds: float) -> None:
    primary_is_hurt(context, done)
    stay_hurt(context.world, seconds)
    recover(context.world)


@when("the primary EL node is stopped after {seconds:g} seconds")
def primary_is_stopped_after(context: Context, seconds: float) -> None:
    world = context.world
    traffic = world.the_traffic
    wanted = int(traffic.load.rate * seconds)
    wait_until(lambda: traffic.sent >= wanted, 2 * seconds + 5, f"{wanted} requests are sent", lambda: traffic.sent)
    world.run.nemesis.inject("stop", primary_in_use(world))


@when("reconnection starts (trigger manually)")
def reconnection_starts(context: Context) -> None:
    context.world.run.nemesis.inject("stop", primary_in_use(context.world))
    nowhere_to_go(context.world)


@when("reconnection takes {seconds:g} seconds")
def reconnection_takes(context: Context, seconds: float) -> None:
    nowhere_to_go(context.world)
    stay_hurt(context.world, seconds)
    recover(context.world)


@when("primary node stops and recovers")
def primary_stops_and_recovers(context: Context) -> None:
    context.world.run.nemesis.inject("stop", primary_in_use(context.world))
    wait_reconnected(context.world)
    recover(context.world)


@step("primary node recovers and becomes healthy")
def primary_recovers(context: Context) -> None:
    recover(context.world)


@step("I wait for reconnection to complete")
@step("reconnection completes")
def reconnection_completes(context: Context) -> None:
    wait_reconnected(context.world)


@step("reconnection completed")
def reconnection_completed(context: Context) -> None:
    """As a precondition: a client whose node was taken from it, and which is served again."""
    i_connect(context)
    primary_is_hurt(context, "stopped")
    wait_reconnected(context.world)


def stay_hurt(world: World, seconds: float) -> None:
    """Wait until the youngest fault is this old: how long a node is away is part of the scenario.

    From its beginning on: a testbed may know of a node's end only seconds after it, and takes as long to boot one.
    """
    recorder, since = world.run.recorder, world.run.nemesis.last_began
    wait_until(lambda: recorder.now() >= since + seconds, seconds + 5, f"the fault is {seconds:g} s old")


def recover(world: World) -> None:
    """Cure whatever is hurt."""
    assert world.run.nemesis.hurt, "no node is hurt, so none can recover"
    world.run.nemesis.cure_all()


def nowhere_to_go(world: World) -> None:
    """Insist that no node of the topology is left: otherwise there is no window in which clients have to wait."""
    left = [node.name for node in world.run.nodes if node.name not in world.run.nemesis.hurt]
    assert not left, f"{', '.join(left)} can still be used: this scenario needs @topology.1p0b"
