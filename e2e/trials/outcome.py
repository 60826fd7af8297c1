"""How a long run ended, for people and machines: text, one HTML page, JUnit, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from e2e.checkers.verdict import Answer, worst
from e2e.report.junit import Case, write_feature
from e2e.report.text import figures, table
from e2e.trials import page, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.checkers.verdict import Verdict
    from e2e.load.figures import Report, Violation
    from e2e.trials.page import Span
    from e2e.trials.seconds import Second

JUNIT: Final = Path("reports/junit")
EXIT_CODES: Final = {Answer.NO: 1, Answer.UNKNOWN: 2}
SHOWN: Final = 5  # witnesses and violations in the text; the page has more


@dataclass(frozen=True, slots=True)
class Outcome:
    """`spans`: the faults, on the load's clock. `properties`: the conditions, for JUnit. `again`: how to repeat it.

    `started`: when, in ISO 8601; `took`: seconds.
    """

    title: str
    folder: Path
    verdicts: tuple[Verdict, ...]
    seconds: tuple[Second, ...] = ()
    violations: tuple[Violation, ...] = ()
    spans: tuple[Span, ...] = ()
    report: Report | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    again: str = ""
    started: str = ""
    took: float = 0.0

    @property
    def answer(self) -> Answer:
        return worst(self.verdicts)

    @property
    def exit_code(self) -> int:
        """0 all kept, 1 something broken, 2 nobody can say."""
        return EXIT_CODES.get(self.answer, 0)

    @property
    def red(self) -> tuple[str, ...]:
        """What failed it, by name."""
        return tuple(each.promise for each in self.verdicts if each.red)

    def text(self) -> str:
        """Return the whole story as a person reads it."""
        parts = [self.title, table(self.verdicts), figures(self.verdicts)]
        if self.red:
            parts.append(self.explanation())
        where = [f"run:     {self.folder}", f"report:  {self.folder / page.NAME}"]
        return "\n\n".join([*parts, "\n".join([*where, *([f"again:   {self.again}"] if self.again else [])])])

    def explanation(self) -> str:
        """Return what shows that the red ones are red: witnesses, and violations with the frames around them."""
        lines = []
        for verdict in self.verdicts:
            if verdict.red:
                lines.append(f"{verdict.promise}: {verdict.answer}: {verdict.reason}")
                shown = verdict.witnesses[:SHOWN]
                lines += [f"  {each.at:9.3f} s  {each.client:<12} {each.text}" for each in shown]
                if more := len(verdict.witnesses) - len(shown):
                    lines.append(f"  … and {more} more")
        for violation in self.violations[:SHOWN]:
            lines += ["", f"{violation.kind} on {violation.lane} at {violation.at:.3f} s: {violation.text}"]
            lines += [f"  {each.at:9.3f} {each.way} {each.text[:110]}" for each in violation.frames]
        return "\n".join(lines)

    def save(self) -> None:
        """Write the seconds, the report and the page into the run's folder."""
        seconds.write(self.seconds, self.folder)
        if self.report is not None:
            (self.folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(self.report)))
        (self.folder / "violations.json").write_bytes(msgspec.json.format(msgspec.json.encode(list(self.violations))))
        (self.folder / page.NAME).write_text(page.page(self), encoding="utf-8")

    def write_junit(self, feature: str) -> None:
        """Say it in JUnit, in the place of what was said of `feature` before.

        That is for the run which somebody asked for: replays and mutants are not what failed.
        """
        case = Case(
            name=self.title,
            seconds=self.took,
            outcome={0: "passed", 1: "failed"}.get(self.exit_code, "error"),  # type: ignore[arg-type]
            message="; ".join(f"{each.promise}: {each.reason}" for each in self.verdicts if each.red),
            text=self.explanation() if self.red else "",
            output=self.text(),
            started=self.started,
        )
        write_feature(JUNIT, feature, [case], self.properties)
