"""What every page shares, so that it is one file that needs no network: frame, style sheet, rows of verdicts."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from e2e.report.text import SIGNS, figures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.checkers.verdict import Verdict


def framed(
    package: str, name: str, *, title: str, answer: str, meta: str, heading: str = "", told: str = "", **parts: str
) -> str:
    """Return a page: the template `name` of `package` with `parts`, which are HTML, in the frame of all pages.

    `title`, `meta`, `heading` (the title, if not given) and `told` (the answer, if not given) are plain text; `answer`
    is a class of the style sheet.
    """
    return _template("e2e.report", "frame.html").substitute(
        title=escape(title),
        style=_read("e2e.report", "page.css"),
        answer=answer,
        told=escape(told or answer),
        heading=escape(heading or title),
        meta=escape(meta),
        content=_template(package, name).substitute(parts).rstrip(),
    )


def verdict_rows(verdicts: Iterable[Verdict]) -> str:
    """Return the rows of a table of verdicts: sign, promise, answer, reason, figures."""
    return "\n".join(map(_row, verdicts))


def _row(verdict: Verdict) -> str:
    told = figures([verdict]).partition(verdict.promise)[2].strip()
    cells = [SIGNS[verdict.answer], verdict.promise, verdict.answer, verdict.reason]
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{verdict.answer}">{inner}<td class="figures">{escape(told)}</td></tr>'


def _template(package: str, name: str) -> Template:
    return Template(_read(package, name))


def _read(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
