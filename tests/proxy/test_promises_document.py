"""docs/promises.md names no test that does not exist, and every failure mode that a test is marked with."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "promises.md").read_text()
SOURCES = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
MODES = (
    [f"issue {number}" for number in range(1, 6)]
    + [f"L{number}" for number in range(1, 14)]
    + [f"S{number}" for number in range(1, 9)]
    + [f"C{number}" for number in range(1, 7)]
    + [f"H{number}" for number in range(1, 14)]
)


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+|Test\w+)`", DOCUMENT))
    made = {
        name for source in SOURCES for name in re.findall(r"\b(?:def (test_\w+)|(?:class )?(Test\w+)(?= =|\())", source)
    }
    assert len(named) > 60
    assert named <= {name for pair in made for name in pair}


def test_every_failure_mode_has_a_row_and_every_mark_is_one_of_them() -> None:
    rows = re.findall(r"^\| ((?:issue |[LSCH])\d+(?:, [LSCH]\d+)*) \|", DOCUMENT, re.MULTILINE)
    assert [mode for row in rows for mode in row.split(", ")] == MODES
    marks = {
        mode
        for source in SOURCES
        for row in re.findall(r"@mode\((.*?)\)", source)
        for mode in re.findall('"(.*?)"', row)
    }
    assert marks <= set(MODES)
