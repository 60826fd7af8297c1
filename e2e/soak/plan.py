"""What a soak is to be: values that are written down at its beginning and read again when it is resumed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from e2e.soak.forcing import FAULTS
from e2e.soak.ground import Choice

if TYPE_CHECKING:
    from pathlib import Path

EVERY: Final = 300.0  # seconds between two forced reconnections in a run of hours
LEAST_EVERY: Final = 25.0
"""Seconds: less would leave no calm between two of them in which a window of the checkers can end."""
AS_MANY: Final = 30
"""How many reconnections a shorter run has at least, as far as `LEAST_EVERY` lets it: a leak shows only by them."""


QUIET: Final = 0.1
"""Seconds in which 99 of 100 answers are due."""
SWITCHING: Final = 0.5
"""Seconds in which they are due where reconnections are as frequent as `OFTEN`: the bound of a single one."""
OFTEN: Final = 60.0
"""Seconds: every five minutes, what comes during a reconnection is far below one answer in a hundred, and the 99th
percentile is that of quiet times; where reconnections are more frequent than this, it falls among them."""


class NoSuchRunError(Exception):
    """There is no soak where one was told to look; the message says what was looked for."""


def pace(duration: float) -> float:
    """Seconds between two forced reconnections where nobody says."""
    return min(EVERY, max(LEAST_EVERY, duration / AS_MANY))


def due(every: float) -> float:
    """Seconds in which 99 of 100 answers are due, where reconnections are forced `every` so many seconds."""
    return QUIET if every >= OFTEN else SWITCHING


@dataclass(frozen=True, slots=True)
class Plan:
    """`duration` and `every` in seconds, `rate` in requests a second over all `clients`."""

    duration: float
    every: float
    clients: int = 100
    rate: float = 100.0
    seed: int = 0
    faults: tuple[str, ...] = FAULTS
    choice: Choice = field(default_factory=Choice)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Raises NoSuchRunError."""
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            choice = Choice(**values.pop("choice"))
            return cls(**(values | {"faults": tuple(values["faults"]), "choice": choice}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoSuchRunError(f"no soak at {path.parent}: {path.name} cannot be read: {error}") from error
