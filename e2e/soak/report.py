"""A soak on one page that needs no network: curves and verdicts."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from e2e.report.text import SIGNS, figures
from e2e.soak.duration import spoken
from e2e.soak.plots import plots
from e2e.soak.verdicts import answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2e.checkers.verdict import Verdict
    from e2e.soak.gather import LegFigures
    from e2e.soak.plan import Plan

NAME: Final = "report.html"


def write(run: Path, plan: Plan, legs: Sequence[LegFigures], found: Sequence[Verdict]) -> Path:
    """Write the page into the run's folder; returns its path."""
    style = resources.files("e2e.report").joinpath("page.css").read_text(encoding="utf-8")
    template = resources.files("e2e.soak").joinpath(NAME).read_text(encoding="utf-8")
    seconds = sum(leg.seconds for leg in legs)
    proxy = plan.choice.command or plan.choice.sut
    meta = (
        f"{spoken(seconds)} of {spoken(plan.duration)} · {plan.clients} clients, {plan.rate:g} requests a second · "
        f"a reconnection every {spoken(plan.every)} · {proxy} · seed {plan.seed}"
    )
    page = Template(template).substitute(
        title="Soak",
        style=style,
        answer=answer(found),
        meta=escape(meta),
        plots=plots(legs),
        verdicts="\n".join(map(_row, found)),
        run=escape(str(run)),
    )
    path = run / NAME
    path.write_text(page, encoding="utf-8")
    return path


def _row(verdict: Verdict) -> str:
    told = figures([verdict]).partition(verdict.promise)[2].strip()
    cells = [SIGNS[verdict.answer], verdict.promise, verdict.answer, verdict.reason]
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{verdict.answer}">{inner}<td class="figures">{escape(told)}</td></tr>'
