"""Scenarios against one proxy after another, on one network that lives for the whole gate."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from behave.configuration import Configuration
from behave.model import ScenarioOutline
from behave.parser import parse_file
from behave.runner import Runner

from e2e.steps import options
from e2e.steps.results import Played, Results
from e2e.steps.theatre import RUNS, Theatre

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FEATURES: Final = Path("features")
OUTPUT: Final = Path("reports/gate")
COMMAND: Final = "{{python}} -m mutants {name} --config {{config}} --listen {{listen}}"
NOT_PLAYED: Final = ("extended", "soak")


class NoSuchScenarioError(Exception):
    """A mutant names a scenario that is not there."""


class _Kept(Results):
    """Results that are for the gate, not for JUnit."""

    def __init__(self) -> None:
        super().__init__({})
        self.played: dict[str, Played] = {}

    def note(self, played: Played) -> None:
        self.played[name_of(played)] = played


def name_of(played: Played) -> str:
    """The scenario's name as `Mutant.shown_by` has it."""
    return _name(Path(played.location.partition(":")[0]), played.scenario)


def _name(file: Path, scenario: str) -> str:
    return f"{file.stem}: {scenario.partition(' -- @')[0]}"


class _Guest(Runner):  # type: ignore[misc]  # behave ships no types
    """A run of behave in a theatre that is open already and stays open."""

    def __init__(self, config: Any, theatre: Theatre) -> None:
        super().__init__(config)
        self._theatre = theatre

    def load_hooks(self, filename: str | None = None) -> None:
        super().load_hooks(filename)

        def enter(context: Any) -> None:
            context.theatre = self._theatre

        self.hooks["before_all"] = enter
        self.hooks.pop("after_all", None)


@contextmanager
def network(seed: int | None = None) -> Iterator[Theatre]:
    """A theatre as behave's own hooks would open it. Raises TestbedError."""
    theatre = Theatre.open(options.read({} if seed is None else {"seed": str(seed)}))
    try:
        yield theatre
    finally:
        theatre.close()


def scenarios() -> dict[str, frozenset[str]]:
    """All that may be played, as `Mutant.shown_by` names them, with their tags; of an outline every row."""
    found: dict[str, frozenset[str]] = {}
    for file in sorted(FEATURES.rglob("*.feature")):
        for each in parse_file(str(file)).walk_scenarios():
            tags = frozenset(str(tag) for tag in each.effective_tags)
            if not tags.intersection(NOT_PLAYED):
                found[_name(file, each.name)] = tags
    return found


def outlines() -> dict[str, str]:
    """The name of each scenario → the name it is written under: for a row of an outline, the outline's."""
    found: dict[str, str] = {}
    for file in sorted(FEATURES.rglob("*.feature")):
        for written in parse_file(str(file)).scenarios:
            rows = written.scenarios if isinstance(written, ScenarioOutline) else [written]
            found.update({_name(file, row.name): _name(file, written.name) for row in rows})
    return found


def play(theatre: Theatre, name: str | None, scenarios: Iterable[str]) -> list[Played]:
    """Play `scenarios` (as `Mutant.shown_by` names them) against the mutant `name`; None: against the sound proxy.

    What behave says of it goes to a file in `OUTPUT`. Raises NoSuchScenarioError.
    """
    wanted = sorted(scenarios)
    results = theatre.results = _Kept()
    before = theatre.stage
    profile = before.profile
    if name is not None:
        profile = replace(profile, name=f"mutant {name}", command=COMMAND.format(name=shlex.quote(name)))
    label = name or "control"
    theatre.stage = replace(before, profile=profile, root=RUNS / "gate" / label)
    try:
        _Guest(_configuration(wanted, OUTPUT / f"{label}.txt"), theatre).run()
    finally:
        theatre.stage = before
    played = list(results.played.values())
    if len(played) < len(wanted):
        raise NoSuchScenarioError(f"{label}: of {wanted} only these could be played: {list(results.played)}")
    return played


def _configuration(wanted: list[str], output: Path) -> Any:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    parts = [scenario.split(": ", 1) for scenario in wanted]
    files = dict.fromkeys(str(next(FEATURES.rglob(f"{stem}.feature"), stem)) for stem, _ in parts)
    # an outline's scenarios have ' -- @1.2 …' behind their names
    names = [argument for _, name in parts for argument in ("--name", f"^{re.escape(name)}( -- @.*)?$")]
    return Configuration([*files, *names, "--no-summary", "--format", "lines", "--outfile", str(output)])
