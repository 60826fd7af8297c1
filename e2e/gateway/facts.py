"""What the gateway did to the traffic, as facts: each effect of a fault that somebody might ask about."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

LaneName: TypeAlias = Literal["http", "ws"]
KEPT: Final = 50_000  # facts; older ones are forgotten, and the gap shows in their numbers


@dataclass(frozen=True, slots=True)
class Fact:
    """`number` counts the facts of this gateway from 1. `at` is the machine's monotonic clock, in seconds.

    `what` says in a word or two what happened ('reset', 'delayed', 'arrived'); `fault` and `fault_id` by which fault,
    if any. `link` numbers the links of the lane, None where the lane as a whole is meant.
    """

    number: int
    at: float
    what: str
    node: str
    lane: LaneName
    link: int | None = None
    fault: str | None = None
    fault_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class FactLog:
    """The newest facts, and how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Fact] = deque(maxlen=KEPT)

    def note(
        self,
        what: str,
        node: str,
        lane: LaneName,
        *,
        link: int | None = None,
        fault: tuple[str, int] | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Write down what happened just now; `fault` is the kind and the id of the fault that did it."""
        self.count += 1
        kind, fault_id = fault or (None, None)
        self._kept.append(Fact(self.count, time.monotonic(), what, node, lane, link, kind, fault_id, detail or {}))

    def after(self, number: int) -> list[Fact]:
        """Return the facts that are newer than `number` and still kept."""
        first = self.count - len(self._kept)
        skip = max(0, number - first)
        return [fact for index, fact in enumerate(self._kept) if index >= skip]
