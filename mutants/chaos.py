"""Does chaos catch bugs? One schedule against several mutants; what fails is shrunk and replayed from its file."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from e2e import exits
from e2e.amounts import above_zero, at_least_one
from e2e.chaos.config import ChaosConfig
from e2e.chaos.draw import draw
from e2e.chaos.run import TAGS, play
from e2e.chaos.schedule import load
from e2e.chaos.shrink import shrink
from e2e.checkers.verdict import Answer
from e2e.load.plan import Plan
from e2e.steps.venues import RUNS
from e2e.trials.terminal import Terminal
from mutants import catalogue, stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from e2e.chaos.schedule import Schedule
    from e2e.steps.theatre import Theatre
    from e2e.trials.outcome import Outcome

FIVE: Final = (
    "forgets-flights",
    "forwards-replay-answers",
    "multiplies-subscriptions",
    "replays-heads-only",
    "stays-on-backup",
)
"""Lost in flight; leaked replays; heads told twice; dead subscriptions; no way home. Each in every play of SEED."""
DENSE: Final = ChaosConfig(
    period=20.0,
    network_delay_probability=0.0,
    slow_response_probability=0.0,
    partial_failure_probability=0.0,
)
"""What elsewhere happens in a minute happens in twenty seconds; nodes are ill or well, nothing is slow to blur it."""

SECONDS: Final = 25.0
SEED: Final = 475
"""Falls silent twice: the primary in use, then the other one, which leaves the backups. Its first half does it all."""

BUDGET: Final = 1  # replays to shrink a schedule


@dataclass(frozen=True, slots=True)
class Record:
    """What a mutant broke at first, and when the file of the shrunk schedule was played."""

    name: str
    broken: frozenset[str]
    again: frozenset[str]
    file: Path | None
    deeds: int
    seconds: float

    @property
    def caught(self) -> bool:
        return bool(self.broken & self.again)


def main(arguments: Sequence[str]) -> int:
    """0: the sound proxy passed, each mutant was caught twice; 1: not so; 2: a wrong call; 3: nothing was played."""
    parser = argparse.ArgumentParser(prog="python -m mutants chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"mutants; default: {' '.join(FIVE)}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    parser.add_argument("--seconds", type=above_zero, default=SECONDS, help=f"of chaos, default: {SECONDS:g}")
    parser.add_argument("--rate", type=above_zero, default=100.0, help="requests a second, default: 100")
    parser.add_argument("--connections", type=at_least_one, default=20, help="default: 20")
    given = parser.parse_args(arguments)
    known = catalogue.load()
    if strangers := [name for name in given.names if name not in known]:
        parser.error(f"no mutant {', '.join(strangers)}; python -m mutants --list names them all")
    plan = Plan(given.rate, given.connections)
    try:
        with stage.network(given.seed) as theatre:
            schedule = draw(given.seed, given.seconds, DENSE, theatre.stage.testbed.node_names())
            control = _play(theatre, None, schedule, plan)
            print(f"control: {', '.join(sorted(broken(control))) or control.answer}", flush=True)
            records = [_try(theatre, name, schedule, plan) for name in given.names or FIVE]
    except exits.STOPPERS as error:
        print(error, file=sys.stderr)
        return exits.COULD_NOT_START
    for each in records:
        told = (
            ", ".join(sorted(each.broken & each.again)) or f"not caught ({', '.join(each.broken) or 'nothing broken'})"
        )
        print(f"{each.name:28} {each.seconds:5.0f} s  {told}; {each.deeds} deeds: {each.file or '-'}")
    missed = sum(not each.caught for each in records)
    print(f"{len(records) - missed} of {len(records)} mutants caught, twice; the sound proxy: {control.answer}")
    return 1 if missed or control.exit_code else 0


def _try(theatre: Theatre, name: str, schedule: Schedule, plan: Plan) -> Record:
    """Play, shrink what fails, save it, read it back, and play that."""
    began = time.monotonic()
    first = _play(theatre, name, schedule, plan)
    seen = broken(first)
    print(f"{name}: {', '.join(sorted(seen)) or first.answer}", flush=True)
    if not seen:
        return Record(name, seen, seen, None, len(schedule.deeds), time.monotonic() - began)
    found = shrink(schedule, lambda each: bool(broken(_play(theatre, name, each, plan)) & seen), BUDGET)
    file = found.best.save(first.folder / "shrunk.json")
    again = broken(_play(theatre, name, load(file, schedule.nodes), plan))
    return Record(name, seen, again, file, len(found.best.deeds), time.monotonic() - began)


def _play(theatre: Theatre, name: str | None, schedule: Schedule, plan: Plan) -> Outcome:
    """Play against a mutant; None: against the sound proxy. Once more where nobody can say: the machine was busy."""
    theatre.stage.testbed.heal()
    before = theatre.stage_for(TAGS)
    profile = before.profile
    if name is not None:
        profile = replace(profile, name=f"mutant {name}", command=stage.COMMAND.format(name=shlex.quote(name)))
    there = replace(before, profile=profile, root=RUNS / "chaos" / (name or "control"))
    outcome = play(schedule, plan, stage=there, terminal=Terminal(sys.stderr))
    if outcome.answer is Answer.UNKNOWN:
        theatre.stage.testbed.heal()
        outcome = play(schedule, plan, stage=there, terminal=Terminal(sys.stderr))
    return outcome


def broken(outcome: Outcome) -> frozenset[str]:
    """The criteria that were not met, for sure."""
    return frozenset(each.promise for each in outcome.verdicts if each.answer is Answer.NO)
