"""A score as text for a terminal, and as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from e2e.score.tally import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from e2e.score.tally import Row, Score

SIGNS: Final = {
    Standing.KEPT: "✓",
    Standing.BROKEN: "✗",
    Standing.UNKNOWN: "?",
    Standing.NOT_CLAIMED: "-",
    Standing.NOT_REACHED: "·",
}
ALL: Final = tuple(SIGNS)


def text(score: Score) -> str:
    """A line for each promise, below it the worst witness; then how the scenarios of each topic ended."""
    lines: list[str] = []
    for row in score.rows:
        lines.append(f"{SIGNS[row.standing]} {row.promise:<22} {row.standing:<12} {counted(row)}")
        if row.worst is not None and row.standing is not Standing.KEPT:
            lines.append(f"    {row.worst.line}")
            if row.worst.run:
                lines.append(f"    {row.worst.scenario}: {row.worst.run}")
    lines += ["", f"{'topic':<24} {' '.join(f'{each:>11}' for each in ALL)}"]
    for topic, counts in score.topics.items():
        lines.append(f"{topic:<24} {' '.join(f'{number:>11}' for number in numbers(counts))}")
    return "\n".join([*lines, "", *summary(score)])


def markdown(score: Score, title: str, conditions: Mapping[str, str]) -> str:
    """The same as a page."""
    rows = [
        f"| {SIGNS[row.standing]} {row.standing} | `{row.promise}` | {row.sentence} | {counted(row)} | {_worst(row)} |"
        for row in score.rows
    ]
    topics = [f"| {topic} | {' | '.join(numbers(counts))} |" for topic, counts in score.topics.items()]
    return "\n".join(
        [
            f"# {title}",
            "",
            *summary(score),
            "",
            *_table(("", "promise", "in words", "scenarios", "worst witness, or why not"), rows),
            "",
            *_table(("topic", *ALL), topics),
            "",
            " · ".join(f"{name} {value}" for name, value in conditions.items() if value),
            "",
        ]
    )


def counted(row: Row) -> str:
    """In how many of the scenarios that put it to the test."""
    if row.standing is Standing.BROKEN:
        return f"in {row.counts[Standing.BROKEN]} of {row.judged}"
    return f"in {row.judged}" if row.judged else ""


def numbers(counts: Mapping[Standing, int]) -> list[str]:
    """How many scenarios of a topic stood how, in the order of ALL; '' for none."""
    return [str(counts.get(each, 0) or "") for each in ALL]


def summary(score: Score) -> list[str]:
    """What is kept and what is broken, each in a line."""
    lines = [
        f"{standing}: {', '.join(names)}"
        for standing in (Standing.KEPT, Standing.BROKEN, Standing.UNKNOWN, Standing.NOT_CLAIMED, Standing.NOT_REACHED)
        if (names := score.promises(standing))
    ]
    return [line for each in lines for line in (each, "")][:-1]


def _worst(row: Row) -> str:
    if row.worst is None or row.standing is Standing.KEPT:
        return ""
    told = f"{row.worst.scenario}: {row.worst.line}" if row.worst.run else row.worst.line
    return re.sub(r"([|<*_`])", r"\\\1", told)


def _table(heading: Sequence[str], rows: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"| {' | '.join('---' for _ in heading)} |"
    yield from rows
