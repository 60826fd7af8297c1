"""What counts as covered, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mutants import edges, track
from mutants.catalogue import Mutant
from mutants.matrix import Outcome, Record

if TYPE_CHECKING:
    import pytest

TAGS = {
    "links: A node goes": frozenset({"mode.L1"}),
    "links: A node stays": frozenset({"mode.L2"}),
    "ids: An id 1": frozenset({"mode.S6"}),
    "ids: An id 2": frozenset({"mode.S6"}),
    "issue_1: A window": frozenset({"issue.1", "mode.L9"}),
}
OUTLINES = {name: name for name in TAGS} | {"ids: An id 1": "ids: An id <id>", "ids: An id 2": "ids: An id <id>"}
DOCUMENT = "| answered_once | x | y |\n| mode | what | test |\n| issue 1 | lost | `t` |\n| L1, L2 | reset | `t` |\n"


def record(name: str, scenario: str, *checkers: str) -> Record:
    mutant = Mutant(name, "It is bad.", "mode.L1", ("answered_once",), (scenario,), lambda: None)
    said = tuple((checker, "because") for checker in checkers)
    return Record(mutant, (Outcome(name, scenario, 3.0, "runs/1", said),))


def test_modes_are_those_of_the_document_and_promises_are_none() -> None:
    assert edges.modes(DOCUMENT) == ["issue.1", "mode.L1", "mode.L2"]
    assert len(edges.modes(edges.PROMISES.read_text())) > 40


def test_what_the_track_record_calls_failed_is_read_back_from_it() -> None:
    records = [record("bad-bug", "links: A node goes", "answered_once"), record("sly-bug", "links: A node stays")]
    assert edges.failed(track.written(records, "2026-01-31", {}, ["bad-bug", "sly-bug"], "")) == {"links: A node goes"}


def test_a_mode_is_covered_by_a_scenario_that_fell_and_by_nothing_else() -> None:
    found = edges.covered(TAGS, OUTLINES, {"links: A node goes", "gone: It is"}, ["mode.L1", "mode.L2", "issue.1"])
    assert found == {"mode.L1": ["links: A node goes"], "mode.L2": [], "issue.1": []}


def test_a_row_of_an_outline_speaks_for_the_others() -> None:
    assert edges.covered(TAGS, OUTLINES, {"ids: An id 2"}, ["mode.S6"]) == {"mode.S6": ["ids: An id <id>"]}


def test_too_little_is_no_success(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert edges.main() == 0
    monkeypatch.setattr(edges, "failed", lambda _: {"links: A reset of the WebSocket lane alone, while HTTP is well"})
    assert edges.main() == 1
    assert "edge case coverage: 2 of " in capsys.readouterr().out
