"""Chaos and load on real nodes, short and light: the whole way from a schedule to its verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from e2e.chaos.config import QUIET
from e2e.chaos.run import SCHEDULE, TAGS, play
from e2e.chaos.schedule import Deed, Schedule, load
from e2e.checkers.verdict import Answer
from e2e.load.plan import Plan
from e2e.steps import options
from e2e.steps.theatre import Theatre
from e2e.trials import outcome as outcomes
from e2e.trials.load import Trial, run_load
from e2e.trials.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.run import Stage

pytestmark = [pytest.mark.geth, pytest.mark.slow, pytest.mark.timeout(240)]

LIGHT = Plan(rate=50, connections=5)
DEEDS = (
    Deed(3.0, 3.0, "reset", "el-1-primary", "ws", {}, 1),
    Deed(4.0, 7.0, "kill", "el-1-primary", "node", {}, 2),
    Deed(5.0, 6.5, "black_hole", "el-3-backup", "both", {}, 3),
)


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    made = Theatre.open(options.read({"seed": "3"}))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(outcomes, "JUNIT", tmp_path / "junit")
    return tmp_path


def stage(theatre: Theatre, folder: Path) -> Stage:
    theatre.stage.testbed.heal()
    return replace(theatre.stage_for(TAGS), root=folder)


def schedule(theatre: Theatre) -> Schedule:
    return Schedule(3, 8.0, theatre.stage.testbed.node_names(), QUIET, DEEDS)


def test_a_sound_proxy_comes_through(theatre: Theatre, reports: Path) -> None:
    outcome = play(schedule(theatre), LIGHT, stage=stage(theatre, reports), terminal=Terminal())
    told = {verdict.promise: verdict for verdict in outcome.verdicts}
    assert told["chaos_bit"].answer is Answer.YES, told["chaos_bit"]
    broken = {name: each.reason for name, each in told.items() if each.answer is Answer.NO}
    assert broken == {}
    assert {each.name for each in outcome.spans} >= {"kill", "reset"}
    assert load(outcome.folder / SCHEDULE, theatre.stage.testbed.node_names()).deeds == DEEDS
    assert all(theatre.stage.testbed.state(node) == "running" for node in theatre.stage.testbed.node_names())


def test_a_proxy_that_tells_too_much_is_caught(theatre: Theatre, reports: Path) -> None:
    there = stage(theatre, reports)
    command = "{python} -m mutants forwards-replay-answers --config {config} --listen {listen}"
    there = replace(there, profile=replace(there.profile, command=command))
    only = replace(schedule(theatre), deeds=DEEDS[:1], duration=5.0)
    outcome = play(only, LIGHT, stage=there, terminal=Terminal())
    broken = {each.promise for each in outcome.verdicts if each.answer is Answer.NO}
    assert {"nothing_strange", "no_strangers"} <= broken, outcome.text()


def test_the_load_trial_kills_a_primary_and_judges(theatre: Theatre, reports: Path) -> None:
    there = replace(theatre.stage, root=reports)
    outcome = run_load(there, Trial(replace(LIGHT, duration=9.0, compared=10.0), 3.0, 1.5, p99=5.0), Terminal())
    told = {verdict.promise: verdict for verdict in outcome.verdicts}
    assert told["lost_and_back"].answer is Answer.YES
    assert {name: each.reason for name, each in told.items() if each.answer is Answer.NO} == {}
    assert told["not_slower"].answer is Answer.NOT_REACHED, "too short for a ratio"
