"""behave's hooks: one network and one event loop for all, one fresh proxy and one saved run for each scenario."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from behave.model import Step

from e2e.run import Run
from e2e.scene import Scene
from e2e.steps import options
from e2e.steps.conclusion import conclude, required
from e2e.steps.context import World
from e2e.steps.guest import NoSuchScenarioError
from e2e.steps.judging import STANDING_STEP
from e2e.steps.needs import not_claimed
from e2e.steps.results import Played, doubt_of
from e2e.steps.theatre import Theatre
from e2e.sut import topology

if TYPE_CHECKING:
    from collections.abc import Callable

# behave's own objects are untyped: they are Any here and nowhere else.


def before_all(context: Any) -> None:
    """Open the theatre; behave ends the run if this raises."""
    context.theatre = None
    context.theatre = Theatre.open(options.read(context.config.userdata))


def before_feature(_: Any, feature: Any) -> None:
    """Give each scenario its last step, and a second chance if the machine, not the proxy, was at fault."""
    for scenario in feature.walk_scenarios():
        scenario.steps.append(Step(scenario.filename, scenario.line, "Then", "then", STANDING_STEP))
        scenario.run = functools.partial(_play, scenario, scenario.run)


def before_scenario(context: Any, scenario: Any) -> None:
    """Heal the network and start a run with a fresh proxy; skip what cannot be played or is not claimed."""
    context.began = time.monotonic()
    theatre: Theatre = context.theatre
    tags = tuple(str(tag) for tag in scenario.effective_tags)
    reason = theatre.cannot_play(tags) or not_claimed(scenario, tags, theatre.stage.profile)
    if reason is not None:
        scenario.skip(reason)
        return
    chosen, settings = topology.chosen(tags), topology.settings(tags)
    scene = Scene(scenario.name, scenario.feature.name, tags, chosen, required(tags), settings)
    theatre.stage.testbed.heal()
    run = Run(theatre.stage_for(tags), scene)
    context.world = World(run)
    run.start()


def after_scenario(context: Any, scenario: Any) -> None:
    """Save and judge what a failed step left unjudged; end what the run started, whatever happened."""
    world: World | None = getattr(context, "world", None)
    theatre: Theatre = context.theatre
    try:
        if world is not None:
            _end(world, judged=not (scenario.hook_failed or context.aborted or scenario.skip_reason))
    finally:
        scenario.conclusion = None if world is None else world.conclusion
        theatre.results.note(Played.of(scenario, time.monotonic() - context.began))


def _end(world: World, *, judged: bool) -> None:
    try:
        if judged and world.conclusion is None:
            world.conclusion = conclude(world.run)
    finally:
        world.run.close()


def after_all(context: Any) -> None:
    """End the network and say what became of it all. Raises NoSuchScenarioError, by which behave's exit code is 1."""
    theatre: Theatre | None = context.theatre
    if theatre is not None:
        theatre.close()
        for line in theatre.results.summary():
            print(line)
        if theatre.results.empty and not context.aborted:
            raise NoSuchScenarioError("no scenario was played: none has these tags, or this name")


after_all.capture = False  # type: ignore[attr-defined]  # behave looks for it: what is printed here is to be seen


def _play(scenario: Any, play: Callable[[Any], bool], runner: Any) -> bool:
    """Play a scenario, and once more if nobody can say whether the proxy is at fault. Returns whether it failed."""
    scenario.unfair, scenario.find_match, scenario.conclusion = None, runner.step_registry.find_match, None
    failed = play(runner)
    if failed and not runner.aborted and getattr(runner, "again", True) and (doubt := doubt_of(scenario)) is not None:
        scenario.unfair = doubt
        failed = play(runner)
    return failed
