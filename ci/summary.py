"""JUnit files → a page in Markdown: `python -m ci.summary reports/`, to $GITHUB_STEP_SUMMARY where there is one.

A row for each suite, then every case that failed with its message. No test at all is a failure: exit code 1, as for
one that failed; a file that cannot be read is one as well.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Outcome = Literal["passed", "failed", "error", "skipped"]

MOST_FAILURES = 40  # told in full; GitHub refuses a page of more than 1 MiB
MOST_TEXT = 4000  # characters of one failure

_MARKS: dict[str, Outcome] = {"failure": "failed", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class Case:
    suite: str
    name: str
    seconds: float
    outcome: Outcome
    message: str = ""
    text: str = ""

    @property
    def red(self) -> bool:
        return self.outcome in ("failed", "error")


def cases(files: Iterable[Path]) -> Iterator[Case]:
    """All test cases of the files, in their order. One that is no XML is an erroneous case itself."""
    for file in files:
        try:
            root = ET.parse(file).getroot()
        except (ET.ParseError, OSError) as error:
            yield Case(file.stem, str(file), 0.0, "error", f"cannot be read: {error}")
            continue
        for suite in root.iter("testsuite"):
            # pytest calls every suite the same: the file tells them apart
            name = suite.get("name", "").removeprefix("pytest") or file.stem
            yield from (_case(name, element) for element in suite.iter("testcase"))


def _case(suite: str, element: ET.Element) -> Case:
    mark = next((child for child in element if child.tag in _MARKS), None)
    return Case(
        suite=suite,
        name=element.get("name", "").strip(),
        seconds=float(element.get("time") or 0),
        outcome="passed" if mark is None else _MARKS[mark.tag],
        message="" if mark is None else mark.get("message", ""),
        text="" if mark is None else (mark.text or "").strip(),
    )


def page(title: str, all_cases: Sequence[Case]) -> str:
    """The summary in Markdown."""
    red = [case for case in all_cases if case.red]
    lines = [f"## {title}: {_verdict(all_cases)}", ""]
    if all_cases:
        lines += [
            "| suite | passed | failed | unknown or error | skipped | seconds |",
            "| --- | --: | --: | --: | --: | --: |",
        ]
        lines += [_row(suite, all_cases) for suite in dict.fromkeys(case.suite for case in all_cases)]
    for case in red[:MOST_FAILURES]:
        lines += ["", f"<details open><summary>{_cell(case.suite)}: {_cell(case.name)}</summary>", ""]
        lines += [*_block(case.message or case.outcome), *(_block(case.text) if case.text != case.message else [])]
        lines += ["", "</details>"]
    if len(red) > MOST_FAILURES:
        lines += ["", f"… and {len(red) - MOST_FAILURES} more; all of them are in the artifact."]
    return "\n".join(lines) + "\n"


def _verdict(all_cases: Sequence[Case]) -> str:
    if not all_cases:
        return "no test was run"
    red = sum(case.red for case in all_cases)
    return f"{red} of {len(all_cases)} failed" if red else f"{len(all_cases)} tests, none failed"


def _row(suite: str, all_cases: Sequence[Case]) -> str:
    own = [case for case in all_cases if case.suite == suite]
    counts = [sum(case.outcome == outcome for case in own) for outcome in ("passed", "failed", "error", "skipped")]
    figures = [str(count or "") for count in counts]
    return f"| {_cell(suite)} | {' | '.join(figures)} | {sum(case.seconds for case in own):.0f} |"


def _cell(text: str) -> str:
    """`text` where neither a table nor HTML may end early."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())


def _block(text: str) -> list[str]:
    """Indented, which no text can end as it could a fence."""
    cut = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n…"
    return ["", *(f"    {line}" for line in cut.splitlines()), ""]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ci.summary", description=__doc__)
    parser.add_argument("places", nargs="+", type=Path, help="JUnit files, or folders to look for them in")
    parser.add_argument("--title", default="Tests")
    given = parser.parse_args()
    files = [file for place in given.places for file in (sorted(place.rglob("*.xml")) if place.is_dir() else [place])]
    found = list(cases(files))
    text = page(given.title, found)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        with Path(target).open("a", encoding="utf-8") as out:
            out.write(text)
    else:
        sys.stdout.write(text)
    return 1 if not found or any(case.red for case in found) else 0


if __name__ == "__main__":
    sys.exit(main())
