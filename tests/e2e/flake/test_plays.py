"""What becomes of scenarios that are played again and again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from e2e.checkers.verdict import Verdict, Witness, broken, kept, unknown
from e2e.flake import plays
from e2e.flake.plays import Outcome, Play
from e2e.ledger.history import History
from e2e.ledger.meta import Meta
from e2e.steps.conclusion import Conclusion
from e2e.steps.results import Played

LOST = broken("answered_once", "1 of 2 lost", [Witness(1.0, "client-1", "lost")])
LATE = unknown("run_was_fair", "the clock was late")
FOLDER = Path("runs/flake/x")
GOOD = Play(1, "ids: A", Outcome.PASSED, 2.0, "", "", "runs/flake/x")
BAD = replace(GOOD, outcome=Outcome.FAILED, why="answered_once: 1 of 2 lost")
UNCLEAR = replace(GOOD, outcome=Outcome.UNKNOWN, why="run_was_fair: the clock was late")


def played(*verdicts: Verdict, status: str = "failed", error: str = "", unfair: str | None = None) -> Played:
    conclusion = Conclusion(FOLDER, History([], Meta("A")), verdicts)
    where = ("Ids", "A -- @1.2 rows", "features/ids.feature:7", status)
    return Played(*where, 2.004, conclusion, error, unfair, doubt=conclusion.unfair)


def test_what_passed_needs_no_words() -> None:
    assert plays.play_of(1, played(kept("no_strangers", "fine"), status="passed")) == GOOD


def test_a_second_run_is_told_of() -> None:
    assert plays.play_of(1, played(status="passed", unfair="late")) == replace(GOOD, replayed="late")


def test_twice_unfair_and_nothing_broken_is_unknown_whatever_the_step_said() -> None:
    each = plays.play_of(3, played(LATE, error="Then I am served\nnot within 2 s", unfair="late"))
    assert (each.outcome, each.number, each.why) == (Outcome.UNKNOWN, 3, "run_was_fair: the clock was late")


def test_a_broken_promise_is_a_failure_in_an_unfair_run_too() -> None:
    each = plays.play_of(1, played(LATE, LOST, error="Then all is well\nASSERT FAILED"))
    assert each.outcome is Outcome.FAILED
    assert each.why == "Then all is well ASSERT FAILED; answered_once: 1 of 2 lost"


def test_a_failed_step_in_a_fair_run_is_a_failure() -> None:
    assert plays.play_of(1, played(kept("no_strangers", "fine"), error="Then x\nno")).outcome is Outcome.FAILED


def test_a_scenario_that_was_not_judged_is_a_failure() -> None:
    each = plays.play_of(1, replace(played(status="hook_error", error="no port"), conclusion=None))
    assert (each.outcome, each.why, each.run) == (Outcome.FAILED, "no port", "")


def test_what_a_proxy_does_not_claim_is_no_failure() -> None:
    skipped = replace(played(status="skipped"), conclusion=None, skipped="not claimed: it has no metrics")
    each = plays.play_of(1, skipped)
    assert (each.outcome, each.why) == (Outcome.SKIPPED, "not claimed: it has no metrics")
    assert plays.failures([each]) == []
    assert plays.undecided([each]) == []


def test_plays_come_back_but_for_a_half_written_one(tmp_path: Path) -> None:
    file = tmp_path / "plays.jsonl"
    assert plays.load(file) == []
    plays.save(GOOD, file)
    plays.save(BAD, file)
    with file.open("a") as lines:
        lines.write('{"number": 3')
    assert plays.load(file) == [GOOD, BAD]


@pytest.mark.parametrize(
    ("outcomes", "undecided"),
    [([GOOD, UNCLEAR], []), ([GOOD, UNCLEAR, UNCLEAR], ["ids: A"]), ([UNCLEAR, BAD, GOOD], []), ([], [])],
)
def test_a_scenario_that_is_hardly_ever_fair_is_not_decided(outcomes: list[Play], undecided: list[str]) -> None:
    assert plays.undecided(outcomes) == undecided


def test_the_summary_counts_and_says_where_to_look() -> None:
    other = replace(GOOD, scenario="links: B", seconds=9.0)
    text = plays.summary([GOOD, BAD, replace(GOOD, replayed="late"), other, UNCLEAR])
    header, ids, links, *told = text.splitlines()
    assert header.split() == ["plays", "failed", "unknown", "replayed", "slowest"]
    assert ids.split() == ["ids:", "A", "4", "1", "1", "1", "2.0", "s"]
    assert links.split() == ["links:", "B", "1", "0", "0", "0", "9.0", "s"]
    assert "failed in round 1: ids: A" in told
    assert "  run: runs/flake/x; judge it: python -m e2e.judge runs/flake/x" in told
    assert plays.counts([GOOD, BAD, GOOD]) == "2 passed, 1 failed"
    assert plays.failures([GOOD, BAD, UNCLEAR]) == [BAD]
