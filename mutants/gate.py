"""Does the suite catch what it is for? Every mutant against its scenarios, and the sound proxy against all of them."""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e import exits
from e2e.checkers.verdict import Answer
from e2e.steps import guest
from e2e.steps.judging import STANDING_STEP
from e2e.steps.options import OptionError
from mutants import catalogue, stage, track
from mutants.catalogue import STEPS
from mutants.matrix import KILLED, Outcome, Record, idle, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from e2e.steps.results import Played
    from e2e.steps.theatre import Theatre
    from mutants.catalogue import Mutant

TRACK_RECORD: Final = Path("docs/track-record.md")
INCIDENT: Final = "mutants.incident"
_OURS: Final = re.compile(r'File ".*/mutants/\w+\.py".*\n(?:.*\n){0,8}?(\w+(?:Error|Exception): .*)')


def main(arguments: Sequence[str]) -> int:
    """0: a checker that was meant to caught each mutant, and the sound proxy passed; 1: not so; 2: a wrong call.

    3: it could not be played.
    With the whole catalogue a scenario that no mutant fails is a failure, too. The track record is brought up to date.
    """
    parser = argparse.ArgumentParser(prog="python -m mutants gate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; all by default")
    parser.add_argument("--issues", action="store_true", help="only the five issues of the incident, a scenario each")
    parser.add_argument("--seed", type=int, help="a whole number from which traffic is drawn")
    given = parser.parse_args(arguments)
    mutants = {name: each for name, each in catalogue.load().items() if catalogue.SOAK not in each.shown_by}
    if strangers := [name for name in given.names if name not in mutants]:
        parser.error(f"no mutant of the gate: {', '.join(strangers)}; python -m mutants --list names them all")
    chosen = [mutants[name] for name in given.names] or list(mutants.values())
    if given.issues:
        chosen = [replace(each, shown_by=each.shown_by[:1]) for each in chosen if each.apply.__module__ == INCIDENT]
    began = time.monotonic()
    try:
        with stage.network(given.seed) as theatre:
            versions = dict(theatre.stage.versions)
            control = _control(theatre, chosen)
            records = [_try(theatre, mutant) for mutant in chosen]
    except OptionError as error:
        parser.error(str(error))
    except exits.STOPPERS as error:
        print(error, file=sys.stderr)
        return exits.COULD_NOT_START
    unproven: list[str] = []
    if not given.issues:  # those play a part of each mutant's scenarios only
        _keep(records, versions, list(mutants))
    if len(records) == len(mutants):
        unproven = idle({name: guest.outlines()[name] for name in guest.scenarios()}, records)
    return _report(control, records, unproven, time.monotonic() - began)


def _keep(records: Sequence[Record], versions: Mapping[str, str], names: Sequence[str]) -> None:
    before = TRACK_RECORD.read_text(encoding="utf-8") if TRACK_RECORD.exists() else ""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    TRACK_RECORD.write_text(track.written(records, when, versions, names, before), encoding="utf-8")


def _control(theatre: Theatre, mutants: Sequence[Mutant]) -> list[Outcome]:
    """The sound proxy against the same scenarios."""
    scenarios = {scenario for mutant in mutants for scenario in mutant.shown_by}
    outcomes = [outcome(played, None) for played in stage.play(theatre, None, scenarios)]
    for each in outcomes:
        _say("control", each)
    return outcomes


def _try(theatre: Theatre, mutant: Mutant) -> Record:
    """Once more, if nothing was seen and nobody can say why."""
    record = _play(theatre, mutant)
    unclear = record.state != KILLED and any(each.unclear for each in record.outcomes)
    return _play(theatre, mutant) if unclear else record


def _play(theatre: Theatre, mutant: Mutant) -> Record:
    played = stage.play(theatre, mutant.name, mutant.shown_by)
    record = Record(mutant, tuple(outcome(each, mutant.name) for each in played))
    for each in record.outcomes:
        _say(mutant.name, each)
    return record


def outcome(played: Played, mutant: str | None) -> Outcome:
    """What a scenario's judges said of a proxy."""
    verdicts = () if played.conclusion is None else played.conclusion.verdicts
    said = [(each.promise, each.reason) for each in verdicts if each.answer is Answer.NO]
    unclear = [f"{each.promise}: {each.reason}" for each in verdicts if each.answer is Answer.UNKNOWN]
    error = "" if played.conclusion is not None else f"it was not judged: {played.error or played.status}"
    if played.conclusion is not None and mutant is not None:
        error = crash(played.conclusion.folder / "logs" / "proxy.log")
    if played.error and STANDING_STEP not in played.error.splitlines()[0]:
        said.append((STEPS, " ".join(played.error.splitlines()[:2])))
    return Outcome(
        mutant,
        guest.name_of(played),
        played.seconds,
        "" if played.conclusion is None else str(played.conclusion.folder),
        tuple(said),
        error,
        "; ".join(unclear),
    )


def crash(log: Path) -> str:
    """The error that the mutant's own lines raised, if they did: then it is not the bug that was seen."""
    try:
        found = _OURS.search(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return "" if found is None else f"the mutant itself crashed: {found[1]} ({log})"


def _say(who: str, each: Outcome) -> None:
    said = ", ".join(sorted(each.names)) or each.error or (f"UNKNOWN {each.unclear}" if each.unclear else "content")
    print(f"{who:28} {each.seconds:5.1f} s  {each.scenario}: {said}", flush=True)


def _report(control: Sequence[Outcome], records: Sequence[Record], unproven: Sequence[str], seconds: float) -> int:
    alive = [record for record in records if record.state != KILLED]
    wrong = [each for each in control if each.checkers or each.error or each.unclear]
    print(f"\n{table(records)}\n")
    for record in alive:
        print(f"{record.mutant.name}: {record.state}: {record.why}")
        print(f"  bug:  {record.mutant.bug}")
        print("".join(f"  run:  {each.run}\n" for each in record.outcomes), end="")
    for each in wrong:
        print(
            f"the sound proxy failed {each.scenario}: {each.checkers or each.error or each.unclear}\n  run:  {each.run}"
        )
    for scenario in unproven:
        print(f"no mutant has failed {scenario}")
    killed = f"{len(records) - len(alive)} of {len(records)} mutants killed"
    print(f"{killed}, {len(wrong)} of {len(control)} controls failed, {len(unproven)} scenarios idle, {seconds:.0f} s")
    return 1 if alive or wrong or unproven else 0
