"""Scenarios against one proxy after another, on one network that lives for the whole gate."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.steps import guest, options
from e2e.steps.theatre import Theatre
from e2e.steps.venues import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from e2e.steps.results import Played

OUTPUT: Final = Path("reports/gate")
COMMAND: Final = "{{python}} -m mutants {name} --config {{config}} --listen {{listen}}"


@contextmanager
def network(seed: int | None = None) -> Iterator[Theatre]:
    """A theatre as behave's own hooks would open it. Raises TestbedError."""
    theatre = Theatre.open(options.read({} if seed is None else {"seed": str(seed)}))
    try:
        yield theatre
    finally:
        theatre.close()


def play(theatre: Theatre, name: str | None, scenarios: Iterable[str]) -> list[Played]:
    """Play `scenarios` (as `Mutant.shown_by` names them) against the mutant `name`; None: against the sound proxy.

    What behave says of it goes to a file in `OUTPUT`. What failed a mutant is not played again, whatever the machine
    had to do with it. Raises NoSuchScenarioError.
    """
    before = theatre.stage
    profile = before.profile
    if name is not None:
        profile = replace(profile, name=f"mutant {name}", command=COMMAND.format(name=shlex.quote(name)))
    label = name or "control"
    theatre.stage = replace(before, profile=profile, root=RUNS / "gate" / label)
    try:
        return guest.play(theatre, scenarios, OUTPUT / f"{label}.txt", again=name is None)
    finally:
        theatre.stage = before
