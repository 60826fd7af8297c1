"""The command line of chaos, as far as it goes without nodes."""

from __future__ import annotations

import argparse
import signal
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from e2e import exits
from e2e.chaos import __main__ as command
from e2e.chaos.__main__ import SHRUNK, _shrunk, main, told
from e2e.chaos.config import PRESETS
from e2e.chaos.draw import draw
from e2e.chaos.schedule import load
from e2e.checkers.verdict import broken, kept
from e2e.gateway.client import GatewayError
from e2e.steps.theatre import Theatre
from e2e.testbed.local import NODES
from e2e.trials import outcome as outcomes
from e2e.trials.outcome import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.chaos.schedule import Schedule


def test_a_dry_run_lists_what_would_happen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry", "--duration", "1m", "-D", "seed=7"]) == 0
    printed = capsys.readouterr().out
    schedule = draw(7, 60, PRESETS["default"], NODES)
    assert told(schedule) in printed
    assert len(printed.splitlines()) == 1 + len(schedule.deeds)
    for deed in schedule.deeds:
        assert str(deed) in printed


def test_a_saved_schedule_is_what_a_replay_would_play(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = draw(9, 30, PRESETS["all"], NODES)
    assert main(["--dry", "--replay", str(schedule.save(tmp_path / "schedule.json"))]) == 0
    assert told(schedule) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--replay", "nowhere.json"], "nowhere.json"),
        (["--faults", "odd"], "invalid choice"),
        (["--duration", "soon"], "is no duration"),
        (["-D", "sed=7"], "did you mean seed?"),
    ],
)
def test_a_wrong_call_is_told_before_anything_starts(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert word in capsys.readouterr().err


def test_a_schedule_that_fails_is_shrunk_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = draw(7, 60, PRESETS["default"], NODES)
    guilty = schedule.groups[-1]

    def once(each: Schedule) -> Outcome:
        verdict = broken("no_silence", "3 of 9", ()) if guilty in each.groups else kept("no_silence", "9")
        return Outcome("chaos", tmp_path, (verdict,))

    said = _shrunk(schedule, once(schedule), once, budget=20)
    file = tmp_path / SHRUNK
    assert f"--replay {file}" in said
    assert load(file, NODES).groups == (guilty,)
    assert "passes" in capsys.readouterr().out


def test_another_failure_than_the_first_does_not_count(tmp_path: Path) -> None:
    schedule = draw(7, 60, PRESETS["default"], NODES)
    first = Outcome("chaos", tmp_path, (broken("no_silence", "3 of 9", ()),))
    other = Outcome("chaos", tmp_path, (broken("recovers", "slow", ()),))
    _shrunk(schedule, first, lambda _: other, budget=5)
    assert load(tmp_path / SHRUNK, NODES) == schedule


def test_junit_tells_of_the_run_and_not_of_the_replays_that_shrink_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = draw(7, 60, PRESETS["default"], NODES)

    def play(each: Schedule, *_: object, **__: object) -> Outcome:
        whole = each.groups == schedule.groups
        verdict = broken("no_silence", "3 of 9", ()) if whole else kept("no_silence", "9")
        outcome = Outcome("whole" if whole else "a part", tmp_path, (verdict,))
        outcome.save()
        return outcome

    monkeypatch.setattr(command, "play", play)
    monkeypatch.setattr(outcomes, "JUNIT", tmp_path / "junit")
    theatre: Any = SimpleNamespace(
        stage=SimpleNamespace(testbed=SimpleNamespace(heal=lambda: None)), stage_for=lambda _: None
    )
    assert command._play(theatre, argparse.Namespace(rate=1, connections=1, shrink=3), schedule) == 1
    (case,) = ET.parse(tmp_path / "junit" / "TEST-chaos.xml").getroot().iter("testcase")
    assert "whole" in case.attrib["name"]
    assert case.find("failure") is not None


def test_a_gateway_that_does_not_start_is_no_broken_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stage_for(_: object) -> None:
        raise GatewayError("the gateway did not start")

    closed: list[bool] = []
    theatre = SimpleNamespace(
        stage=SimpleNamespace(testbed=SimpleNamespace(heal=lambda: None)),
        stage_for=stage_for,
        close=lambda: closed.append(True),
    )
    monkeypatch.setattr(Theatre, "open", lambda _: theatre)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert main(["--duration", "30s"]) == exits.COULD_NOT_START
    assert "the gateway did not start" in capsys.readouterr().err
    assert closed
