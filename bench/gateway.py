"""`python -m bench.gateway`: what the fault gateway costs without faults, beside a relay that only passes frames.

It has to carry 2,000 requests a second, with their answers, on a fraction of a core; exit code 1 where it does not.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from contextlib import ExitStack
from typing import Final

from bench.__main__ import Figures, measure
from bench.processes import Ports, Process
from e2e.amounts import above_zero, at_least_one

RATE: Final = 2000  # requests a second, and as many answers
MOST: Final = 0.25  # of a core
CONNECTIONS: Final = 100


class GatewayProcess(Process):
    """The gateway before one node."""

    def __init__(self, node: Ports) -> None:
        route = f"node=http://127.0.0.1:{node.http},ws://127.0.0.1:{node.ws}"
        super().__init__("e2e.gateway", "--route", route, "--control", "127.0.0.1:0")

    def _read_ports(self) -> Ports:
        ports: dict[str, int] = {}
        while (found := re.match(r"node: (ws|http)://[^:]*:(\d+)", line := self.read_line())) is not None:
            ports[found[1]] = int(found[2])
        if not line.startswith("control: "):
            raise RuntimeError(f"the gateway did not start: {line}")
        return Ports(**ports)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gateway", description=__doc__)
    parser.add_argument("--rounds", type=at_least_one, default=3)
    parser.add_argument("--seconds", type=above_zero, default=2.0)
    given = parser.parse_args()
    kept = True
    with ExitStack() as stack:
        node = stack.enter_context(Process("bench.node"))
        floor = Process("bench.relays.floor", "--ws", f"ws://127.0.0.1:{node.ports.ws}", "--http", _http(node))
        relays = {"gateway": stack.enter_context(GatewayProcess(node.ports)), "floor": stack.enter_context(floor)}
        for lane in ("ws", "http"):
            urls = {name: f"{lane}://127.0.0.1:{getattr(one.ports, lane)}/" for name, one in relays.items()}
            runs: dict[str, list[Figures]] = {name: [] for name in relays}
            for _ in range(given.rounds):
                for name, relay in relays.items():
                    runs[name].append(measure(relay, urls[name], CONNECTIONS, given.seconds))
            costs = {name: statistics.median(each.cpu_us for each in figures) for name, figures in runs.items()}
            share = costs["gateway"] * RATE / 1e6
            rate = statistics.median(each.rate for each in runs["gateway"])
            verdict = "kept" if share <= MOST and rate >= RATE else "MISSED"
            print(
                f"{lane:4} {rate:6.0f} requests/s carried; {costs['gateway']:.0f} us of CPU each, "
                f"{costs['gateway'] / costs['floor']:.2f} x floor; {RATE} a second take {share:.2f} of a core: "
                f"at most {MOST} {verdict}"
            )
            kept = kept and verdict == "kept"
    return 0 if kept else 1


def _http(node: Process) -> str:
    return f"http://127.0.0.1:{node.ports.http}"


if __name__ == "__main__":
    sys.exit(main())
