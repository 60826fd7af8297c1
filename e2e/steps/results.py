"""What became of the scenarios: JUnit as they end, and the last lines of the output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from e2e.ledger.store import LATEST
from e2e.report.index import Line, page
from e2e.report.junit import Case, Outcome, judged, write_feature
from e2e.steps.judging import STANDING_STEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.steps.conclusion import Conclusion

REPORTS: Final = Path("reports")
JUNIT: Final = REPORTS / "junit"
INDEX: Final = REPORTS / "index.html"
LONGEST: Final = 300  # characters of a message; all of it is in the text
OUTCOMES: Final[dict[str, Outcome]] = {"passed": "passed", "failed": "failed", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario as it ended.

    `unfair` says why an earlier play did not count, None if there was none; `skipped` why it was not played; `doubt`
    why nobody can say whether this one shows a fault of the proxy's, None where that is known.
    """

    feature: str
    scenario: str
    location: str
    status: str
    seconds: float
    conclusion: Conclusion | None
    error: str
    unfair: str | None
    skipped: str = ""
    tags: tuple[str, ...] = ()
    doubt: str | None = None

    @classmethod
    def of(cls, scenario: Any, seconds: float) -> Played:
        """Return it of behave's scenario, to which the hooks have added `conclusion` and `unfair`."""
        return cls(
            feature=scenario.feature.name,
            scenario=scenario.name,
            location=str(scenario.location),
            status=scenario.status.name,
            seconds=seconds,
            conclusion=scenario.conclusion,
            error=error_of(scenario),
            unfair=scenario.unfair,
            skipped=scenario.skip_reason or "",
            tags=tuple(str(tag) for tag in scenario.effective_tags),
            doubt=doubt_of(scenario),
        )

    @property
    def outcome(self) -> Outcome:
        """Whatever is not passed, failed or skipped is an error."""
        return OUTCOMES.get(self.status, "error")

    def case(self) -> Case:
        """Return it as JUnit wants it."""
        if self.conclusion is None:
            case = Case(self.scenario, self.seconds, self.outcome, self.skipped, self.error)
        else:
            conclusion = self.conclusion
            case = judged(conclusion.history, conclusion.verdicts, self.seconds, conclusion.folder)
        if self.error:
            texts = [self.error] if case.text in self.error else [self.error, case.text]
            text = "\n\n".join(filter(None, texts))
            case = replace(case, outcome=self.outcome, message=self._complaint(case), text=text)
        if self.unfair is not None:
            case = replace(case, output=f"played once more, the first run was not fair: {self.unfair}\n\n{case.output}")
        return replace(case, file=self.location)

    def _complaint(self, judged: Case) -> str:
        """One line: what the judge says, or else which step failed and what it saw."""
        step, _, seen = self.error.partition("\n")
        if STANDING_STEP in step and judged.message:
            return judged.message
        said = next((line for line in seen.splitlines() if line.strip()), "").removeprefix("ASSERT FAILED: ")
        return f"{step}: {said}"[:LONGEST] if said else step

    def line(self) -> Line:
        """Return it as the index of all scenarios wants it."""
        run = None if self.conclusion is None else self.conclusion.folder
        told = self.skipped or self.case().message
        return Line(self.feature, self.scenario, self.location, self.outcome, self.seconds, told, run)


class Results:
    """The scenarios played so far, by feature."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._properties = dict(properties)
        self._played: dict[str, dict[str, Played]] = {}
        self._lines: dict[tuple[str, str], Line] = {}

    def note(self, played: Played) -> None:
        """Keep what became of a scenario, a second play in the place of the first; write JUnit and the index."""
        scenarios = self._played.setdefault(played.feature, {})
        scenarios[played.scenario] = played
        write_feature(JUNIT, played.feature, [each.case() for each in scenarios.values()], self._properties)
        self._lines[played.feature, played.scenario] = played.line()
        INDEX.write_text(page([*self._lines.values()], self._properties, INDEX.parent), encoding="utf-8")

    @property
    def empty(self) -> bool:
        """Whether there was no scenario; one that was skipped is one."""
        return not self._played

    def summary(self) -> list[str]:
        """Return the last lines of the output: where to look, and the counts."""
        outcomes = [each.outcome for scenarios in self._played.values() for each in scenarios.values()]
        counts = {name: outcomes.count(name) for name in ("passed", "skipped")}
        failed = len(outcomes) - sum(counts.values())
        runs = [each.conclusion.folder for all_ in self._played.values() for each in all_.values() if each.conclusion]
        last = [f"last run: {runs[-1]} (runs/{LATEST}); judge it: python -m e2e.judge {LATEST}"] if runs else []
        return [
            f"report: {INDEX}; JUnit: {JUNIT}",
            *last,
            f"{counts['passed']} passed, {failed} failed, {counts['skipped']} skipped",
        ]


def doubt_of(scenario: Any) -> str | None:
    """Return why a failure may not be the proxy's fault: the run was not fair, or late steps on a starved machine."""
    conclusion: Conclusion | None = scenario.conclusion
    if conclusion is None or not scenario.status.has_failed():
        return None
    errors = [step.exception for step in scenario.all_steps if step.error_message and step.name != STANDING_STEP]
    return conclusion.doubt(errors)


def error_of(scenario: Any) -> str:
    """Return the message of the first step or hook of the scenario that failed, '' if none did."""
    failed = [step for step in scenario.all_steps if step.error_message]
    if failed:
        return f"{failed[0].keyword} {failed[0].name}\n{failed[0].error_message}"
    return scenario.error_message or ""
