"""docs/track-record.md: bug, scenario, checker, when that was seen, and the command that shows it. Pure.

A gate writes the rows of the mutants that it tried, and leaves the others as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mutants.matrix import KILLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mutants.matrix import Record

HEAD: Final = """\
# Track record

Bugs that the suite has been seen to catch. Each is a mutant: our proxy with that one bug, in `mutants/`.
This page is written by `make gate`, each row by the last one that tried its mutant; do not edit it.

{caught} of {all} caught.

| bug | brings back | scenario | seen by | last tried | command |
| --- | --- | --- | --- | --- | --- |
"""
_ROW: Final = re.compile(r"^\| .* \| `make gate MUTANTS=(?P<name>[\w-]+)` \|$", re.MULTILINE)
ALIVE: Final = "**none**"
"""In the place of scenarios: nothing has failed the mutant."""


def written(
    records: Iterable[Record], when: str, versions: Mapping[str, str], names: Iterable[str], before: str
) -> str:
    """The page. `names`: the mutants that there are, in order; `before`: the page as it is, '' for none."""
    rows = {row["name"]: row[0] for row in _ROW.finditer(before)}
    rows |= {record.mutant.name: _row(record, when, versions) for record in records}
    left = [rows[name] for name in names if name in rows]
    caught = sum(f"| {ALIVE} |" not in row for row in left)
    return HEAD.format(caught=caught, all=len(left)) + "".join(f"{row}\n" for row in left)


def _row(record: Record, when: str, versions: Mapping[str, str]) -> str:
    mutant = record.mutant
    killed = record.state == KILLED
    scenarios = "<br>".join(outcome.scenario for outcome in record.outcomes if outcome.checkers) if killed else ALIVE
    seen = ", ".join([*(f"**{name}**" for name in sorted(record.right)), *sorted(record.checkers - record.right)])
    tried = f"{when}, geth {versions.get('geth', 'unknown')}"
    command = f"`make gate MUTANTS={mutant.name}`"
    cells = (mutant.bug, mutant.mode or "our own", scenarios, seen if killed else f"**{record.state}**", tried, command)
    return f"| {' | '.join(cells)} |"
