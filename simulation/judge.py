"""Whether a run went well: the suite's checkers over its history, and what they cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.checkers import CHECKERS
from simulation.continuity import continuity
from simulation.generate import is_calm

if TYPE_CHECKING:
    from simulation.world import Outcome

# exact whatever happens; the others reckon in seconds, with allowances that need one fault at a time
_ALWAYS = ("answered_once", "no_strangers", "answers_fit", "sends_once")
_CALM = (*_ALWAYS, "leaves_politely", "heads_continuous", "subscriptions_survive", "fails_over", "returns_home")


def judge(outcome: Outcome) -> list[str]:
    """What was wrong, in words; nothing if all is well."""
    history = outcome.history
    found = [*outcome.complaints, *continuity(history, outcome.logs)]
    for name in _CALM if is_calm(history.meta.seed) else _ALWAYS:
        verdict = CHECKERS[name](history)
        if verdict.red:
            found.append(f"{verdict.promise} {verdict.answer}: {verdict.reason}")
            found += [f"  at {witness.at:.4f} {witness.client}: {witness.text}" for witness in verdict.witnesses[:5]]
    return found
