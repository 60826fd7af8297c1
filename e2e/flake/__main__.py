"""`python -m e2e.flake`: the critical scenarios again and again. A scenario may be late, never wrong."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.flake import plays
from e2e.flake.plays import Outcome, Play
from e2e.flake.stress import stress
from e2e.steps import guest, options
from e2e.steps.theatre import RUNS, Theatre

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT: Final = Path("reports/flake")
FAILED: Final = 1
NOT_FINISHED: Final = 3


def main(arguments: Sequence[str]) -> int:
    """0: no play failed; 1: one did, or too few were fair; 2: a wrong call; 3: the time was over before the last round.

    What became of each play is in `OUTPUT`; `--resume` goes on from there.
    """
    given = _arguments(arguments)
    names = [name for name, tags in guest.scenarios().items() if given.tag in tags]
    if not names:
        sys.exit(f"no scenario has the tag @{given.tag}")
    file = OUTPUT / ("stress.jsonl" if given.stress else "plays.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    if not given.resume:
        file.unlink(missing_ok=True)
    deadline = time.monotonic() + 60 * given.minutes
    with ExitStack() as ending:
        theatre = Theatre.open(options.read({} if given.seed is None else {"seed": str(given.seed)}))
        ending.callback(theatre.close)
        testbed = theatre.stage.testbed
        ending.enter_context(stress(testbed, testbed.folder) if given.stress else nullcontext())
        try:
            finished = _rounds(theatre, names, given.rounds, file, deadline)
        except KeyboardInterrupt:
            finished = False
    done = plays.load(file)
    print(plays.summary(done))
    if plays.failures(done) or plays.undecided(done):
        return FAILED
    return 0 if finished else NOT_FINISHED


def _rounds(theatre: Theatre, names: Sequence[str], rounds: int, file: Path, deadline: float) -> bool:
    """Play what was not played yet; whether all of it was before the deadline."""
    before = {(play.number, play.scenario) for play in plays.load(file)}
    for number in range(1, rounds + 1):
        left = [name for name in names if (number, name) not in before]
        if left and time.monotonic() >= deadline:
            print(f"the time is over before round {number} of {rounds}: go on with --resume")
            return False
        if left:
            done = _round(theatre, left, number, file)
            count = {outcome: sum(play.outcome is outcome for play in done) for outcome in Outcome}
            counts = ", ".join(f"{many} {outcome}" for outcome, many in count.items() if many)
            print(f"round {number} of {rounds}: {counts}, {sum(play.seconds for play in done):.0f} s", flush=True)
    return True


def _round(theatre: Theatre, names: Sequence[str], number: int, file: Path) -> list[Play]:
    """Each round has traffic of its own, drawn from the seed."""
    before = theatre.stage
    theatre.stage = replace(before, seed=before.seed + number, root=RUNS / "flake")
    try:
        played = guest.play(theatre, names, OUTPUT / "behave.txt")
    finally:
        theatre.stage = before
    done = [plays.play_of(number, each) for each in played]
    for play in done:
        plays.save(play, file)
        if play.outcome is Outcome.PASSED and not play.replayed:
            shutil.rmtree(play.run)  # hundreds of runs that show nothing
        else:
            print(f"{play.outcome}: {play.scenario}: {play.why or play.replayed}\n  run: {play.run}", flush=True)
    return done


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.flake", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, metavar="N", help="default: 50")
    parser.add_argument("--stress", action="store_true", help="with a busy loop on each core, and slow nodes")
    parser.add_argument("--resume", action="store_true", help="keep the plays that are there, and play the others")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after so many")
    parser.add_argument("--tag", default="critical", help="which scenarios; default: critical")
    parser.add_argument("--seed", type=int, help="a whole number from which traffic is drawn")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
