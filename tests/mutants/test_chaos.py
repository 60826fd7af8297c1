"""What the trial of chaos plays, and when a mutant counts as caught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e import exits
from e2e.chaos.draw import draw
from e2e.checkers.verdict import broken, kept, unknown
from e2e.steps.theatre import Theatre
from e2e.testbed.local import NODES
from e2e.testbed.protocol import TestbedError
from e2e.trials.outcome import Outcome
from mutants import catalogue, chaos, gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.chaos.schedule import Schedule

PRIMARIES = {name for name in NODES if name.endswith("primary")}


def silent_at_once(schedule: Schedule) -> bool:
    """Whether all primaries are silent at one time, which sends clients to a backup, with holes in their streams."""
    spans = {deed.target: deed for deed in schedule.deeds if deed.fault in ("pause", "black_hole")}
    if not set(spans) >= PRIMARIES:
        return False
    return min(spans[name].until for name in PRIMARIES) - max(spans[name].at for name in PRIMARIES) > 2.0


def test_the_five_are_in_the_catalogue() -> None:
    assert set(chaos.FIVE) <= set(catalogue.load())
    assert len(set(chaos.FIVE)) == 5


def test_what_shows_the_five_is_in_the_schedule_and_in_its_first_half() -> None:
    """Another way to draw makes another schedule of the same seed: then another seed has to be found."""
    schedule = draw(chaos.SEED, chaos.SECONDS, chaos.DENSE, NODES)
    half = schedule.only(schedule.groups[: len(schedule.groups) // 2]).compacted()
    assert silent_at_once(schedule)
    assert silent_at_once(half)
    assert half.duration < schedule.duration


@pytest.mark.parametrize(
    ("first", "again", "caught"),
    [({"lives"}, {"lives", "recovers"}, True), ({"lives"}, {"recovers"}, False), (set(), set(), False)],
)
def test_caught_is_what_breaks_the_same_again(first: set[str], again: set[str], caught: bool) -> None:
    assert chaos.Record("x", frozenset(first), frozenset(again), None, 1, 1.0).caught is caught


def test_only_what_is_broken_for_sure_counts() -> None:
    verdicts = (kept("lives", ""), unknown("error_rate", "busy"), broken("no_strangers", "", ()))
    assert chaos.broken(Outcome("x", Path(), verdicts)) == {"no_strangers"}


@pytest.mark.parametrize("main", [chaos.main, gate.main])
def test_a_network_that_cannot_be_started_is_no_mutant_that_got_away(
    main: Callable[[list[str]], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_: object) -> None:
        raise TestbedError("there is no geth")

    monkeypatch.setattr(Theatre, "open", nothing)
    assert main([]) == exits.COULD_NOT_START
    assert "there is no geth" in capsys.readouterr().err
