"""What the proxy says of itself in its metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from e2e.checkers.gauges import QUEUE, RSS, value
from e2e.steps.clients import i_connect
from e2e.steps.context import given, needs, step, then
from e2e.steps.faults import primary_in_use, wait_reconnected
from e2e.sut.topology import is_primary
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

HOME_WITHIN: Final = 2.0  # seconds
GAUGE_WITHIN: Final = 1.0  # seconds by which a gauge may be behind the status page


@given("connected to backup node (primary is down)")
@needs("carriers")
def connected_to_backup(context: Context) -> None:
    world = context.world
    i_connect(context)
    world.run.nemesis.inject("stop", primary_in_use(world))
    wait_reconnected(world)
    metrics_show(context, "backup")


@step("I wait {seconds:g} seconds for failover to backup")
@needs("carriers")
def wait_for_backup(context: Context, seconds: float) -> None:
    wait_for_tier(context.world, "backup", seconds)


@step("I wait {seconds:g} seconds for health detection")
@needs("carriers")
def wait_for_primary(context: Context, seconds: float) -> None:
    wait_for_tier(context.world, "primary", seconds)


@step("health monitor runs")
def health_monitor_runs(context: Context) -> None:
    """Nothing to do but wait until it says that each primary is healthy."""
    world = context.world
    primaries = {node.name for node in world.run.nodes if node.primary}
    world.run.wait_healthy(primaries, HOME_WITHIN)


@then("metrics should show {tier:w} node connected")
@then("metrics should show {tier:w} connected")
@needs("carriers")
def metrics_show(context: Context, tier: str) -> None:
    carrying = context.world.run.carrying()
    assert carrying, "by the metrics no node carries a client"
    others = [node for node in carrying if is_primary(node) != (tier == "primary")]
    assert not others, f"by the metrics {', '.join(sorted(carrying))} carry clients"


@then("WebSocket should reconnect to primary")
@needs("carriers")
def reconnects_to_primary(context: Context) -> None:
    wait_for_tier(context.world, "primary", HOME_WITHIN)


@then("all clients should be back on the primary within {seconds:g} seconds after it is healthy")
@needs("carriers")
def back_home(context: Context, seconds: float) -> None:
    world = context.world
    faults = world.run.history().faults
    healed = [each.healed for each in faults if is_primary(each.target) and each.healed < math.inf]
    assert healed, "no primary came back, so nobody can go home"
    left = max(0.0, max(healed) + seconds - world.run.recorder.now())
    wait_for_tier(world, "primary", left)


@then("every client should be carried by {node} within {seconds:g} seconds")
@needs("carriers")
def carried_by(context: Context, node: str, seconds: float) -> None:
    run = context.world.run
    wait_until(lambda: run.carrying() == {node}, seconds, f"every client is on {node}", run.carrying)


@then("metrics should show failing methods at {node} only")
@needs("failing_methods")
def fails_only_at(context: Context, node: str) -> None:
    failing = context.world.run.nodes_with("failing_methods")
    assert failing == {node}, f"by the metrics methods fail at {', '.join(sorted(failing)) or 'no node'}"


@then("the proxy's memory should have grown by less than {mebibytes:d} MiB")
@needs(RSS)
def memory_is_bounded(context: Context, mebibytes: int) -> None:
    """At any time since it was started."""
    history = context.world.run.history()
    sizes = [size for each in history.scrapes if (size := value(history, each, RSS)) is not None]
    assert sizes, "nobody has seen how large the proxy is"
    grown = (max(sizes) - sizes[0]) / 2**20
    assert grown < mebibytes, f"it grew by {grown:.0f} MiB"


@then("the proxy should count {count:d} failover")
@then("the proxy should count {count:d} failovers")
@needs("failovers")
def failovers_counted(context: Context, count: int) -> None:
    said = context.world.run.gauge("failovers")
    assert said == count, f"it counts {said}"


@then("the proxy should count {count:d} requests that wait, or more, within {seconds:g} seconds")
@needs(QUEUE)
def waiting_counted(context: Context, count: int, seconds: float) -> None:
    run = context.world.run
    wait_until(lambda: (run.gauge(QUEUE) or 0) >= count, seconds, "they are counted", lambda: run.gauge(QUEUE))


def wait_for_gauge(world: World, names: set[str], *, healthy: bool) -> None:
    """Wait until the metrics say of these nodes what the status page says; where they say nothing, they need not."""
    if "node_healthy" not in world.run.meta.metrics:
        return

    def told() -> set[str]:
        return names & world.run.nodes_with("node_healthy")

    what = f"{', '.join(sorted(names))} {'healthy' if healthy else 'unhealthy'} by the metrics, as by the status page"
    wait_until(lambda: told() == (names if healthy else set()), GAUGE_WITHIN, what, told)


def wait_for_tier(world: World, tier: str, seconds: float) -> None:
    """Wait until all nodes that carry clients are of this tier."""

    def there() -> bool:
        carrying = world.run.carrying()
        return bool(carrying) and all(is_primary(node) == (tier == "primary") for node in carrying)

    wait_until(there, seconds, f"every client is on a {tier}", lambda: f"clients are on {sorted(world.run.carrying())}")
