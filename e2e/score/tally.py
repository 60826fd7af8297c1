"""What a proxy's scenarios say of it, promise by promise and topic by topic. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from e2e.checkers.verdict import UNTESTED, Answer
from e2e.promises import JUDGED_BY_STEPS, PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from e2e.checkers.verdict import Verdict

WIDTH: Final = 200


class Standing(StrEnum):
    """How it is with a promise, in one scenario or over all."""

    BROKEN = "broken"
    UNKNOWN = "unknown"
    KEPT = "kept"
    NOT_CLAIMED = "not claimed"
    NOT_REACHED = "not reached"


_DECIDING: Final = (Standing.BROKEN, Standing.KEPT, Standing.UNKNOWN, Standing.NOT_CLAIMED, Standing.NOT_REACHED)


@dataclass(frozen=True, slots=True)
class Ended:
    """One scenario as it ended. `failure` is what a step of its own complained of, '' if none did.

    `promises` are those that its tags name, `run` is the folder of the run ('' if there is none), `skipped` why it was
    not played.
    """

    topic: str
    name: str
    promises: frozenset[str]
    verdicts: tuple[Verdict, ...] = ()
    failure: str = ""
    toothless: bool = False  # its fault had no effect: it proved nothing
    started: bool = True
    skipped: str = ""
    run: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one scenario says of one promise. `weight` is how much there is to show."""

    standing: Standing
    scenario: str
    line: str = ""
    run: str = ""
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One promise over all scenarios; `counts` says in how many of them it stood how."""

    promise: str
    sentence: str
    standing: Standing
    counts: Mapping[Standing, int]
    worst: Evidence | None

    @property
    def judged(self) -> int:
        """In how many scenarios it was kept or broken."""
        return self.counts.get(Standing.KEPT, 0) + self.counts.get(Standing.BROKEN, 0)


@dataclass(frozen=True, slots=True)
class Score:
    """Rows for all promises, and for each topic how its scenarios ended."""

    rows: tuple[Row, ...]
    topics: Mapping[str, Mapping[Standing, int]]
    ended: tuple[Ended, ...] = field(default=(), repr=False)

    def promises(self, standing: Standing) -> list[str]:
        """Return the promises that stand so."""
        return [row.promise for row in self.rows if row.standing is standing]

    @property
    def exit_code(self) -> int:
        """1: a promise is broken; 2: none is, but of some nobody can say; 0 otherwise."""
        if self.promises(Standing.BROKEN) or any(each.get(Standing.BROKEN) for each in self.topics.values()):
            return 1
        return 2 if any(each.get(Standing.UNKNOWN) for each in self.topics.values()) else 0


def score(ended: Sequence[Ended], not_claimed: Mapping[str, str]) -> Score:
    """Add up; `not_claimed` is the profile's, promise → reason."""
    topics: dict[str, Counter[Standing]] = {}
    for each in ended:
        topics.setdefault(each.topic, Counter())[of_scenario(each)] += 1
    return Score(tuple(_row(promise, ended, not_claimed) for promise in PROMISES), topics, tuple(ended))


def of_scenario(each: Ended) -> Standing:
    """Return how a scenario as a whole ended."""
    answers = {verdict.answer for verdict in each.verdicts}
    if each.skipped:
        return Standing.NOT_CLAIMED
    if Answer.NO in answers or (each.failure and each.started and not each.toothless):
        return Standing.BROKEN
    if not each.started or any(
        verdict.answer is Answer.UNKNOWN and not _untested(verdict) for verdict in each.verdicts
    ):
        return Standing.UNKNOWN
    return Standing.NOT_REACHED if each.toothless or Answer.UNKNOWN in answers else Standing.KEPT


def _row(promise: str, ended: Iterable[Ended], not_claimed: Mapping[str, str]) -> Row:
    evidence = [found for each in ended for found in _evidence(promise, each)]
    if not evidence and promise in not_claimed:
        evidence = [Evidence(Standing.NOT_CLAIMED, "", not_claimed[promise])]
    counts = Counter(each.standing for each in evidence)
    standing = next((each for each in _DECIDING if counts[each]), Standing.NOT_REACHED)
    telling = [each for each in evidence if each.standing is standing]
    return Row(promise, PROMISES[promise], standing, counts, max(telling, key=lambda each: each.weight, default=None))


def _evidence(promise: str, each: Ended) -> Iterator[Evidence]:
    if each.skipped:
        if promise in each.promises:
            yield Evidence(Standing.NOT_CLAIMED, each.name, each.skipped)
        return
    meant = promise in each.promises
    complaint = Evidence(Standing.BROKEN, each.name, short(each.failure), each.run)
    if promise in JUDGED_BY_STEPS:
        if meant and each.started and not each.toothless:
            yield complaint if each.failure else Evidence(Standing.KEPT, each.name, run=each.run)
        return
    for verdict in each.verdicts:
        if verdict.promise == promise:
            found = _of_verdict(verdict, each)
            undecided = found.standing in {Standing.NOT_REACHED, Standing.UNKNOWN}
            # A scenario is about its promises: when a step of it fails before they could be judged, they were not kept.
            yield complaint if meant and undecided and each.failure and not each.toothless else found


def _of_verdict(verdict: Verdict, each: Ended) -> Evidence:
    standing = {
        Answer.YES: Standing.KEPT,
        Answer.NO: Standing.BROKEN,
        Answer.UNKNOWN: Standing.NOT_REACHED if _untested(verdict) else Standing.UNKNOWN,
        Answer.NOT_CLAIMED: Standing.NOT_CLAIMED,
        Answer.NOT_REACHED: Standing.NOT_REACHED,
    }[verdict.answer]
    line = verdict.reason
    if standing is Standing.BROKEN and verdict.witnesses:
        witness = verdict.witnesses[0]
        line = f"{verdict.reason}; at {witness.at:.2f} s, {witness.client or 'the run'}: {witness.text}"
    return Evidence(standing, each.name, short(line), each.run, len(verdict.witnesses))


def _untested(verdict: Verdict) -> bool:
    return verdict.reason.startswith(UNTESTED)


def short(text: str) -> str:
    """Return a text as one line that fits a table."""
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
