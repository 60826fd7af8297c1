"""One page for a run, in one file that needs no network: the time line, the verdicts, the witnesses."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from e2e.checkers.verdict import Verdict, worst
from e2e.report.frame import framed, verdict_rows
from e2e.report.story import story
from e2e.report.text import SIGNS, WITNESSES, witness_block
from e2e.report.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2e.ledger.history import History

NAME = "report.html"

LEGEND = {
    "var(--bad)": "link broken, lost",
    "var(--violet)": "silent; never asked for",
    "var(--warn)": "slow or wrong; error answer",
    "var(--good)": "served clients; head",
    "var(--blue)": "answer",
}


def page(history: History, verdicts: Sequence[Verdict], run: Path) -> str:
    """The whole page as text; `run` is the folder that its commands name."""
    meta = history.meta
    return framed(
        "e2e.report",
        "page.html",
        title=meta.scenario,
        answer=worst(verdicts),
        meta=f"{meta.feature or 'run'} · {meta.sut} · {meta.started} · {history.end:.1f} s · seed {meta.seed}",
        story=story(history, verdicts),
        timeline=timeline(history, verdicts),
        legend="".join(f'<i class="key" style="background:{colour}"></i>{words}' for colour, words in LEGEND.items()),
        verdicts=verdict_rows(verdicts),
        witnesses="\n".join(_witnesses(history, verdict) for verdict in verdicts if verdict.red),
        run=escape(str(run)),
        details=_details(history),
    )


def write(history: History, verdicts: Sequence[Verdict], run: Path) -> Path:
    """Write the page into the run's folder; returns its path."""
    path = run / NAME
    path.write_text(page(history, verdicts, run), encoding="utf-8")
    return path


def _witnesses(history: History, verdict: Verdict) -> str:
    blocks = [f"<pre>{escape(witness_block(history, witness))}</pre>" for witness in verdict.witnesses[:WITNESSES]]
    rest = verdict.witnesses[WITNESSES:]
    if rest:
        lines = "\n".join(f"{each.at:9.3f} s  {each.client:<12} {each.text}" for each in rest)
        blocks.append(f"<details><summary>{len(rest)} more</summary><pre>{escape(lines)}</pre></details>")
    return f"<h3>{SIGNS[verdict.answer]} {verdict.promise}: {escape(verdict.reason)}</h3>\n{''.join(blocks)}"


def _details(history: History) -> str:
    meta = history.meta
    told = {**meta.versions, **meta.options, "testbed": meta.testbed, "tags": ", ".join(meta.tags)}
    return f"<p>{escape(' · '.join(f'{name} {value}' for name, value in told.items() if value))}</p>"
