"""What became of the traffic: answers in time, none missing, no errors, normal latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.checkers.failures import trouble
from e2e.ledger.entries import Received
from e2e.steps.context import step, then
from e2e.wait import Late, TooLateError, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.exchanges import Exchange
    from e2e.steps.context import Context, World

EVENTUALLY: Final = 15.0  # seconds


@step("I continue sending requests during reconnection")
def sent_during_reconnection(context: Context) -> None:
    world = context.world
    fault = world.run.history().faults[-1]
    wanted = world.the_traffic.load.rate * (fault.healed - fault.at)
    sent = sum(fault.at <= each.request.at <= fault.healed for each in mine(world))
    if sent < 0.8 * wanted:  # it is ours to send them
        raise TooLateError(f"{sent} requests were sent in the window of {fault.healed - fault.at:.1f} s")


@then("all requests should receive responses within {seconds:g} seconds")
def answered_within(context: Context, seconds: float) -> None:
    world = context.world
    world.run.await_(world.the_traffic.stop)
    wait_answered(world, seconds)
    asked = mine(world)
    assert asked, "no request was sent"
    none_later(asked, seconds)


@then("all requests should succeed")
@then("all {count:d} requests should eventually receive responses")
def all_succeed(context: Context, count: int | None = None) -> None:
    world = context.world
    wait_answered(world, EVENTUALLY)
    asked = mine(world)
    assert asked, "no request was sent"
    assert count is None or len(asked) == count, f"{len(asked)} requests were sent"
    failed = [each for each in asked if each.result is None]
    if failed:
        late = all(timed_out(each) for each in failed)
        raise (TooLateError if late else AssertionError)(f"{len(failed)} of {len(asked)} fail: {shown(failed)}")


@then("all {count:d} requests should be answered with the error {code:d} within {seconds:g} seconds")
def all_fail(context: Context, count: int, code: int, seconds: float) -> None:
    world = context.world
    wait_until(lambda: not outstanding(world), seconds, "all are answered", lambda: f"{outstanding(world)} are not")
    asked = [each for each in world.run.history().exchanges if each.request.client == world.client.name]
    wrong = [each for each in asked if each.answer is None or code_of(each) != code]
    assert len(asked) == count, f"{len(asked)} requests were sent"
    assert not wrong, f"{len(wrong)} of {count} were not answered with {code}: {shown(wrong)}"


@then("no messages should be silently dropped")
@then("no request should be unanswered")
@then("no requests should timeout")
def none_unanswered(context: Context) -> None:
    world = context.world
    if world.traffic is not None:
        world.run.await_(world.traffic.stop)
    asked_by = world.run.recorder.now()  # the base load goes on
    wait_until(
        lambda: not world.run.outstanding(),
        EVENTUALLY,
        "every client has all its answers",
        lambda: f"{world.run.outstanding()} are missing",
    )
    asked = [each for each in world.run.history().exchanges if each.request.at <= asked_by]
    silent = [each for each in asked if each.answer is None and each.request.id is not None]
    assert not silent, f"{len(silent)} requests are unanswered: {shown(silent)}"
    late = [each for each in mine(world) if timed_out(each)]
    if late:
        raise TooLateError(f"{len(late)} requests timed out: {shown(late)}")


@then('no "{message}" errors')
def no_such_errors(context: Context, message: str) -> None:
    found = [each for each in context.world.run.history().exchanges if message in (trouble(each) or "")]
    assert not found, f"{len(found)} requests were answered with {message!r}: {shown(found)}"


def mine(world: World) -> list[Exchange]:
    """Return the requests that the scenario's traffic sent."""
    names = {client.name for client in world.clients}
    return [
        each
        for each in world.run.history().exchanges
        if each.request.client in names and each.request.intended is not None
    ]


def timed_out(exchange: Exchange) -> bool:
    """Say whether the answer was that there was none in time."""
    said = (trouble(exchange) or "").lower()
    return "time" in said and ("out" in said or "no answer" in said)


def code_of(exchange: Exchange) -> int | None:
    """Return the code of the error that came as the answer; None for any other answer."""
    frame = exchange.answer.frame if isinstance(exchange.answer, Received) else None
    return frame["error"].get("code") if isinstance(frame, dict) and isinstance(frame.get("error"), dict) else None


def wait_answered(world: World, within: float) -> None:
    """Wait until the scenario's own clients have all their answers; who is closed with some missing gets none."""

    def answered() -> bool:
        deaf = [client for client in world.clients if client.closed is not None and client.outstanding]
        assert not deaf, f"closed without their answers: {', '.join(each.name for each in deaf)}; {deaf[0].closed}"
        return not outstanding(world)

    wait_until(answered, within, "all are answered", lambda: f"{outstanding(world)} are not")


def outstanding(world: World) -> int:
    """Return how many answers the scenario's own clients wait for; closed ones still count."""
    return sum(client.outstanding for client in world.clients)


def none_later(asked: list[Exchange], seconds: float) -> None:
    """Raise TooLateError for those that took longer, or have no answer."""
    late = [each for each in asked if not each.latency <= seconds]
    if late:
        raise too_late(f"{len(late)} of {len(asked)} took longer, or were never answered: {shown(late)}", late, seconds)


def too_late(message: str, asked: Iterable[Exchange], seconds: float) -> TooLateError:
    """Return what to raise because some of these took longer: it says when that was."""
    late = (each for each in asked if not each.latency <= seconds)
    return TooLateError(message, (Late(each.request.at, each.latency, seconds) for each in late))


def shown(exchanges: list[Exchange]) -> str:
    """Return the first few, each with when it was sent and what came."""
    return "; ".join(
        f"{each.request.client} {each.request.method} id {each.request.id} at {each.request.at:.2f} s: "
        f"{each.answer.frame if isinstance(each.answer, Received) else each.answer}"
        for each in exchanges[:3]
    )
