"""What became of the mutants: judged, and as a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mutants.catalogue import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mutants.catalogue import Mutant

KILLED: Final = "killed"
SURVIVED: Final = "SURVIVED"
ELSEWHERE: Final = "MISTAKEN"  # red, but not by a checker that its entry names
BROKEN: Final = "DID NOT RUN"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario against one mutant (None: the sound proxy).

    `checkers` are those that said NO, with the reason of each; STEPS among them if a step of the scenario itself
    failed. `error` says why the mutant itself did not run as written, '' if it did. `unclear` is why nobody knows.
    """

    mutant: str | None
    scenario: str
    seconds: float
    run: str = ""
    checkers: tuple[tuple[str, str], ...] = ()
    error: str = ""
    unclear: str = ""

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.checkers}


@dataclass(frozen=True, slots=True)
class Record:
    """A mutant and what its scenarios said."""

    mutant: Mutant
    outcomes: tuple[Outcome, ...]

    @property
    def checkers(self) -> set[str]:
        return set().union(*(outcome.names for outcome in self.outcomes))

    @property
    def right(self) -> set[str]:
        """The checkers that caught it and were meant to."""
        return self.checkers & set(self.mutant.caught_by)

    @property
    def state(self) -> str:
        if any(outcome.error for outcome in self.outcomes):
            return BROKEN
        if self.right:
            return KILLED
        return ELSEWHERE if self.checkers else SURVIVED

    @property
    def why(self) -> str:
        """What there is to say of a mutant that was not killed as it should be."""
        said = [outcome.error or outcome.unclear for outcome in self.outcomes if outcome.error or outcome.unclear]
        if self.state == ELSEWHERE:
            said.append(f"caught by {', '.join(sorted(self.checkers))}, meant: {', '.join(self.mutant.caught_by)}")
        return "; ".join(said) or f"every checker was content, meant to object: {', '.join(self.mutant.caught_by)}"


def idle(written: Mapping[str, str], records: Iterable[Record]) -> list[str]:
    """Scenarios that no mutant has failed; `written` maps each to the name under which it stands in its feature.

    Of an outline one row is enough: the others are the same scenario with other values.
    """
    failed = {written[each.scenario] for record in records for each in record.outcomes if each.checkers}
    return sorted(set(written.values()) - failed)


def table(records: Sequence[Record]) -> str:
    """The kill matrix: a row for each mutant, a column for each checker; X caught as meant, x caught too."""
    columns = sorted(set().union(*(record.checkers | set(record.mutant.caught_by) for record in records)) - {STEPS})
    columns.append(STEPS)
    width = max(len(record.mutant.name) for record in records)
    lines = [f"{'':{width}}  {' '.join(f'{number:2}' for number in range(1, len(columns) + 1))}"]
    for record in records:
        marks = " ".join(f"{_mark(record, column):>2}" for column in columns)
        seconds = sum(outcome.seconds for outcome in record.outcomes)
        lines.append(f"{record.mutant.name:{width}}  {marks}  {record.state} in {seconds:.0f} s")
    legend = ", ".join(f"{number} {column}" for number, column in enumerate(columns, start=1))
    return "\n".join([*lines, f"{legend}; X: as meant, x: too, o: meant, but content"])


def _mark(record: Record, column: str) -> str:
    if column in record.checkers:
        return "X" if column in record.mutant.caught_by else "x"
    return "o" if column in record.mutant.caught_by else "."
