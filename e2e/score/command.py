"""`python -m e2e score`: play every scenario against a proxy, and say promise by promise what it kept."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from behave.tag_expression import make_tag_expression

from e2e.amounts import above_zero
from e2e.exits import STOPPED
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.score import table
from e2e.score.page import page
from e2e.score.tally import Ended, of_scenario, score, short
from e2e.steps import guest, options
from e2e.steps.conclusion import TAG
from e2e.steps.judging import STANDING_STEP
from e2e.steps.needs import NOT_CLAIMED
from e2e.steps.options import OptionError
from e2e.steps.theatre import Theatre
from e2e.sut.profile import ProfileError
from e2e.sut.protocol import SutError
from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2e.score.tally import Score
    from e2e.steps.results import Played

REPORTS: Final = Path("reports/score")
BROKEN: Final = 1


def main(arguments: Sequence[str]) -> int:
    """0: nothing is broken; 1: something is; 2: nobody can say, or a wrong call; 130: stopped, and nothing is."""
    given = _parser().parse_args(arguments)
    chosen = {name: value for name, _, value in (each.partition("=") for each in given.define)}
    chosen |= {name: str(value) for name in ("sut", "seed") if (value := getattr(given, name)) is not None}
    try:
        theatre = Theatre.open(options.read(chosen))
    except (OptionError, ProfileError, SutError, TestbedError) as error:
        print(error, file=sys.stderr)
        return 2
    name = theatre.stage.profile.name
    folder = REPORTS / name.replace("/", "-")
    played: list[Played] = []
    stopped = False
    try:
        for part in _play(theatre, given.tags, folder, given.minutes):
            played += part
    except KeyboardInterrupt:
        stopped = True
        print("stopped: the score is of what was played", file=sys.stderr)
    finally:
        theatre.close()
    if not played:
        if stopped:
            return STOPPED
        print(f"no scenario has the tags {given.tags!r}", file=sys.stderr)
        return 2
    told = score([_ended(each) for each in played], theatre.stage.profile.not_claimed)
    print(f"\n{table.text(told)}\n")
    conditions = {**theatre.stage.versions, "seed": str(theatre.stage.seed), **theatre.stage.options}
    for path in _write(told, name, conditions, folder):
        print(path)
    return STOPPED if stopped and told.exit_code != BROKEN else told.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e score", description=__doc__)
    parser.add_argument("--sut", metavar="PROFILE", help="a name in e2e/sut/profiles (default vixy-py), or a path")
    parser.add_argument("--tags", default="", metavar="EXPRESSION", help="only these scenarios, as for behave")
    parser.add_argument("--seed", type=int, help="a whole number from which traffic is drawn")
    parser.add_argument(
        "--minutes", type=above_zero, default=120, help="begin no topic after this time (default %(default)s)"
    )
    parser.add_argument("-D", dest="define", action="append", default=[], metavar="NAME=VALUE", help="as for behave")
    return parser


def _play(theatre: Theatre, tags: str, folder: Path, minutes: float) -> Iterator[list[Played]]:
    """Play topic by topic, so that a proxy that breaks everything is not waited for without end."""
    wanted = make_tag_expression(tags)
    topics: dict[str, list[str]] = {}
    for name, its_tags in guest.scenarios().items():
        if wanted.check(its_tags):
            topics.setdefault(name.partition(":")[0], []).append(name)
    end = time.monotonic() + 60 * minutes
    for topic, names in topics.items():
        if time.monotonic() >= end:
            print(f"not played, {minutes:g} minutes are over: {topic}")
            continue
        played = guest.play(theatre, names, folder / "logs" / f"{topic}.txt")
        for each in played:
            print(f"{of_scenario(_ended(each)):11} {each.seconds:5.1f} s  {each.location}  {each.scenario}", flush=True)
        yield played


def _ended(played: Played) -> Ended:
    toothless = FaultDidNotBiteError.__name__ in played.error
    first, _, rest = played.error.partition("\n")
    own = played.conclusion is not None and STANDING_STEP not in first
    return Ended(
        topic=played.feature,
        name=played.scenario,
        promises=frozenset(tag.removeprefix(TAG) for tag in played.tags if tag.startswith(TAG)),
        verdicts=() if played.conclusion is None else played.conclusion.verdicts,
        failure=short(f"{first}: {rest.replace('ASSERT FAILED: ', '')}") if played.error and own else "",
        toothless=toothless,
        started=played.conclusion is not None,
        skipped=played.skipped.removeprefix(NOT_CLAIMED),
        run="" if played.conclusion is None else str(played.conclusion.folder),
        seconds=played.seconds,
    )


def _write(told: Score, name: str, conditions: dict[str, str], folder: Path) -> Iterator[Path]:
    title = f"Score of {name}"
    texts = {
        "score.md": table.markdown(told, title, conditions),
        "score.html": page(told, title, conditions, folder),
    }
    for file, text in texts.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        yield path
