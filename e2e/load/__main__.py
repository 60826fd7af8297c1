"""The load generator: seeded, open-loop, in a process of its own. It talks in JSON lines, see `e2e/load/figures.py`.

    python -m e2e.load --ws ws://127.0.0.1:8080/el/ws --http-url http://127.0.0.1:8080/el --rate 1000

SIGTERM (or Ctrl-C) ends the schedule; what is out still gets its time, then comes the report. Exit status: 0 if every
request was answered once, no connection was lost and nothing else was wrong; 1 if not; 3 if it could not even begin.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import uvloop

from e2e.load.figures import encode
from e2e.load.generator import Generator, NotOpenedError
from e2e.load.plan import PROFILES, Plan
from e2e.traffic.ids import POLICIES

if TYPE_CHECKING:
    from e2e.load.figures import Line

NOT_OPENED = 3

# Field of `Plan` → what --help says of its option.
MEANINGS: Final = {
    "rate": "requests a second over all connections, each element of a batch counted",
    "connections": "WebSocket connections",
    "duration": "seconds, 0: until SIGTERM",
    "seed": "from which the schedule is drawn",
    "profile": f"what is asked: {', '.join(PROFILES)}",
    "http": "share of the messages that go over HTTP, 0 to 1",
    "batches": "share of the requests that come in batches, 0 to 1",
    "subscriptions": "kinds to which each connection subscribes, with commas",
    "ids": "how requests are numbered, one connection after the other, with commas",
    "patience": "seconds after which a request counts as unanswered",
    "compared": "pairs a second, through the proxy and past it, where there is --direct",
    "reorgs": "whether the chain may change its mind: true or false",
}


def say(line: Line) -> None:
    """Write one line of the protocol, at once."""
    sys.stdout.buffer.write(encode(line) + b"\n")
    sys.stdout.buffer.flush()


async def play(plan: Plan, given: argparse.Namespace) -> int:
    """Run the generator; the exit status."""
    generator = Generator(plan, given.ws, given.http_url, given.direct, say)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, generator.stop)
    try:
        report = await generator.run()
    except NotOpenedError as error:
        print(f"load: {error}", file=sys.stderr)
        return NOT_OPENED
    say(report)
    return 0 if report.clean else 1


def arguments(plan: Plan) -> list[str]:
    """Return the plan as command line arguments."""
    return [f"--{each.name}={_text(getattr(plan, each.name))}" for each in fields(plan)]


def parser() -> argparse.ArgumentParser:
    """Return the parser: the fields of `Plan`, and where to."""
    made = argparse.ArgumentParser(
        prog="python -m e2e.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--ws", required=True, metavar="URL", help="the proxy's WebSocket side")
    made.add_argument("--http-url", metavar="URL", help="its HTTP side; without it everything goes over WebSocket")
    made.add_argument(
        "--direct", action="append", default=[], metavar="URL", help="a node's WebSocket side, to compare with"
    )
    default = Plan()
    for each in fields(default):
        value = getattr(default, each.name)
        kind = _read_flag if isinstance(value, bool) else type(value)
        made.add_argument(
            f"--{each.name}",
            type=_read_list if isinstance(value, tuple) else kind,
            default=value,
            help=f"{MEANINGS[each.name]}; default: {_text(value)}",
        )
    return made


def plan_of(given: argparse.Namespace) -> Plan:
    """Return the plan that the arguments make. Raises ValueError, which says what is wrong."""
    plan = Plan(**{each.name: getattr(given, each.name) for each in fields(Plan)})
    if plan.rate <= 0 or plan.connections < 1 or plan.patience <= 0 or plan.duration < 0:
        raise ValueError("rate and patience are above 0, there is at least one connection")
    if not (0 <= plan.http <= 1 and 0 <= plan.batches <= 1):
        raise ValueError("http and batches are shares, from 0 to 1")
    if plan.profile not in PROFILES:
        raise ValueError(f"no profile {plan.profile}; there are {', '.join(PROFILES)}")
    if strangers := [name for name in plan.ids if name not in POLICIES]:
        raise ValueError(f"no id policy {', '.join(strangers)}; there are {', '.join(POLICIES)}")
    return plan


_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(each for each in text.split(",") if each)


def _read_flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return _FLAGS[text.lower()]


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def main() -> int:
    """Read the command line and play."""
    command = parser()
    given = command.parse_args()
    try:
        plan = plan_of(given)
    except ValueError as error:
        command.error(str(error))
    gc.freeze()  # what is loaded by now stays, and need not be looked at again
    return uvloop.run(play(plan, given))


if __name__ == "__main__":
    sys.exit(main())
