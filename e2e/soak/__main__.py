"""A soak: `python -m e2e.soak --duration 24h`; `--resume RUN` goes on with one, `--judge RUN` reads one again.

Exit code: 0 every promise was kept, 1 one was broken, 2 nobody can say; 3 it could not be started, or could not go on;
130 after Ctrl-C or SIGTERM while nothing is broken: then it can be resumed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e import exits
from e2e.amounts import above_zero
from e2e.checkers.verdict import Answer
from e2e.clients.websocket import ClientClosedError
from e2e.judge import EXIT_CODES
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.report.text import figures, table
from e2e.soak import journal, report, verdicts
from e2e.soak.duration import seconds, spoken
from e2e.soak.forcing import add_arguments
from e2e.soak.gather import gather
from e2e.soak.ground import Choice
from e2e.soak.journal import Bout, Look, Piece
from e2e.soak.leg import STOPPED, Leg
from e2e.soak.plan import NoSuchRunError, Plan, pace

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS: Final = Path("runs")
STATUS_EVERY: Final = 60.0  # seconds
STOPPERS: Final = (*exits.STOPPERS, NoSuchRunError, FaultDidNotBiteError, ClientClosedError, OSError)
"""What keeps a soak from going on: the message says what to do."""
SHORTEST: Final = 30.0  # seconds: less is not resumed for


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    options = _arguments(arguments)
    try:
        if options.judge is not None:
            return conclude(options.judge)
        run = options.resume or _new(options)
        return play(run)
    except STOPPERS as error:
        print(f"soak: {error}", file=sys.stderr)
        return exits.COULD_NOT_START


def play(run: Path) -> int:
    """Play what is left of a run in one more leg, and judge all of it."""
    plan = Plan.read(run / journal.PLAN)
    before = [gather(leg) for leg in journal.legs(run)]
    left = verdicts.seconds_left(plan.duration, before)
    if left < SHORTEST and before:
        return conclude(run)
    folder = journal.new_leg(run)
    print(f"soak of {spoken(left)}, a reconnection every {spoken(plan.every)}: {run}", flush=True)
    leg = Leg(plan, folder, 1 + sum(each.windows for each in before), Teller(left))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leg.stop())
    why = leg.play(left)
    code = conclude(run)
    if why == STOPPED:
        print(f"stopped; go on with: make soak RESUME={run}", file=sys.stderr)
    return ended(why, code)


def ended(why: str, code: int) -> int:
    """The exit code of a leg: what a run that was stopped does not know yet it may learn, what is broken stays so."""
    return exits.STOPPED if why == STOPPED and code != EXIT_CODES[Answer.NO] else code


def conclude(run: Path) -> int:
    """Judge what was written down, write the report, say both; returns the exit code."""
    plan = Plan.read(run / journal.PLAN)
    legs = [gather(leg) for leg in journal.legs(run)]
    found = verdicts.verdicts(legs, plan.every)
    print(table(found), figures(found), f"\nreport: {report.write(run, plan, legs, found)}", sep="\n\n")
    return EXIT_CODES.get(verdicts.answer(found), 0)


class Teller:
    """Says on the terminal how it goes. Called from several threads."""

    def __init__(self, lasts: float) -> None:
        self._lasts = lasts
        self._next = 0.0
        self._lock = threading.Lock()

    def __call__(self, line: Look | Piece | Bout) -> None:
        with self._lock:
            if isinstance(line, Bout):
                away, home = ("?" if took is None else f"{took:.1f} s" for took in (line.away, line.home))
                print(
                    f"{line.at:8.0f} s  {line.fault} of {line.node}: away after {away}, home after {home}", flush=True
                )
            elif isinstance(line, Piece):
                for promise, reason in line.reasons.items():
                    print(f"{line.until:8.0f} s  {promise} {line.answers[promise]}: {reason}", flush=True)
            elif line.at >= self._next:
                self._next = line.at + STATUS_EVERY
                print(self._status(line), flush=True)

    def _status(self, look: Look) -> str:
        def told(value: float | None, factor: float, unit: str) -> str:
            return "?" if value is None else f"{value * factor:.4g} {unit}"

        parts = (
            told(look.rate, 1, "requests/s"),
            f"p50 {told(look.p50, 1000, 'ms')}",
            f"p99 {told(look.p99, 1000, 'ms')}",
            f"{look.true_connections} connections",
            f"{told(look.moves, 1, 'moves')}",
            f"RSS {told(look.rss, 2**-20, 'MiB')}",
            f"{look.descriptors} descriptors",
            f"{spoken(max(0.0, self._lasts - look.at))} left",
        )
        return f"{look.at:8.0f} s  {', '.join(parts)}"


def _new(options: argparse.Namespace) -> Path:
    choice = Choice(options.sut, options.command, options.topology, options.block_time)
    choice.profile()  # a wrong one leaves no run behind
    run = RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-soak"
    run.mkdir(parents=True)
    plan = Plan(
        options.duration,
        options.every or pace(options.duration),
        options.clients,
        options.rate,
        options.seed,
        options.faults,
        choice,
    )
    plan.write(run / journal.PLAN)
    return run


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.soak", description="Hours of load and forced reconnections.")
    parser.add_argument("--duration", type=seconds, default=86400.0, help="such as 30m, 24h; default: 24h")
    parser.add_argument("--every", type=seconds, help="between two reconnections; default: 5m, less in short runs")
    add_arguments(parser)
    parser.add_argument("--rate", type=above_zero, default=100.0, help="requests a second over all; default: 100")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block-time", type=above_zero, default=1.0, help="seconds; default: 1")
    parser.add_argument(
        "--resume", type=Path, metavar="RUN", help="go on with a run that was stopped, or whose harness died"
    )
    parser.add_argument("--judge", type=Path, metavar="RUN", help="judge a run again, play nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
