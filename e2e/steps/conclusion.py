"""The end of a scenario: settle, save, and judge what was saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.checkers import CHECKERS
from e2e.checkers.verdict import Answer, Verdict
from e2e.judge import judge
from e2e.ledger import store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from e2e.run import Run

# What every scenario puts to the test, whatever else it is about: its base load sees to that.
STANDING: Final = ("run_was_fair", "answered_once", "no_strangers", "subscriptions_survive", "heads_continuous")
TAG: Final = "promise."
SETTLE_SLACK: Final = 2.0  # seconds beyond the patience after which silence is a verdict
SHOWN: Final = 5  # witnesses of one verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the judge said of a run."""

    folder: Path
    verdicts: tuple[Verdict, ...]

    @property
    def red(self) -> bool:
        """Whether any promise was broken, or nobody knows."""
        return any(verdict.red for verdict in self.verdicts)

    @property
    def unfair(self) -> str | None:
        """Why the run says nothing about the proxy, None if it was fair or if a promise was broken all the same."""
        if any(verdict.answer is Answer.NO for verdict in self.verdicts):
            return None
        return next((each.reason for each in self.verdicts if each.promise == "run_was_fair" and each.red), None)

    def __str__(self) -> str:
        lines = [line for verdict in self.verdicts if verdict.red for line in _described(verdict)]
        return "\n".join([*lines, f"saved in {self.folder}", f"judge again: python -m e2e.judge {self.folder}"])


def required(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the standing promises and those that the tags name (@promise.NAME). ValueError for an unknown one."""
    tagged = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
    if unknown := [name for name in tagged if name not in CHECKERS]:
        raise ValueError(f"nobody judges {', '.join(unknown)}; there are {', '.join(CHECKERS)}")
    return tuple(name for name in dict.fromkeys((*STANDING, *tagged)) if name in CHECKERS)


def conclude(run: Run) -> Conclusion:
    """Bring the run to its end and judge what it saved."""
    try:
        run.settle(run.meta.patience + SETTLE_SLACK)
    finally:
        run.close()
    return Conclusion(run.folder, tuple(judge(store.load(run.folder), run.scene.required)))


def _described(verdict: Verdict) -> list[str]:
    lines = [f"{verdict.promise}: {verdict.answer.value.upper()}: {verdict.reason}"]
    lines += [f"  at {each.at:.3f} s {each.client}: {each.text}" for each in verdict.witnesses[:SHOWN]]
    if (more := len(verdict.witnesses) - SHOWN) > 0:
        lines.append(f"  and {more} more")
    return lines
