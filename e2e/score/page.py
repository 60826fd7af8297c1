"""A score as one HTML page that needs no network, with a link to the page of each run."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING

from e2e.report import html
from e2e.report.frame import framed
from e2e.score.table import ALL, SIGNS, counted, numbers
from e2e.score.tally import Standing, of_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.score.tally import Ended, Row, Score


def page(score: Score, title: str, conditions: Mapping[str, str], folder: Path) -> str:
    """Return the page; `folder` is where it will lie, so that links can be relative."""
    worst = Standing.BROKEN if score.exit_code == 1 else Standing.UNKNOWN if score.exit_code else Standing.KEPT
    return framed(
        "e2e.score",
        "page.html",
        title=title,
        answer=worst,
        meta=" · ".join(f"{name} {value}" for name, value in conditions.items() if value),
        promises="\n".join(_row(row, folder) for row in score.rows),
        standings="".join(f"<th>{standing}</th>" for standing in ALL),
        topics="\n".join(_topic(topic, counts) for topic, counts in score.topics.items()),
        scenarios="\n".join(_scenario(each, folder) for each in score.ended),
    )


def _row(row: Row, folder: Path) -> str:
    told = ""
    if row.worst is not None and row.standing is not Standing.KEPT:
        told = escape(row.worst.line) + _link(row.worst.scenario, row.worst.run, folder)
    name = f"<code>{row.promise}</code><br><small>{escape(row.sentence)}</small>"
    return (
        f'<tr class="{row.standing}"><td>{SIGNS[row.standing]}</td><td>{name}</td><td>{row.standing}</td>'
        f"<td>{counted(row)}</td><td>{told}</td></tr>"
    )


def _topic(topic: str, counts: Mapping[Standing, int]) -> str:
    cells = "".join(f"<td>{number}</td>" for number in numbers(counts))
    return f"<tr><td>{escape(topic)}</td>{cells}</tr>"


def _scenario(each: Ended, folder: Path) -> str:
    standing = of_scenario(each)
    told = escape(each.skipped or each.failure.partition("\n")[0])
    name = _link(each.name, each.run, folder) if each.run else escape(each.name)
    return (
        f'<tr class="{standing}"><td>{SIGNS[standing]}</td><td>{name}</td><td>{standing}</td>'
        f"<td>{each.seconds:.1f} s</td><td>{told}</td></tr>"
    )


def _link(scenario: str, run: str, folder: Path) -> str:
    if not run:
        return ""
    return f' <a href="{escape(os.path.relpath(run, folder))}/{html.NAME}">{escape(scenario)}</a>'
