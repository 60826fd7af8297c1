"""Steady traffic: so many requests a second, on times fixed beforehand, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.checkers.failures import trouble
from e2e.checkers.figures import percentile
from e2e.ledger.entries import Received
from e2e.steps.context import step, then, when
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load, Traffic
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.ledger.exchanges import Exchange
    from e2e.steps.context import Context, World

NORMAL_P50: Final = 0.1  # seconds; a read takes a millisecond, a starved machine must not fail the proxy
NORMAL_P99: Final = 1.0
# A long scenario keeps its number of requests; at the quick pace it does not keep their hours.
QUICK_RATE: Final = 100.0  # requests a second
EVENTUALLY: Final = 15.0  # seconds


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
    traffic = offer(world, rate, count)
    wait_until(lambda: not traffic.running, 1.2 * count / rate + 10, f"{count} requests are sent", lambda: traffic.sent)


@step("I send {count:d} requests during {first:g}-{last:g} second reconnection window")
def send_during_window(context: Context, count: int, first: float, last: float) -> None:
    """Spread them over the middle of the range; then the node comes back."""
    world = context.world
    seconds = (first + last) / 2
    traffic = offer(world, count / seconds, count)
    wait_until(lambda: not traffic.running, 2 * seconds + 5, f"{count} requests are sent", lambda: traffic.sent)
    world.run.nemesis.cure_all()


@step("I continue sending requests during reconnection")
def sent_during_reconnection(context: Context) -> None:
    world = context.world
    fault = world.run.history().faults[-1]
    wanted = world.the_traffic.load.rate * (fault.healed - fault.at)
    sent = sum(fault.at <= each.request.at <= fault.healed for each in mine(world))
    assert sent >= 0.8 * wanted, f"{sent} requests were sent in the window of {fault.healed - fault.at:.1f} s"


@then("all requests should receive responses within {seconds:g} seconds")
def answered_within(context: Context, seconds: float) -> None:
    world = context.world
    world.run.await_(world.the_traffic.stop)
    wait_until(lambda: not outstanding(world), seconds, "all are answered", lambda: f"{outstanding(world)} are not")
    late = [each for each in mine(world) if not each.latency <= seconds]
    assert not late, f"{len(late)} of {len(mine(world))} took longer, or were never answered: {shown(late)}"


@then("all requests should succeed")
@then("all {count:d} requests should eventually receive responses")
def all_succeed(context: Context, count: int | None = None) -> None:
    world = context.world
    wait_until(lambda: not outstanding(world), EVENTUALLY, "all are answered", lambda: f"{outstanding(world)} are not")
    asked = mine(world)
    assert count is None or len(asked) == count, f"{len(asked)} requests were sent"
    failed = [each for each in asked if each.result is None]
    assert not failed, f"{len(failed)} of {len(asked)} have no result: {shown(failed)}"


@then("no messages should be silently dropped")
@then("no request should be unanswered")
@then("no requests should timeout")
def none_unanswered(context: Context) -> None:
    world = context.world
    if world.traffic is not None:
        world.run.await_(world.traffic.stop)
    wait_until(
        lambda: not world.run.outstanding(),
        EVENTUALLY,
        "every client has all its answers",
        lambda: f"{world.run.outstanding()} are missing",
    )
    silent = [each for each in world.run.history().exchanges if each.answer is None and each.request.id is not None]
    assert not silent, f"{len(silent)} requests are unanswered: {shown(silent)}"
    timed_out = [each for each in mine(world) if "time" in (trouble(each) or "") and "out" in (trouble(each) or "")]
    assert not timed_out, f"{len(timed_out)} requests timed out: {shown(timed_out)}"


@then('no "{message}" errors')
def no_such_errors(context: Context, message: str) -> None:
    found = [each for each in context.world.run.history().exchanges if message in (trouble(each) or "")]
    assert not found, f"{len(found)} requests were answered with {message!r}: {shown(found)}"


@then("latency should be normal")
def latency_is_normal(context: Context) -> None:
    latencies = [each.latency for each in mine(context.world)]
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    assert p50 <= NORMAL_P50, f"half of {len(latencies)} requests took more than {p50:.3f} s"
    assert p99 <= NORMAL_P99, f"one of a hundred of {len(latencies)} requests took more than {p99:.3f} s"


def mine(world: World) -> list[Exchange]:
    """Return the requests that the scenario's traffic sent."""
    names = {client.name for client in world.clients}
    return [
        each
        for each in world.run.history().exchanges
        if each.request.client in names and each.request.intended is not None
    ]


def outstanding(world: World) -> int:
    """Return how many answers the scenario's own clients wait for; closed ones still count."""
    return sum(client.outstanding for client in world.clients)


def shown(exchanges: list[Exchange]) -> str:
    """Return the first few, each with when it was sent and what came."""
    return "; ".join(
        f"{each.request.client} {each.request.method} id {each.request.id} at {each.request.at:.2f} s: "
        f"{each.answer.frame if isinstance(each.answer, Received) else each.answer}"
        for each in exchanges[:3]
    )
