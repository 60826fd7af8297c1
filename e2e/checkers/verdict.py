"""What a checker says: whether a promise was kept in one run, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from e2e.ledger.entries import Entry


class Answer(StrEnum):
    """Was the promise kept? NOT_REACHED: the run did not put it to the test. NOT_CLAIMED: the proxy never made it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_REACHED = "not reached"
    NOT_CLAIMED = "not claimed"


UNTESTED: Final = "not put to the test"
"""How the reason begins where a promise was to be tried and the run did not come to it."""

_BAD_TO_GOOD = (Answer.NO, Answer.UNKNOWN, Answer.YES, Answer.NOT_CLAIMED, Answer.NOT_REACHED)


@dataclass(frozen=True, slots=True)
class Witness:
    """One instant that shows what a verdict says: when, to whom (client or node), what, and the entries themselves."""

    at: float
    client: str
    text: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about one promise. `facts` are figures worth reporting whatever the answer (counts, seconds)."""

    promise: str
    answer: Answer
    reason: str
    witnesses: tuple[Witness, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def red(self) -> bool:
        """Whether this fails a scenario: UNKNOWN does."""
        return self.answer in {Answer.NO, Answer.UNKNOWN}


def worst(verdicts: Iterable[Verdict]) -> Answer:
    """The worst answer: NO, then UNKNOWN. Without any verdict nothing is known."""
    return min((verdict.answer for verdict in verdicts), key=_BAD_TO_GOOD.index, default=Answer.UNKNOWN)


def kept(promise: str, reason: str, **facts: Any) -> Verdict:
    return Verdict(promise, Answer.YES, reason, facts=facts)


def broken(promise: str, reason: str, witnesses: Sequence[Witness], **facts: Any) -> Verdict:
    ordered = sorted(witnesses, key=lambda witness: witness.at)
    return Verdict(promise, Answer.NO, reason, tuple(ordered), facts)


def unknown(promise: str, reason: str, witnesses: Sequence[Witness] = (), **facts: Any) -> Verdict:
    return Verdict(promise, Answer.UNKNOWN, reason, tuple(witnesses), facts)


def not_reached(promise: str, reason: str, **facts: Any) -> Verdict:
    return Verdict(promise, Answer.NOT_REACHED, reason, facts=facts)
