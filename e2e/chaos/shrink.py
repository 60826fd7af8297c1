"""The shortest schedule that still fails: delta debugging (ddmin, Zeller and Hildebrandt) over groups of deeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.chaos.schedule import Schedule


@dataclass(slots=True)
class Shrinking:
    """`best` is the smallest schedule seen to fail, after `replays` of `budget`. `exact`: nothing is left to try."""

    best: Schedule
    budget: int
    replays: int = 0
    exact: bool = False
    tried: set[tuple[int, ...]] = field(default_factory=set)


def shrink(failing: Schedule, fails: Callable[[Schedule], bool], budget: int) -> Shrinking:
    """Look for a smaller schedule for which `fails` holds, with at most `budget` calls of it.

    Each candidate has some of the groups of `failing` and no more peace between them than it takes. What does not fail
    every time may survive only in part: the result was seen to fail once.
    """
    state = Shrinking(failing, budget)
    groups = failing.groups
    parts = 2
    while len(groups) > 1 and state.replays < budget:
        smaller = _first_failing(failing, groups, parts, fails, state)
        if smaller is not None:
            groups, parts = smaller, max(2, min(parts - 1, len(smaller)))
        elif parts < len(groups):
            parts = min(len(groups), 2 * parts)
        else:
            break
    state.exact = state.replays < budget
    return state


def _first_failing(
    failing: Schedule,
    groups: Sequence[int],
    parts: int,
    fails: Callable[[Schedule], bool],
    state: Shrinking,
) -> tuple[int, ...] | None:
    """The first part, or complement of one, that fails."""
    chunks = [groups[len(groups) * each // parts : len(groups) * (each + 1) // parts] for each in range(parts)]
    candidates = [tuple(chunk) for chunk in chunks]
    if parts > 2:
        candidates += [tuple(group for group in groups if group not in chunk) for chunk in chunks]
    for candidate in candidates:
        if not candidate or candidate in state.tried:
            continue
        if state.replays >= state.budget:
            return None
        state.tried.add(candidate)
        state.replays += 1
        schedule = failing.only(candidate).compacted()
        if fails(schedule):
            state.best = schedule
            return candidate
    return None
