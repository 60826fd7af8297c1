"""Steady traffic: so many requests a second, on times fixed beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.clients.websocket import ClientClosedError, Request
from e2e.steps.context import step, then, when
from e2e.steps.lanes import pass_time
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load, Traffic
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

DIRECT_SHARE: Final = 0.25  # of the rate, asked of a node itself
# A long scenario keeps its number of requests; at the quick pace it does not keep their hours.
QUEUE: Final = 1000  # requests that may wait for a node
QUICK_RATE: Final = 100.0  # requests a second


def offer(world: World, rate: float, limit: int | None = None, policy: str = "sequential") -> Traffic:
    """Send `rate` requests a second with each of the scenario's clients."""
    load = Load(profiles.READS, rate, ids.POLICIES[policy], world.run.stage.seed, limit)
    world.traffic = world.run.offer(load, world.clients)
    return world.traffic


@when("I start sending {rate:g} requests per second continuously")
@when("each client sends {rate:g} requests per second")
@when("each client sends {rate:g} requests per second with {policy:w} ids")
def send_continuously(context: Context, rate: float, policy: str = "sequential") -> None:
    traffic = offer(context.world, rate, policy=policy)
    wait_until(lambda: traffic.sent > rate, 10, "traffic flows", lambda: f"{traffic.sent} requests sent")


@when("I send {count:d} requests over {minutes:d} minutes")
def send_over_minutes(context: Context, count: int, minutes: int) -> None:
    world = context.world
    natural = count / (60 * minutes)
    rate = natural if world.run.stage.options.get("pace") == "full" else max(natural, QUICK_RATE)
    beside = Load(profiles.READS, DIRECT_SHARE * rate, ids.sequential, world.run.stage.seed)
    world.run.offer(beside, [world.run.witness])
    traffic = offer(world, rate, count)
    wait_until(lambda: not traffic.running, 1.2 * count / rate + 10, f"{count} requests are sent", lambda: traffic.sent)


@when("I send {count:d} requests at once")
def send_at_once(context: Context, count: int) -> None:
    client = context.world.client
    for number in range(count):
        try:
            context.world.run.await_(client.send, Request(str(ids.FIRST + number), "eth_blockNumber"))
        except ClientClosedError as error:
            raise AssertionError(f"{number} of {count} requests could be sent: {error}") from None


@then("what does not fit into the queue is answered within {seconds:g} seconds")
def beyond_the_bound(context: Context, seconds: float) -> None:
    """At most so many wait as the proxy's bound allows; the others are refused."""
    client = context.world.client
    wait_until(
        lambda: client.outstanding <= QUEUE, seconds, f"at most {QUEUE} requests wait", lambda: client.outstanding
    )
    assert client.outstanding, "no request waits at all"


@when("the traffic ends and some time goes by")
def quiet(context: Context) -> None:
    context.world.run.await_(context.world.the_traffic.stop)
    some_time(context)


@when("some time goes by")
def some_time(context: Context) -> None:
    """A quarter of an hour; at the quick pace three seconds."""
    full = context.world.run.stage.options.get("pace") == "full"
    pass_time(context.world, 900.0 if full else 3.0)


@step("I send {count:d} requests during {first:g}-{last:g} second reconnection window")
def send_during_window(context: Context, count: int, first: float, last: float) -> None:
    """Spread them over the middle of the range; then the node comes back."""
    world = context.world
    seconds = (first + last) / 2
    traffic = offer(world, count / seconds, count)
    wait_until(lambda: not traffic.running, 2 * seconds + 5, f"{count} requests are sent", lambda: traffic.sent)
    world.run.nemesis.cure_all()
