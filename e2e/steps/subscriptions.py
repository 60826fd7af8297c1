"""Subscriptions of one client: confirmed, alive, under their own ids, without holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.beacon import contract
from e2e.ledger.subscriptions import number_of
from e2e.steps.clients import STREAMS, i_connect
from e2e.steps.context import given, step, then
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.clients.websocket import Stream
    from e2e.steps.context import Context, World

ALIVE_WITHIN: Final = 5.0  # seconds: several blocks, each with logs and new transactions
KINDS: Final = {"pendingTransactions": "newPendingTransactions"}  # how people call them → how nodes do
FIVE: Final[tuple[tuple[Any, ...], ...]] = (
    *(("newHeads",), ("logs", {}), ("newPendingTransactions", True), ("newHeads",)),
    ("logs", {"address": contract.ADDRESS, "topics": [[contract.TRANSFER_TOPIC]]}),
)
"""Kinds with their parameters: two streams of one kind are two, and what was asked for is asked for again."""


def subscribe(world: World, kind: str, request_id: str | None = None, options: Sequence[Any] | None = None) -> Stream:
    """Subscribe as 'I'; without `options` as everybody does."""
    if request_id is None:
        request_id = str(world.next_id)
        world.next_id += 1
    name = KINDS.get(kind, kind)
    stream = world.run.subscribe(world.client, request_id, name, *(STREAMS[name] if options is None else options))
    world.streams.append(stream)
    return stream


@step("I subscribe to {kind:w}")
def i_subscribe(context: Context, kind: str) -> None:
    subscribe(context.world, kind)


@step("I subscribe to {kind:w} with ID {request_id:d}")
def i_subscribe_with_id(context: Context, kind: str, request_id: int) -> None:
    subscribe(context.world, kind, str(request_id))


@given('I subscribed with {{"id": {request_id}}}')
def i_subscribed_with_id(context: Context, request_id: str) -> None:
    i_connect(context)
    subscribe(context.world, "newHeads", request_id)


@given("I have active WebSocket connection with subscriptions")
def i_have_subscriptions(context: Context) -> None:
    i_connect(context)
    for kind in STREAMS:
        subscribe(context.world, kind)


@given("I have 5 active subscriptions (newHeads, logs, pendingTx, etc)")
def i_have_five(context: Context) -> None:
    i_connect(context)
    for number, (kind, *options) in enumerate(FIVE, start=100):
        subscribe(context.world, str(kind), str(number), options)


@step("I receive confirmation for all {count:d} subscriptions")
def confirmed(context: Context, count: int) -> None:
    ids = {stream.id for stream in context.world.streams}
    assert len(ids) == count, f"{len(ids)} different subscriptions are confirmed: {sorted(ids)}"


@then("my subscription should still be active")
@then("all {count:d} subscriptions should still be active")
@then("all {count:d} subscriptions should continue working")
def still_active(context: Context, count: int = 1) -> None:
    streams = context.world.streams
    assert len(streams) == count, f"there are {len(streams)} subscriptions"
    before = {stream.id: stream.events for stream in streams}

    def deaf() -> list[str]:
        return [f"{stream.kind} {stream.id}" for stream in streams if stream.events == before[stream.id]]

    wait_until(lambda: not deaf(), ALIVE_WITHIN, "each subscription has another event", lambda: f"none for {deaf()}")


@then("I should receive notifications for all {count:d} types")
def all_types(context: Context, count: int) -> None:
    seen = {kind_of(stream.last) for stream in context.world.streams if stream.events}
    assert len(seen) == count, f"there were notifications of {sorted(seen)}"


@then("subscription IDs should be preserved ({request_ids})")
@then("subsequent notifications should use correct IDs")
def ids_preserved(context: Context, request_ids: str = "") -> None:
    world = context.world
    asked = [stream.request_id for stream in world.streams]
    wanted = request_ids.split(", ") if request_ids else asked
    assert asked == wanted, f"the subscriptions were made with the ids {asked}"
    named = {stream.id for stream in world.streams}
    strange = set(world.client.streams) - named
    assert not strange, f"events came under ids that were never handed out: {sorted(strange)}; mine are {sorted(named)}"
    mixed_up = [stream for stream in world.streams if stream.events and kind_of(stream.last) != stream.kind]
    assert not mixed_up, f"events of another kind came under these ids: {mixed_up}"


@then("I should receive notifications without interruption")
def without_interruption(context: Context) -> None:
    still_active(context, len(context.world.streams))
    assert not (holes := broken_heads(context.world, context.world.client.name)), "; ".join(holes)


@then("no head should be missing or repeated for any client")
def no_head_missing(context: Context) -> None:
    assert not (holes := broken_heads(context.world)), f"{len(holes)} streams: {'; '.join(holes[:3])}"


def broken_heads(world: World, client: str | None = None) -> list[str]:
    """Say where heads are missing, repeated or out of order in each newHeads stream (of `client`, or of all)."""
    broken = []
    for subscription in world.run.history().subscriptions:
        if subscription.kind == "newHeads" and client in {None, subscription.client}:
            numbers = [number_of(event.frame["params"]["result"]) for event in subscription.events]
            wanted = list(range(numbers[0], numbers[0] + len(numbers))) if numbers else ["some"]
            if numbers != wanted:
                broken.append(f"{subscription.client} {subscription.id} got the heads {numbers}")
    return broken


def kind_of(event: Any) -> str:
    """Say which kind of subscription has such events, by their form."""
    if isinstance(event, str) or (isinstance(event, dict) and "gasPrice" in event):
        return "newPendingTransactions"
    if isinstance(event, dict) and "topics" in event:
        return "logs"
    return "newHeads" if isinstance(event, dict) and "parentHash" in event else f"unknown: {event!r}"
