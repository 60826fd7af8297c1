"""A schedule of faults as data: made up front, saved as JSON, played as often as one likes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from e2e.chaos.config import ChaosConfig  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Where: TypeAlias = Literal["node", "http", "ws", "both", "chain"]

PROCESS: Final = ("stop", "kill", "pause")
REORG: Final = "reorg"
CHAIN: Final = "chain"
SEVERE: Final = frozenset({*PROCESS, "down", "refuse", "black_hole", "latency", "freeze", "stalled_head", "syncing"})
"""Faults under which a node cannot be counted on."""

RECOVERY: Final = 8.0
"""Seconds after the cure of such a fault until the node can be counted on again: booted, caught up, probed twice."""

PAUSE: Final = 5.0
"""Seconds without any fault to which a longer peace is cut down when a schedule is compacted."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A fault and its cure: `at` and `until` are seconds after the start; equal for what happens in an instant.

    `fault` is a name of the nemesis (`where` 'node'), of the gateway ('http', 'ws' or 'both' lanes) or 'reorg' (on the
    'chain'). Deeds with the same `group` belong together: a flapping node is a group of short ones.
    """

    at: float
    until: float
    fault: str
    target: str
    where: Where
    attributes: dict[str, Any] = field(default_factory=dict)
    group: int = 0

    @property
    def severe(self) -> bool:
        return self.fault in SEVERE

    def __str__(self) -> str:
        lane = "" if self.where in ("node", "chain") else f" ({self.where})"
        told = ", ".join(f"{name} {value}" for name, value in self.attributes.items() if name != "seed")
        return f"{self.fault} of {self.target}{lane}{f' [{told}]' if told else ''}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that chance decides. `nodes`: the names of all nodes of the network."""

    seed: int
    duration: float
    nodes: tuple[str, ...]
    config: ChaosConfig
    deeds: tuple[Deed, ...]

    def save(self, path: Path) -> Path:
        """Write it as a file that can be read, and replayed."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        return path

    def only(self, groups: Iterable[int]) -> Schedule:
        """Return the same with these groups of deeds alone."""
        kept = frozenset(groups)
        return replace(self, deeds=tuple(each for each in self.deeds if each.group in kept))

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups of deeds, in the order of their beginnings."""
        return tuple(dict.fromkeys(each.group for each in self.deeds))

    def compacted(self) -> Schedule:
        """Return the same deeds with the peace between them cut short, and no more time than they take.

        What goes on all along, from the first deed to the end, does so for as long as the others take.
        """
        passing = [deed for deed in self.deeds if not self._goes_on_all_along(deed)]
        gone, moved, end = 0.0, [], 0.0
        for deed in sorted(self.deeds, key=lambda each: each.at):
            gone += max(0.0, deed.at - gone - end - PAUSE)
            began, over = round(deed.at - gone, 3), round(deed.until - gone, 3)
            moved.append(replace(deed, at=began, until=over))
            end = max(end, began if passing and self._goes_on_all_along(deed) else over)
        deeds = tuple(replace(deed, until=min(deed.until, end)) for deed in moved)
        return replace(self, deeds=deeds, duration=round(end + PAUSE, 3))

    def _goes_on_all_along(self, deed: Deed) -> bool:
        return deed.until >= self.duration and deed.at <= min(each.at for each in self.deeds)


class ScheduleError(Exception):
    """The file is no schedule, or not one for this network; the message says what is wrong."""


def load(path: Path, nodes: Iterable[str]) -> Schedule:
    """Read a saved schedule. Raises ScheduleError."""
    try:
        schedule = msgspec.json.decode(path.read_bytes(), type=Schedule)
    except (OSError, msgspec.MsgspecError) as error:
        raise ScheduleError(f"{path}: {error}") from error
    known = {*nodes, CHAIN}
    if strangers := {each.target for each in schedule.deeds} - known:
        raise ScheduleError(
            f"{path}: no node {', '.join(sorted(strangers))} here; there are {', '.join(sorted(known))}"
        )
    return schedule


def faults_in(schedule: Schedule) -> dict[str, int]:
    """How often each fault is in it."""
    counts: dict[str, int] = {}
    for deed in schedule.deeds:
        counts[deed.fault] = counts.get(deed.fault, 0) + 1
    return counts
