"""`python -m e2e.flake`: the critical scenarios again and again. A scenario may be late, never wrong."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.amounts import at_least_one
from e2e.exits import STOPPED, STOPPERS
from e2e.flake import plays
from e2e.flake.plays import Outcome
from e2e.flake.stress import stress
from e2e.steps import guest, options
from e2e.steps.options import OptionError
from e2e.steps.theatre import Theatre
from e2e.steps.venues import RUNS
from e2e.sut.profile import ProfileError
from e2e.sut.profile_file import chosen_profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from e2e.steps.options import Options

OUTPUT: Final = Path("reports/flake")
FAILED: Final = 1
WRONG_CALL: Final = 2
NOT_FINISHED: Final = 3
ENDS_WITHIN: Final = 60.0  # seconds for a share to end what it has begun


def main(arguments: Sequence[str]) -> int:
    """0: no play failed; 1: one did, or too few were fair; 2: a wrong call; 3: it ended before the last round.

    What became of each play is in `OUTPUT`; `--resume` goes on from there.
    """
    given = _arguments(arguments)
    try:
        chosen = options.read(dict(each.partition("=")[::2] for each in given.set))
        chosen_profile(chosen.sut, chosen.command)
    except (OptionError, ProfileError) as error:
        print(error, file=sys.stderr)
        return WRONG_CALL
    names = [name for name, tags in guest.scenarios().items() if given.tag in tags]
    if not names:
        print(f"no scenario has the tag @{given.tag}", file=sys.stderr)
        return WRONG_CALL
    file = OUTPUT / ("stress.jsonl" if given.stress else "plays.jsonl")
    if given.share is not None:
        return _share(given, chosen, names, file)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not given.resume:
        file.unlink(missing_ok=True)
    try:
        _play_side_by_side(arguments, given.jobs)
    except KeyboardInterrupt:
        print("interrupted: go on with --resume")
    done = plays.load(file)
    print(plays.summary(done))
    if plays.failures(done) or plays.undecided(done):
        return FAILED
    wanted = {(number, name) for number in range(1, given.rounds + 1) for name in names}
    return 0 if wanted <= {(play.number, play.scenario) for play in done} else NOT_FINISHED


def _play_side_by_side(arguments: Sequence[str], jobs: int) -> None:
    """Each process has a network and a share of the rounds of its own. All end with us, also where a job is cancelled.

    Raises KeyboardInterrupt, for SIGTERM as well.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = [sys.executable, "-m", "e2e.flake", *arguments]
    processes = [subprocess.Popen([*command, "--share", str(share)]) for share in range(jobs)]
    try:
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()  # what it started ends with it


def _share(given: argparse.Namespace, chosen: Options, names: Sequence[str], file: Path) -> int:
    """What one process plays, until it is told to end: once, since Ctrl-C reaches it, and then we tell it again."""

    def end(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        return _play_share(given, chosen, names, file)
    except STOPPERS as error:
        print(error, file=sys.stderr)
        return NOT_FINISHED
    except KeyboardInterrupt:
        return STOPPED


def _play_share(given: argparse.Namespace, chosen: Options, names: Sequence[str], file: Path) -> int:
    """Play every round whose turn it is, but for what was played before."""
    before = {(play.number, play.scenario) for play in plays.load(file)}
    deadline = time.monotonic() + 60 * given.minutes
    with ExitStack() as ending:
        theatre = Theatre.open(chosen)
        ending.callback(theatre.close)
        if given.stress:
            loops = 0 if given.share else os.cpu_count() or 1
            ending.enter_context(stress(theatre.stage.testbed, theatre.stage.testbed.folder, loops))
        for number in range(1 + given.share, given.rounds + 1, given.jobs):
            left = [name for name in names if (number, name) not in before]
            if time.monotonic() >= deadline:
                print(f"the time is over before round {number} of {given.rounds}: go on with --resume")
                return NOT_FINISHED
            for line in _round(theatre, left, number, given, file) if left else ():
                print(line, flush=True)
    return 0


def _round(theatre: Theatre, names: Sequence[str], number: int, given: argparse.Namespace, file: Path) -> Iterable[str]:
    """Each round has traffic of its own, drawn from the seed. Gives what there is to say of it."""
    before = theatre.stage
    theatre.stage = replace(before, seed=before.seed + number, root=RUNS / "flake" / str(given.share))
    try:
        played = guest.play(theatre, names, OUTPUT / f"behave-{given.share}.txt")
    finally:
        theatre.stage = before
    done = [plays.play_of(number, each) for each in played]
    for play in done:
        plays.save(play, file)
        if play.outcome is Outcome.PASSED and not play.replayed:
            shutil.rmtree(play.run)  # hundreds of runs that show nothing
        elif play.outcome is not Outcome.SKIPPED:
            yield f"{play.outcome}: {play.scenario}: {play.why or play.replayed}\n  run: {play.run}"
    yield f"round {number} of {given.rounds}: {plays.counts(done)}, {sum(play.seconds for play in done):.0f} s"


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.flake", description=__doc__)
    parser.add_argument("--rounds", type=at_least_one, default=50, metavar="N", help="default: 50")
    parser.add_argument("--stress", action="store_true", help="with a busy loop on each core, and slow nodes")
    parser.add_argument("--resume", action="store_true", help="keep the plays that are there, and play the others")
    parser.add_argument("--jobs", type=at_least_one, default=1, help="so many networks side by side; default: 1")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after so many")
    parser.add_argument("--tag", default="critical", help="which scenarios; default: critical")
    parser.add_argument("-D", dest="set", action="append", default=[], metavar="NAME=VALUE", help="as behave has it")
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
