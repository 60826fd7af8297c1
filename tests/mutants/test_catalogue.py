"""The catalogue as a whole: it applies, it names what exists, and what it names can object."""

from __future__ import annotations

import subprocess
import sys

import pytest

from e2e.checkers import CHECKERS
from e2e.soak.verdicts import STABLE
from e2e.steps import guest
from e2e.steps.conclusion import required
from mutants import catalogue
from mutants.catalogue import SOAK, STEPS, Mutant

MUTANTS = catalogue.load()


def mutants(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mutants", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_every_mutant_still_applies() -> None:
    done = mutants(["--check"])
    assert done.returncode == 0, done.stderr


def test_there_are_enough_and_all_five_issues() -> None:
    assert len(MUTANTS) >= 40
    assert {f"issue.{number}" for number in range(1, 6)} <= {mutant.mode for mutant in MUTANTS.values()}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_what_a_mutant_names_exists_and_can_object(mutant: Mutant) -> None:
    """A checker that a scenario does not judge by can never object there."""
    assert mutant.caught_by
    assert mutant.shown_by
    assert mutant.bug.endswith(".")
    if SOAK in mutant.shown_by:
        assert set(mutant.caught_by) <= set(STABLE)
        return
    assert set(mutant.caught_by) <= {*CHECKERS, STEPS}
    tags = guest.scenarios()
    for scenario in mutant.shown_by:
        assert scenario in tags, f"no scenario {scenario}"
        judges = {STEPS, *required(tags[scenario])}
        assert judges.intersection(mutant.caught_by), f"{scenario} is judged by {sorted(judges)} only"


def test_a_name_that_is_not_there_is_an_error() -> None:
    done = mutants(["no-such-bug", "--config", "x.toml"])
    assert (done.returncode, done.stdout) == (2, "")
    assert "--list" in done.stderr


def test_whoever_asks_is_told_and_all_is_well() -> None:
    done = mutants(["--help"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m mutants gate" in done.stdout


def test_a_command_with_more_than_it_takes_is_no_unknown_mutant() -> None:
    done = mutants(["coverage", "all"])
    assert done.returncode == 2
    assert "no mutant" not in done.stderr
    assert "python -m mutants coverage" in done.stderr


def test_the_list_shows_all() -> None:
    assert len(mutants(["--list"]).stdout.splitlines()) == len(MUTANTS)
