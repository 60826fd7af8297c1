"""One page for all scenarios that were played together: how each ended, with a link to the page of its run."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from e2e.report import html
from e2e.report.frame import framed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SIGNS = {"passed": "✓", "failed": "✗", "error": "?", "skipped": "-"}
CLASSES = {"passed": "yes", "failed": "no", "error": "unknown", "skipped": "not"}
"""Outcomes, as the style sheet of the pages of runs calls answers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One scenario. `outcome` is JUnit's word, `told` a line of why; `run` is the folder of its run, if it has one."""

    feature: str
    scenario: str
    location: str
    outcome: str
    seconds: float
    told: str = ""
    run: Path | None = None


def page(lines: Sequence[Line], conditions: Mapping[str, str], folder: Path) -> str:
    """Return the page; `folder` is where it will lie, so that links can be relative."""
    counts = Counter(line.outcome for line in lines)
    worst = next((outcome for outcome in ("failed", "error") if counts[outcome]), "passed")
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in SIGNS if counts[outcome]) or "nothing yet"
    seconds = f"{sum(line.seconds for line in lines):.0f} s"
    return framed(
        "e2e.report",
        "index.html",
        title=told,
        heading="Scenarios",
        answer=CLASSES[worst],
        told=told,
        meta=" · ".join([seconds, *(f"{name} {value}" for name, value in conditions.items() if value)]),
        features="\n".join(_feature(name, list(group), folder) for name, group in groupby(lines, lambda x: x.feature)),
    )


def _feature(name: str, lines: Sequence[Line], folder: Path) -> str:
    heading = f'<tr class="feature"><th></th><th colspan="5">{escape(name)}</th></tr>'
    return "\n".join([heading, *(_row(line, folder) for line in lines)])


def _row(line: Line, folder: Path) -> str:
    name = escape(line.scenario)
    if line.run is not None:
        name = f'<a href="{escape(os.path.relpath(line.run / html.NAME, folder))}">{name}</a>'
    return (
        f'<tr class="{CLASSES[line.outcome]}"><td>{SIGNS[line.outcome]}</td><td>{name}</td><td>{line.outcome}</td>'
        f"<td>{line.seconds:.1f} s</td><td>{escape(line.told)}</td><td>{escape(line.location)}</td></tr>"
    )
