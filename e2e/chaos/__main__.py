"""Chaos on real nodes: `python -m e2e.chaos --duration 10m -D seed=7`, or `--replay FILE`; see --help.

A schedule that fails is shrunk to the shortest that still does, which is saved and can be replayed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.amounts import above_zero, at_least_one
from e2e.chaos.config import PRESETS
from e2e.chaos.draw import draw
from e2e.chaos.run import FEATURE, TAGS, play
from e2e.chaos.schedule import ScheduleError, faults_in, load
from e2e.chaos.shrink import shrink
from e2e.checkers.verdict import Answer
from e2e.exits import COULD_NOT_START, STOPPED, STOPPERS
from e2e.load.plan import Plan
from e2e.soak.duration import seconds
from e2e.steps import options
from e2e.steps.options import OptionError
from e2e.steps.theatre import Theatre
from e2e.testbed.local import NODES
from e2e.trials.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.chaos.schedule import Schedule
    from e2e.trials.outcome import Outcome

SHRUNK: Final = "shrunk.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every criterion was met; 1: not; 2: nobody can say, or a wrong call; 3: nothing could be started."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        chosen = options.read(dict(each.partition("=")[::2] for each in given.options))
    except OptionError as error:
        parser.error(str(error))
    try:
        schedule = _schedule(given, chosen.seed)
    except ScheduleError as error:
        parser.error(str(error))
    print(told(schedule), flush=True)
    if given.dry:
        print(listed(schedule))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        theatre = Theatre.open(chosen)
    except STOPPERS as error:
        print(error, file=sys.stderr)
        return COULD_NOT_START
    try:
        return _play(theatre, given, schedule)
    except STOPPERS as error:
        print(error, file=sys.stderr)
        return COULD_NOT_START
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    finally:
        theatre.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--duration", type=seconds, default=60.0, help="of the faults; default: 1m")
    parser.add_argument("--faults", choices=PRESETS, default="default", help="how much of what")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a saved schedule instead of a drawn one")
    parser.add_argument("--rate", type=above_zero, default=1000.0, help="requests a second, default: 1000")
    parser.add_argument("--connections", type=at_least_one, default=100, help="WebSocket connections, default: 100")
    parser.add_argument(
        "--shrink", type=int, default=8, metavar="N", help="replays to look for a shorter one; default: 8"
    )
    parser.add_argument("--dry", action="store_true", help="print the schedule and play nothing")
    parser.add_argument("-D", dest="options", action="append", default=[], metavar="NAME=VALUE", help="as behave's -D")
    return parser


def _schedule(given: argparse.Namespace, seed: int) -> Schedule:
    """Read or draw what is to be played. Raises ScheduleError."""
    if given.replay is not None:
        return load(given.replay, NODES)
    return draw(seed, given.duration, PRESETS[given.faults], NODES)


def _play(theatre: Theatre, given: argparse.Namespace, schedule: Schedule) -> int:
    plan, terminal = Plan(given.rate, given.connections), Terminal()

    def once(each: Schedule) -> Outcome:
        theatre.stage.testbed.heal()
        return play(each, plan, stage=theatre.stage_for(TAGS), terminal=terminal)

    outcome = once(schedule)
    outcome.write_junit(FEATURE)
    print(f"\n{outcome.text()}")
    if outcome.answer is Answer.NO and given.shrink and len(schedule.groups) > 1:
        print(_shrunk(schedule, outcome, once, given.shrink))
    return outcome.exit_code


def _shrunk(schedule: Schedule, outcome: Outcome, once: Callable[[Schedule], Outcome], budget: int) -> str:
    """Shrink a schedule that failed, and save what is left; returns what to say of it."""
    broken = {each.promise for each in outcome.verdicts if each.answer is Answer.NO}

    def fails(each: Schedule) -> bool:
        red = {verdict.promise for verdict in once(each).verdicts if verdict.answer is Answer.NO}
        print(f"  {len(each.deeds)} deeds, {each.duration:g} s: {', '.join(sorted(red)) or 'passes'}", flush=True)
        return bool(red & broken)

    print(f"\nlooking for a shorter schedule that still breaks {', '.join(sorted(broken))}", flush=True)
    found = shrink(schedule, fails, budget)
    file = found.best.save(outcome.folder / SHRUNK)
    how = "nothing shorter fails" if found.exact else f"after {found.replays} replays"
    return f"\nthe shortest that fails ({how}):\n{listed(found.best)}\nreplay it: python -m e2e.chaos --replay {file}"


def told(schedule: Schedule) -> str:
    """What is in a schedule, in one line."""
    counts = ", ".join(f"{count} {fault}" for fault, count in sorted(faults_in(schedule).items())) or "nothing"
    return f"chaos of {schedule.duration:g} s, seed {schedule.seed}: {counts}"


def listed(schedule: Schedule) -> str:
    """What is in a schedule, a line for each deed."""
    return "\n".join(f"  {deed.at:7.2f} to {deed.until:7.2f} s  {deed}" for deed in schedule.deeds)


if __name__ == "__main__":
    sys.exit(main())
