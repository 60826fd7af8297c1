"""The end of a scenario: settle, save, and judge what was saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.checkers import CHECKERS, machine
from e2e.checkers.verdict import UNTESTED, Answer, Verdict
from e2e.judge import judge
from e2e.ledger import store
from e2e.promises import PROMISES
from e2e.report import html
from e2e.report.text import explain
from e2e.wait import TooLateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from e2e.ledger.history import History
    from e2e.run import Run

# What every scenario puts to the test, whatever else it is about: its base load sees to that.
STANDING: Final = (
    "run_was_fair",
    "answered_once",
    "no_strangers",
    "answers_fit",
    "subscriptions_survive",
    "heads_continuous",
)
TAG: Final = "promise."
SETTLE_SLACK: Final = 2.0  # seconds beyond the patience after which silence is a verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the judge said of a run."""

    folder: Path
    history: History
    verdicts: tuple[Verdict, ...]

    @property
    def red(self) -> bool:
        """Whether any promise was broken, or nobody knows."""
        return any(verdict.red for verdict in self.verdicts)

    @property
    def unfair(self) -> str | None:
        """Why nobody can say whether the proxy is at fault; None if that is known, or if a promise was broken."""
        answers = {verdict.answer for verdict in self.verdicts}
        if Answer.NO in answers or Answer.UNKNOWN not in answers:
            return None
        return next(f"{each.promise}: {each.reason}" for each in self.verdicts if each.answer is Answer.UNKNOWN)

    def _starved(self, errors: Sequence[TooLateError]) -> str | None:
        """Why what came too late may not be the proxy's fault; None if it is, or if a promise was broken."""
        if any(verdict.answer is Answer.NO for verdict in self.verdicts):
            return None
        if machine.starved(self.history):
            return f"somebody waited for a CPU in {self.history.pressure(0.0, self.history.end):.0%} of the time"
        late = [each for error in errors for each in error.late]
        if all(error.late for error in errors) and all(machine.excused(self.history, *each) for each in late):
            return f"somebody waited for a CPU each of the {len(late)} times"
        return None

    def doubt(self, errors: Sequence[object]) -> str | None:
        """Return why what failed, with these errors of steps, may not be the proxy's fault; None if it is.

        A step that saw something wrong ended the scenario: that it came to nothing else leaves no doubt about that.
        """
        late = [each for each in errors if isinstance(each, TooLateError)]
        if late and len(late) == len(errors) and (why := self._starved(late)) is not None:
            return f"too late, on a machine that had no time: {why}"
        unclear = [verdict for verdict in self.verdicts if verdict.answer is Answer.UNKNOWN]
        cut_short = all(verdict.reason.startswith(UNTESTED) for verdict in unclear)
        wrong = any(isinstance(each, AssertionError) and not isinstance(each, TooLateError) for each in errors)
        return None if wrong and cut_short else self.unfair

    def __str__(self) -> str:
        if not self.red:
            return f"no promise was broken\nrun: {self.folder}\nreport: {self.folder / html.NAME}"
        return f"{explain(self.history, self.verdicts, self.folder)}\nreport:      {self.folder / html.NAME}"


def required(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the standing promises and those that the tags name (@promise.NAME), as far as checkers judge them.

    ValueError for an unknown one.
    """
    tagged = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
    if unknown := [name for name in tagged if name not in PROMISES]:
        raise ValueError(f"nobody judges {', '.join(unknown)}; there are {', '.join(PROMISES)}")
    return tuple(dict.fromkeys((*STANDING, *(name for name in tagged if name in CHECKERS))))


def conclude(run: Run) -> Conclusion:
    """Bring the run to its end and judge what it saved."""
    try:
        run.settle(run.meta.patience + SETTLE_SLACK)
    finally:
        run.close()
    history = store.load(run.folder)
    conclusion = Conclusion(run.folder, history, tuple(judge(history, run.scene.required)))
    html.write(history, conclusion.verdicts, run.folder)
    return conclusion
