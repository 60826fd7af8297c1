"""The simulation as a whole: the same seed is the same history, all seeds are well, and all that matters is reached."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from simulation.__main__ import main
from simulation.campaign import campaign, examine, examine_plan, fingerprint, shortest
from simulation.coverage import REQUIRED
from simulation.day import day
from simulation.generate import plan
from simulation.plan import Fault
from simulation.world import World
from tests.simulation.mutants import MUTANTS, forwards_replay_answers, loses_calls_in_flight

SEEDS_FOR_A_MUTANT = 60


def test_the_same_seed_twice_is_the_same_history() -> None:
    histories = [World(plan(7)).run().history for _ in range(2)]
    assert histories[0].entries == histories[1].entries
    assert fingerprint(histories[0]) == fingerprint(histories[1])
    assert fingerprint(histories[0]) != fingerprint(World(plan(8)).run().history)


def test_the_order_of_hashes_in_another_process_changes_nothing() -> None:
    code = "from simulation.campaign import *; print(fingerprint(World(plan(7)).run().history))"
    environment = {**os.environ, "PYTHONHASHSEED": "11", "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == fingerprint(World(plan(7)).run().history)


def test_every_promise_is_kept_in_every_run() -> None:
    """Thirty seeds; `make simulate` plays a thousand and looks that they reach all that matters."""
    assert [result for result in campaign(100_000, 30, jobs=1) if result.complaints] == []


def test_many_seeds_that_miss_something_are_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulation.__main__.REQUIRED", REQUIRED | {"what never happens"})
    monkeypatch.setattr("simulation.__main__.ENOUGH", 3)
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "3"])
    assert main() == 1
    assert "what never happens" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "2"])
    assert main() == 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_session_is_caught(mutant: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(mutant)
    mutant(monkeypatch)
    caught = next((seed for seed in range(SEEDS_FOR_A_MUTANT) if examine(seed).complaints), None)
    assert caught is not None


def test_a_failing_plan_is_shrunk_to_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    loses_calls_in_flight(monkeypatch)
    whole = next(plan(seed) for seed in range(1, 60) if examine(seed).complaints)
    short = shortest(whole)
    assert examine_plan(short).complaints
    assert len(short.actions) <= 6 < len(whole.actions)
    assert any(isinstance(action, Fault) for action in short.actions)


def test_the_command_line_tells_how_to_see_a_failure_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "2", "--first-seed", "1"])
    assert main() == 0
    assert "2 seeds in" in capsys.readouterr().out
    loses_calls_in_flight(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "1"])
    assert main() == 1
    out = capsys.readouterr().out
    assert "python -m simulation --seed 0" in out
    assert "actions, in Setting(" in out
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", "0"])
    assert main() == 1
    assert "failed" in capsys.readouterr().out


def test_a_quarter_of_an_hour_of_production(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = day(0.26, clients=10)
    assert figures["faults of the proxy"] == 0
    assert figures["links lost"] >= 20
    assert figures["heads"] > 10 * 50
    forwards_replay_answers(monkeypatch)
    assert day(0.09, clients=3)["answers that nobody had asked for"] > 0
