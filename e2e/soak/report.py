"""A soak on one page that needs no network: curves and verdicts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from e2e.report.frame import framed, verdict_rows
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
    seconds = sum(leg.seconds for leg in legs)
    proxy = plan.choice.command or plan.choice.sut
    meta = (
        f"{spoken(seconds)} of {spoken(plan.duration)} · {plan.clients} clients, {plan.rate:g} requests a second · "
        f"a reconnection every {spoken(plan.every)} · {proxy} · seed {plan.seed}"
    )
    page = framed(
        "e2e.soak",
        NAME,
        title="Soak",
        answer=answer(found),
        meta=meta,
        plots=plots(legs),
        verdicts=verdict_rows(found),
        run=escape(str(run)),
    )
    path = run / NAME
    path.write_text(page, encoding="utf-8")
    return path
