"""Whether a run went well: the suite's checkers over its history, and what they do not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.checkers import answered_once, answers_fit, no_strangers, sends_once
from e2e.checkers.verdict import Answer
from simulation.continuity import continuity

if TYPE_CHECKING:
    from simulation.world import Outcome

CHECKERS = (answered_once, no_strangers, answers_fit, sends_once)


def judge(outcome: Outcome) -> list[str]:
    """What was wrong, in words; nothing if all is well."""
    found = [*outcome.complaints, *continuity(outcome.history, outcome.logs)]
    for checker in CHECKERS:
        verdict = checker(outcome.history)
        if verdict.answer in (Answer.NO, Answer.UNKNOWN):
            found.append(f"{verdict.promise} {verdict.answer}: {verdict.reason}")
            found += [f"  at {witness.at:.4f} {witness.client}: {witness.text}" for witness in verdict.witnesses[:5]]
    return found
