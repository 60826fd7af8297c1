"""Whether a run went well: the suite's checkers over its history, and what they cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e import checkers
from e2e.checkers.verdict import Answer
from simulation.continuity import continuity
from simulation.generate import is_calm

if TYPE_CHECKING:
    from simulation.world import Outcome

# exact whatever happens; the others reckon in seconds, with allowances that need one fault at a time
_ALWAYS = (
    checkers.answered_once,
    checkers.no_strangers,
    checkers.answers_fit,
    checkers.sends_once,
)
_CALM = (
    *_ALWAYS,
    checkers.leaves_politely,
    checkers.heads_continuous,
    checkers.subscriptions_survive,
    checkers.fails_over,
    checkers.returns_home,
)


def judge(outcome: Outcome) -> list[str]:
    """What was wrong, in words; nothing if all is well."""
    history = outcome.history
    found = [*outcome.complaints, *continuity(history, outcome.logs)]
    for checker in _CALM if is_calm(history.meta.seed) else _ALWAYS:
        verdict = checker(history)
        if verdict.answer in (Answer.NO, Answer.UNKNOWN):
            found.append(f"{verdict.promise} {verdict.answer}: {verdict.reason}")
            found += [f"  at {witness.at:.4f} {witness.client}: {witness.text}" for witness in verdict.witnesses[:5]]
    return found
