"""JUnit: one file for each feature, one test case for each scenario, in the dialect that CI readers agree on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from junit_xml import TestCase, TestSuite, to_xml_report_string

from e2e.checkers.verdict import Answer, worst
from e2e.report import html
from e2e.report.text import explain, figures, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.history import History

Outcome: TypeAlias = Literal["passed", "failed", "error", "skipped"]

_OUTCOMES: dict[Answer, Outcome] = {Answer.NO: "failed", Answer.UNKNOWN: "error"}

# XML 1.0 knows no way to write these, and one of them makes the whole file unreadable.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario played. `message` is one line, `text` all that explains a red one, `output` whatever else was said.

    `failed`: the proxy broke a promise or a step did not hold. `error`: nobody can say (UNKNOWN, or a crash).
    """

    name: str
    seconds: float
    outcome: Outcome
    message: str = ""
    text: str = ""
    output: str = ""
    started: str = ""  # ISO 8601
    file: str = ""  # the feature file and line: features/x.feature:12


def judged(history: History, verdicts: Sequence[Verdict], seconds: float, run: Path) -> Case:
    """The test case of a run that was played to its end and judged. GitLab links to what is said to be attached."""
    red = [verdict for verdict in verdicts if verdict.red]
    return Case(
        name=history.meta.scenario,
        seconds=seconds,
        outcome=_OUTCOMES.get(worst(verdicts), "passed"),
        message="; ".join(f"{verdict.promise}: {verdict.reason}" for verdict in red),
        text=explain(history, verdicts, run),
        output=f"{table(verdicts)}\n\n{figures(verdicts)}\n\nrun: {run}\n[[ATTACHMENT|{run / html.NAME}]]",
        started=history.meta.started,
    )


def write_feature(folder: Path, feature: str, cases: Sequence[Case], properties: Mapping[str, str]) -> Path:
    """Write (or write again, with more cases) the file of one feature; returns its path.

    `properties` say under which conditions all of its cases were played: seed, versions, testbed, pace.
    """
    suite = TestSuite(
        _printable(feature),
        [_case(feature, case) for case in cases],
        properties={_printable(name): _printable(value) for name, value in properties.items()},
        timestamp=min((case.started for case in cases if case.started), default=None),
    )
    folder.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[\W_]+", "-", feature.lower()).strip("-") or "feature"
    path = folder / f"TEST-{slug}.xml"
    path.write_text(to_xml_report_string([suite], encoding="utf-8"), encoding="utf-8")
    return path


def _case(feature: str, case: Case) -> TestCase:
    file, _, line = case.file.partition(":")
    test = TestCase(
        _printable(case.name),
        classname=_printable(feature),
        # The library leaves a zero out, and readers take a case without a time for one that was not played.
        elapsed_sec=max(case.seconds, 0.001),
        stdout=_printable(case.output) or None,
        timestamp=case.started or None,
        file=file or None,
        line=line or None,
    )
    message, text = _printable(case.message), _printable(case.text)
    if case.outcome == "failed":
        test.add_failure_info(message or "failed", text, "promise broken")
    elif case.outcome == "error":
        test.add_error_info(message or "unknown", text, "unknown")
    elif case.outcome == "skipped":
        test.add_skipped_info(message or "skipped", text)
    return test


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
