"""The page that says what was caught, when, and how to see it again."""

from __future__ import annotations

from mutants import track
from mutants.catalogue import Mutant
from mutants.matrix import Outcome, Record

SCENARIO = "links: A node goes"
NAMES = ("first-bug", "second-bug")


def record(name: str, *checkers: str) -> Record:
    mutant = Mutant(name, "It is bad.", "issue.1", ("answered_once",), (SCENARIO,), lambda: None)
    said = tuple((checker, "because") for checker in checkers)
    return Record(mutant, (Outcome(name, SCENARIO, 3.0, "runs/1", said),))


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| It is bad.")]


def test_a_row_has_bug_scenario_checker_date_and_command() -> None:
    caught = record("first-bug", "answered_once", "no_strangers")
    text = track.written([caught, record("second-bug")], "2026-01-31", {"geth": "1.17"}, NAMES, "")
    first, second = rows(text)
    seen = "**answered_once**, no_strangers | 2026-01-31, geth 1.17 | `make gate MUTANTS=first-bug` |"
    assert first == f"| It is bad. | issue.1 | {SCENARIO} | {seen}"
    assert "| **none** | **SURVIVED** |" in second
    assert "1 of 2 caught." in text


def test_what_was_seen_by_nobody_who_was_meant_to_is_not_caught() -> None:
    text = track.written([record("first-bug", "no_strangers")], "2026-01-31", {}, NAMES, "")
    assert "| **none** | **MISTAKEN** |" in rows(text)[0]


def test_a_part_of_the_gate_leaves_the_other_rows_as_they_are() -> None:
    both = [record("first-bug", "answered_once"), record("second-bug")]
    before = track.written(both, "2026-01-31", {"geth": "1.17"}, NAMES, "")
    after = track.written([record("second-bug", "answered_once")], "2026-02-01", {"geth": "1.18"}, NAMES, before)
    assert rows(after)[0] == rows(before)[0]
    assert "2026-02-01, geth 1.18" in rows(after)[1]
    assert "2 of 2 caught." in after


def test_a_mutant_that_is_gone_has_no_row_any_more() -> None:
    before = track.written([record("first-bug", "answered_once")], "2026-01-31", {}, NAMES, "")
    assert rows(track.written([], "2026-02-01", {}, ("second-bug",), before)) == []
