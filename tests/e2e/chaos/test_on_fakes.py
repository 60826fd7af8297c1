"""Chaos from a schedule to its verdict, on fake nodes: a sound proxy comes through, a broken one is caught."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from e2e.chaos.config import ChaosConfig
from e2e.chaos.run import play
from e2e.chaos.schedule import Deed, Schedule, load
from e2e.chaos.shrink import shrink
from e2e.checkers.verdict import Answer
from e2e.gateway.process import GatewayProcess
from e2e.load.plan import Plan
from e2e.scene import Stage
from e2e.sut.process import SutProcess
from e2e.sut.profile_file import load as load_profile
from e2e.testbed.local import NODES
from e2e.trials import outcome as outcomes
from e2e.trials.criteria import SENSITIVE
from e2e.trials.load import Trial, run_load
from e2e.trials.terminal import Terminal
from tests.fakes.testbed import FakeTestbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.trials.outcome import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

# fake nodes parse ids
LIGHT = Plan(rate=60, connections=5, profile="reads", ids=("sequential", "reused"))
SLOW = {"delay": 300, "jitter": 200, "probability": 0.5}
SCHEDULE = Schedule(
    3,
    9.0,
    NODES,
    ChaosConfig(),
    (
        *(Deed(2.0, 7.0, "slow_answers", node, "both", {**SLOW, "seed": 1}, 1) for node in NODES),
        Deed(3.0, 3.0, "reset", "el-1-primary", "ws", {"seed": 1}, 2),
        Deed(4.0, 6.0, "kill", "el-2-primary", "node", {}, 3),
        Deed(5.0, 6.5, "stop", "el-1-primary", "node", {}, 4),
    ),
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("fakes")
    with ExitStack() as ending:
        testbed = ending.enter_context(FakeTestbed(folder))
        portal = ending.enter_context(start_blocking_portal("asyncio", {"use_uvloop": True}))
        gateway = ending.enter_context(GatewayProcess({node: testbed.urls(node) for node in NODES}, folder))
        yield Stage(testbed, SutProcess, load_profile("vixy-py"), portal, folder, seed=3, gateway=gateway)


@pytest.fixture
def stage(network: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(outcomes, "JUNIT", tmp_path / "junit")
    network.testbed.heal()
    return replace(network, root=tmp_path)


def broken(outcome: Outcome) -> set[str]:
    return {each.promise for each in outcome.verdicts if each.answer is Answer.NO}


def test_a_sound_proxy_comes_through(stage: Stage) -> None:
    outcome = play(SCHEDULE, LIGHT, stage=stage, terminal=Terminal())
    told = {verdict.promise: verdict for verdict in outcome.verdicts}
    assert told["chaos_bit"].answer is Answer.YES, told["chaos_bit"]
    assert broken(outcome) - SENSITIVE == set(), outcome.text()
    assert {each.name for each in outcome.spans} >= {"kill", "reset", "slow_answers"}
    assert all(stage.testbed.state(node) == "running" for node in NODES)


@pytest.mark.parametrize("name", ["forwards-replay-answers"])
def test_a_broken_proxy_is_caught_and_caught_again_from_the_file(stage: Stage, name: str, tmp_path: Path) -> None:
    command = f"{{python}} -m mutants {shlex.quote(name)} --config {{config}} --listen {{listen}}"
    there = replace(stage, profile=replace(stage.profile, name=f"mutant {name}", command=command))

    def once(schedule: Schedule) -> set[str]:
        return broken(play(schedule, LIGHT, stage=there, terminal=Terminal()))

    assert "nothing_strange" in once(SCHEDULE)
    found = shrink(SCHEDULE, lambda schedule: "nothing_strange" in once(schedule), budget=1)
    saved = found.best.save(tmp_path / "shrunk.json")
    assert "nothing_strange" in once(load(saved, NODES))
    assert not outcomes.JUNIT.exists(), "what a mutant breaks is no result of the suite"


def test_the_load_trial_kills_a_primary_and_judges(stage: Stage) -> None:
    plan = replace(LIGHT, duration=6.0, compared=10.0)
    outcome = run_load(replace(stage, gateway=None), Trial(plan, 2.0, 1.5, p99=5.0), Terminal())
    told = {verdict.promise: verdict for verdict in outcome.verdicts}
    assert told["lost_and_back"].answer is Answer.YES
    assert broken(outcome) - SENSITIVE == set(), outcome.text()
    assert told["not_slower"].answer is Answer.NOT_REACHED, "too short for a ratio"
