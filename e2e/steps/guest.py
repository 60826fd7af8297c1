"""Chosen scenarios, played in a theatre that is open already and stays open: the same ones again, or on other proxies.

A scenario is called by the stem of its feature's file, a colon, and its name; of an outline each row is one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from behave.configuration import Configuration
from behave.model import ScenarioOutline
from behave.parser import parse_file
from behave.runner import Runner

from e2e.steps.formatter import ScenarioLines
from e2e.steps.results import Played, Results

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.steps.theatre import Theatre

FEATURES: Final = Path("features")
NOT_PLAYED: Final = "extended"  # the tag of what takes minutes


class NoSuchScenarioError(Exception):
    """A scenario is asked for that is not there."""


class _Kept(Results):
    """Results that are for the caller, not for JUnit."""

    def __init__(self) -> None:
        super().__init__({})
        self.played: dict[str, Played] = {}

    def note(self, played: Played) -> None:
        self.played[name_of(played)] = played


class _Guest(Runner):  # type: ignore[misc]  # behave ships no types
    """A run of behave that neither opens nor closes the theatre."""

    def __init__(self, config: Any, theatre: Theatre, *, again: bool) -> None:
        super().__init__(config)
        self._theatre = theatre
        self.again = again

    def load_hooks(self, filename: str | None = None) -> None:
        super().load_hooks(filename)

        def enter(context: Any) -> None:
            context.theatre = self._theatre

        self.hooks["before_all"] = enter
        self.hooks.pop("after_all", None)


def name_of(played: Played) -> str:
    """What the scenario is called."""
    return _name(Path(played.location.partition(":")[0]), played.scenario)


def scenarios() -> dict[str, frozenset[str]]:
    """All that may be played, with their tags; of an outline every row."""
    found: dict[str, frozenset[str]] = {}
    for file in sorted(FEATURES.rglob("*.feature")):
        for each in parse_file(str(file)).walk_scenarios():
            tags = frozenset(str(tag) for tag in each.effective_tags)
            if NOT_PLAYED not in tags:
                found[_name(file, each.name)] = tags
    return found


def outlines() -> dict[str, str]:
    """What each scenario is called → the name it is written under: for a row of an outline, the outline's."""
    found: dict[str, str] = {}
    for file in sorted(FEATURES.rglob("*.feature")):
        for written in parse_file(str(file)).scenarios:
            rows = written.scenarios if isinstance(written, ScenarioOutline) else [written]
            found.update({_name(file, row.name): _name(file, written.name) for row in rows})
    return found


def play(theatre: Theatre, wanted: Iterable[str], output: Path, *, again: bool = True) -> list[Played]:
    """Play the scenarios that are called so; what behave says of it goes to the file `output`.

    `again`: once more where nobody can say whether the proxy is at fault. Raises NoSuchScenarioError, and
    KeyboardInterrupt for one that behave itself has noticed.
    """
    asked = sorted(wanted)
    before, results = theatre.results, _Kept()
    runner = _Guest(_configuration(asked, output), theatre, again=again)
    theatre.results = results
    try:
        runner.run()
    finally:
        theatre.results = before
    if runner.aborted:
        raise KeyboardInterrupt
    if missing := [name for name in asked if name not in results.played]:
        raise NoSuchScenarioError(f"could not be played: {', '.join(missing)}; see {output}")
    return list(results.played.values())


def _name(file: Path, scenario: str) -> str:
    return f"{file.stem}: {scenario.partition(' -- @')[0]}"


def _configuration(asked: list[str], output: Path) -> Any:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    parts = [scenario.split(": ", 1) for scenario in asked]
    files = dict.fromkeys(str(next(FEATURES.rglob(f"{stem}.feature"), stem)) for stem, _ in parts)
    # an outline's scenarios have ' -- @1.2 …' behind their names
    names = [argument for _, name in parts for argument in ("--name", f"^{re.escape(name)}( -- @.*)?$")]
    format_ = f"{ScenarioLines.__module__}:{ScenarioLines.__name__}"  # as behave.ini calls it, if there is one
    return Configuration([*files, *names, "--no-summary", "--format", format_, "--outfile", str(output)])
