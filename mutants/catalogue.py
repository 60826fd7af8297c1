"""What a mutant is, and all there are by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES: Final = (
    *("incident", "requests", "subscriptions", "continuity", "links", "clients", "health", "http", "uploads"),
    *("leaving", "counts", "leaks", "payloads", "retries"),
)
STEPS: Final = "steps"
"""In the place of a checker: the bug is seen by a step of the scenario itself."""
SOAK: Final = "soak"
"""In the place of a scenario: only a long run shows the bug, and its verdicts are those of `e2e.soak`.

python -m e2e.soak --duration 10m --command "{python} -m mutants NAME --config {config} --listen {listen}"
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A proxy with one bug.

    `mode` is the issue ('issue.2') or failure mode ('mode.S1') that it brings back, '' for a bug of our own invention.
    `caught_by` names the checkers of which one at least must say NO; `shown_by` the scenarios that are played, each
    as the stem of its feature's file, a colon, and its name (of an outline: with its values).
    """

    name: str
    bug: str
    mode: str
    caught_by: tuple[str, ...]
    shown_by: tuple[str, ...]
    apply: Callable[[], None]


MUTANTS: Final[dict[str, Mutant]] = {}


def mutant(
    bug: str, *, mode: str = "", caught_by: tuple[str, ...], shown_by: tuple[str, ...]
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Enter the decorated function, which breaks the proxy, under its own name."""

    def enter(apply: Callable[[], None]) -> Callable[[], None]:
        name = apply.__name__.replace("_", "-")
        assert name not in MUTANTS, f"two mutants are called {name}"  # noqa: S101 - a slip of whoever adds one
        MUTANTS[name] = Mutant(name, bug, mode, caught_by, shown_by, apply)
        return apply

    return enter


def load() -> dict[str, Mutant]:
    """Import the whole catalogue; nothing is broken by that."""
    for module in MODULES:
        importlib.import_module(f"mutants.{module}")
    return MUTANTS
