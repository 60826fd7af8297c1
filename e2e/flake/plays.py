"""What became of scenarios that were played again and again: one `Play` each, kept as JSON lines, and their summary."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from e2e.checkers.verdict import Answer
from e2e.steps import guest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from e2e.steps.results import Played

MOSTLY: Final = 0.5
"""The share of a scenario's plays that must have been fair: of one that hardly ever is nothing is known."""


class Outcome(StrEnum):
    """How a play ended. UNKNOWN: twice the run was not fair, and no promise was broken; SKIPPED: nobody claims it."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Play:
    """One scenario in one round. `replayed` says why a first run did not count, '' if there was none.

    `why` is '' for what passed; `run` is the folder of the run that counts, relative to the working directory.
    """

    number: int
    scenario: str
    outcome: Outcome
    seconds: float
    replayed: str
    why: str
    run: str


def play_of(number: int, played: Played) -> Play:
    """Read what became of a scenario in the round `number`. A promise broken is a failure, fair run or not."""
    conclusion = played.conclusion
    run = "" if conclusion is None else str(conclusion.folder)
    why = ""
    if played.outcome == "passed":
        outcome = Outcome.PASSED
    elif played.outcome == "skipped":
        outcome, why = Outcome.SKIPPED, played.skipped
    elif played.doubt is not None:
        outcome, why = Outcome.UNKNOWN, played.doubt
    else:
        outcome = Outcome.FAILED
        broken = [] if conclusion is None else [each for each in conclusion.verdicts if each.answer is Answer.NO]
        said = [f"{each.promise}: {each.reason}" for each in broken]
        why = "; ".join([" ".join(played.error.splitlines()[:2]) or played.status, *said])
    name = guest.name_of(played)
    return Play(number, name, outcome, round(played.seconds, 2), played.unfair or "", why, run)


def save(play: Play, file: Path) -> None:
    """Append it."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(play)) + "\n")


def load(file: Path) -> list[Play]:
    """Read what was saved; nothing if the file is not there, and no half-written last line."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    fields = [json.loads(line) for line in lines if line.endswith("\n")]
    return [Play(**{**each, "outcome": Outcome(each["outcome"])}) for each in fields]


def failures(plays: Iterable[Play]) -> list[Play]:
    return [play for play in plays if play.outcome is Outcome.FAILED]


def undecided(plays: Sequence[Play]) -> list[str]:
    """Scenarios of which too few plays were fair."""
    names = dict.fromkeys(play.scenario for play in plays)
    return [name for name in names if _fair(plays, name) < MOSTLY * sum(play.scenario == name for play in plays)]


def counts(plays: Iterable[Play]) -> str:
    """As in '12 passed, 1 failed'."""
    outcomes = [play.outcome for play in plays]
    return ", ".join(f"{outcomes.count(each)} {each}" for each in Outcome if each in outcomes)


def summary(plays: Sequence[Play]) -> str:
    """A line a scenario, then whatever was not passed, with where to look."""
    names = sorted({play.scenario for play in plays})
    width = max(map(len, names), default=0)
    lines = [f"{'':{width}}  plays failed unknown replayed  slowest"]
    lines += [f"{name:{width}}  {_figures([play for play in plays if play.scenario == name])}" for name in names]
    lines += [_told(play) for play in plays if play.outcome in {Outcome.FAILED, Outcome.UNKNOWN}]
    lines += [f"too few fair runs of {name}: this machine is too slow to say" for name in undecided(plays)]
    return "\n".join(lines)


def _figures(plays: Sequence[Play]) -> str:
    failed, unknown = (sum(play.outcome is each for play in plays) for each in (Outcome.FAILED, Outcome.UNKNOWN))
    again, slowest = sum(bool(play.replayed) for play in plays), max(play.seconds for play in plays)
    return f"{len(plays):5} {failed:6} {unknown:7} {again:8} {slowest:6.1f} s"


def _fair(plays: Iterable[Play], name: str) -> int:
    return sum(play.scenario == name and play.outcome is not Outcome.UNKNOWN for play in plays)


def _told(play: Play) -> str:
    where = f"\n  run: {play.run}; judge it: python -m e2e.judge {play.run}" if play.run else ""
    return f"{play.outcome} in round {play.number}: {play.scenario}\n  {play.why}{where}"
