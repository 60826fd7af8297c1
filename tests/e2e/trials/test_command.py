"""The command line of long runs, as far as it goes without nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.checkers.verdict import Answer, Verdict, broken, kept, unknown
from e2e.ledger.faults import Fault
from e2e.load.plan import Plan
from e2e.trials import baseline
from e2e.trials.__main__ import main, renew
from e2e.trials.load import Trial, lost_and_back, nothing_left
from e2e.trials.outcome import Outcome
from tests.e2e.trials.days import report

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.load.figures import Report


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "required"),
        (["walk"], "invalid choice"),
        (["load", "--duration", "soon"], "is no duration"),
        (["load", "-D", "sed=7"], "did you mean seed?"),
    ],
)
def test_a_wrong_call_is_told_before_anything_starts(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert word in capsys.readouterr().err


def test_a_primary_is_away_in_the_middle_and_a_minute_at_most() -> None:
    assert Trial.of(Plan(duration=300)) == Trial(Plan(duration=300), 100, 30)
    assert Trial.of(Plan(duration=3600)).away == 60


def test_a_kill_that_did_not_happen_or_was_not_healed_proves_nothing() -> None:
    trial = Trial.of(Plan(duration=60))
    there = Fault("kill", "el-1-primary", None, 20, 20.1, 26)
    gone = Fault("kill", "el-1-primary", None, 20, 20.1, float("inf"))
    assert lost_and_back([there], trial).answer is Answer.YES
    assert lost_and_back([gone], trial).answer is Answer.UNKNOWN
    assert lost_and_back([], trial).answer is Answer.UNKNOWN
    assert lost_and_back([], Trial(Plan(duration=60), 20, 0)).answer is Answer.NOT_REACHED


def test_what_is_left_is_a_leak() -> None:
    assert nothing_left([], "all").answer is Answer.YES
    assert nothing_left(["3 connections, 2 before the load"], "all").answer is Answer.NO


@pytest.mark.parametrize(
    ("verdicts", "measured", "said", "code"),
    [
        ((kept("no_silence", ""), broken("not_slower", "", ())), report(), "is now", 1),
        (
            (broken("error_rate", "", ()), broken("not_slower", "", ())),
            report(),
            "not renewed: nothing but not_slower",
            1,
        ),
        ((unknown("run_was_fair", ""),), report(), "run_was_fair", 2),
        ((kept("no_silence", ""),), report(latency={}), "the run was too short for a baseline", 2),
    ],
)
def test_a_run_that_is_no_measure_for_others_becomes_no_baseline_and_it_is_said_why(
    verdicts: tuple[Verdict, ...],
    measured: Report,
    said: str,
    code: int,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "baseline.json"
    monkeypatch.setattr(baseline, "FILE", file)
    assert renew(Outcome("a minute", tmp_path, verdicts), measured, "ours") == code
    assert said in "".join(capsys.readouterr())
    assert file.exists() == (said == "is now")
