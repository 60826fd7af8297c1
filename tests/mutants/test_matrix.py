"""Who killed whom, and who did not."""

from __future__ import annotations

import pytest

from mutants.catalogue import STEPS, Mutant
from mutants.matrix import BROKEN, ELSEWHERE, KILLED, SURVIVED, Outcome, Record, idle, table

SCENARIO = "links: A node goes"


def record(*checkers: str, error: str = "", unclear: str = "", name: str = "bad-bug") -> Record:
    mutant = Mutant(name, "It is bad.", "issue.1", ("answered_once", "fails_over"), (SCENARIO,), lambda: None)
    said = tuple((checker, "because") for checker in checkers)
    return Record(mutant, (Outcome(name, SCENARIO, 3.0, "runs/1", said, error, unclear),))


@pytest.mark.parametrize(
    ("judged", "state"),
    [
        (record("answered_once"), KILLED),
        (record("no_strangers", "fails_over"), KILLED),
        (record("no_strangers"), ELSEWHERE),
        (record(STEPS), ELSEWHERE),
        (record(), SURVIVED),
        (record(unclear="run_was_fair: late"), SURVIVED),
        (record("answered_once", error="the mutant itself crashed"), BROKEN),
    ],
)
def test_only_a_checker_that_was_meant_to_kills(judged: Record, state: str) -> None:
    assert judged.state == state


def test_why_says_what_is_known() -> None:
    assert "every checker was content" in record().why
    assert "caught by no_strangers" in record("no_strangers").why
    assert record(unclear="run_was_fair: late").why == "run_was_fair: late"


def test_the_table_marks_who_objected_and_who_should_have() -> None:
    lines = table([record("answered_once", "no_strangers"), record(STEPS, name="other-bug")]).splitlines()
    assert lines[1].split()[:5] == ["bad-bug", "X", "o", "x", "."]
    assert lines[2].split()[:5] == ["other-bug", "o", "o", ".", "x"]
    assert lines[3].startswith("1 answered_once, 2 fails_over, 3 no_strangers, 4 steps")


def test_a_row_of_an_outline_speaks_for_the_others() -> None:
    rows = {SCENARIO: "links: A node <does>", "links: A node stays": "links: A node <does>", "ids: Idle": "ids: Idle"}
    assert idle(rows, [record("answered_once")]) == ["ids: Idle"]
    assert idle(rows, [record()]) == ["ids: Idle", "links: A node <does>"]
