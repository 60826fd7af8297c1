"""What nobody asked for must not arrive; and the promises that every scenario has to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.steps.conclusion import conclude
from e2e.steps.context import then
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

STANDING_STEP = "the standing promises are kept"


@then("I should NOT receive any subscription replay responses")
@then("I should NOT receive subscription replay responses")
@then("NOT receive the subscription replay response")
@then("no client should receive what it did not ask for")
@then("those replay responses should NOT be forwarded to client")
def no_replay_answers(context: Context) -> None:
    """Replays have had their time once another block has come through: they are answered before streams go on."""
    world = context.world
    let_a_block_pass(world)
    history = world.run.history()
    strays = [f"{each.received.client} at {each.received.at:.2f} s: {each.received.frame}" for each in history.strays]
    assert not strays, f"{len(strays)} frames came that nobody asked for: {'; '.join(strays[:3])}"
    orphans = [f"{each.client} at {each.at:.2f} s: {each.frame}" for each in history.orphans]
    assert not orphans, f"{len(orphans)} events came of subscriptions that nobody has: {'; '.join(orphans[:3])}"


@then("I should NOT receive subscription replay responses (IDs {first:d}-{last:d})")
def no_replay_answers_with_ids(context: Context, first: int, last: int) -> None:
    no_replay_answers(context)
    world = context.world
    frames = [frame for each in world.run.history().connections for frame in each.frames]
    for number in range(first, last + 1):
        answers = [each for each in frames if each.client == world.client.name and each.id == str(number)]
        assert len(answers) == 1, f"{len(answers)} answers came with the id {number}: {answers}"


@then(STANDING_STEP)
def standing_promises_are_kept(context: Context) -> None:
    world = context.world
    world.conclusion = conclude(world.run)
    assert not world.conclusion.red, str(world.conclusion)
    if world.run.unfelt:
        raise FaultDidNotBiteError(f"without any effect: {', '.join(world.run.unfelt)}")


def let_a_block_pass(world: World) -> None:
    """Wait until my client was told of a block that does not exist yet; without a subscription, until one exists."""
    target = world.run.stage.testbed.head().number + 1
    wait_until(lambda: world.run.stage.testbed.head().number >= target, 10, f"block {target} is made", poll=0.1)
