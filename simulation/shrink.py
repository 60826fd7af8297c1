"""Delta debugging: the shortest list of actions that still fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulation.plan import Action, Plan


def shrink(plan: Plan, fails: Callable[[Plan], bool], most: int = 400) -> Plan:
    """`plan` with as few actions as `most` runs could find to fail still. Zeller's ddmin, on complements only."""
    actions = list(plan.actions)
    pieces = 2
    runs = 0
    while len(actions) > 1 and runs < most:
        size = -(-len(actions) // pieces)
        for start in range(0, len(actions), size):
            fewer: list[Action] = actions[:start] + actions[start + size :]
            runs += 1
            if fails(plan._replace(actions=tuple(fewer))):
                actions = fewer
                pieces = max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(actions))
    return plan._replace(actions=tuple(actions))
