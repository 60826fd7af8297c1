"""Long runs on real nodes: `python -m e2e.trials load --duration 5m`; see --help."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Final

from e2e.amounts import above_zero, at_least_one
from e2e.exits import COULD_NOT_START, STOPPED, STOPPERS
from e2e.load.plan import Plan
from e2e.soak.duration import seconds
from e2e.steps import options
from e2e.steps.options import OptionError
from e2e.steps.theatre import Theatre
from e2e.trials import baseline
from e2e.trials.load import FEATURE, Trial, run_load
from e2e.trials.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.load.figures import Report
    from e2e.steps.options import Options
    from e2e.trials.outcome import Outcome

NOT_RENEWED: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every criterion was met; 1: not; 2: nobody can say, or a wrong call; 3: nothing could be started."""
    parser = argparse.ArgumentParser(prog="python -m e2e.trials", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    load = kinds.add_parser(
        "load", help="a thousand requests a second, a primary killed and back, beside the node itself"
    )
    load.add_argument("--duration", type=seconds, default=300.0, help="default: 5m")
    load.add_argument("--rate", type=above_zero, default=1000.0, help="requests a second, default: 1000")
    load.add_argument("--connections", type=at_least_one, default=100, help="WebSocket connections, default: 100")
    load.add_argument("--renew", action="store_true", help="make this run's ratios the baseline")
    load.add_argument("-D", dest="options", action="append", default=[], metavar="NAME=VALUE", help="as behave's -D")
    given = parser.parse_args(arguments)
    try:
        chosen = options.read(dict(each.partition("=")[::2] for each in given.options))
    except OptionError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return play(given, chosen)
    except STOPPERS as error:
        print(error, file=sys.stderr)
        return COULD_NOT_START
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED


def play(given: argparse.Namespace, chosen: Options) -> int:
    """Bring the network up, play, say what became of it; the exit status."""
    theatre = Theatre.open(chosen)
    try:
        plan = Plan(given.rate, given.connections, given.duration, chosen.seed, compared=25.0)
        outcome = run_load(theatre.stage, Trial.of(plan), Terminal())
    finally:
        theatre.close()
    outcome.write_junit(FEATURE)
    print(f"\n{outcome.text()}")
    if given.renew and outcome.report is not None:
        return renew(outcome, outcome.report, theatre.stage.profile.name)
    return outcome.exit_code


def renew(outcome: Outcome, report: Report, name: str) -> int:
    """Make a run the baseline of the proxy `name`, or say why it is none; the exit status."""
    try:
        print(f"\nthe baseline of {name} is now {baseline.renew(report, name, outcome.red, baseline.FILE)}")
    except ValueError as error:
        print(f"\nthe baseline of {name} was not renewed: {error}", file=sys.stderr)
        return outcome.exit_code or NOT_RENEWED
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())
