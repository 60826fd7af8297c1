"""`python -m bench`: every contender under the same load, in turns; ratios, bars, exit code 1 where a bar is missed."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from typing import Final, NamedTuple, TypeAlias

from bench.contenders import FLOOR, PROXY, Contender, contenders
from bench.processes import Process, open_files
from e2e.amounts import above_zero, at_least_one


class Figures(NamedTuple):
    """One measurement: requests a second, CPU microseconds a request of the relay, latencies in seconds."""

    rate: float
    cpu_us: float
    p50: float
    p99: float


class Bar(NamedTuple):
    """What must hold at 100 connections: the proxy's figure over `of`'s is at most `most`."""

    lane: str
    figure: str
    of: str
    most: float


BARS: Final = (
    Bar("ws", "cpu_us", FLOOR, 1.5),
    Bar("http", "cpu_us", "aiohttp", 0.2),
    Bar("ws", "p99", "aiohttp", 1.0),
    Bar("ws", "p99", "websockets", 1.0),
    Bar("http", "p99", "aiohttp", 1.0),
)
IDLE_MOST: Final = 400  # MiB of the proxy with 10,000 idle connections

# the figures of each contender: one of each round, in the order of the rounds
Rounds: TypeAlias = dict[str, list[Figures]]


def measure(process: Process, url: str, connections: int, seconds: float) -> Figures:
    before = process.cpu_seconds()
    command = [sys.executable, "-m", "bench.load", "--url", url, "--connections", str(connections)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)], capture_output=True, text=True, timeout=seconds + 120, check=False
    )
    if done.returncode:
        raise RuntimeError(f"no load on {url}: {done.stderr}")
    seen = json.loads(done.stdout.splitlines()[-1])
    cpu = (process.cpu_seconds() - before) * 1e6 / seen["requests"]
    return Figures(seen["rate"], cpu, seen["p50"], seen["p99"])


def idle_bytes(process: Process, url: str, connections: int) -> tuple[int, int]:
    """Resident memory of the relay before and with `connections` open and silent ones."""
    before = process.rss_bytes()
    command = [sys.executable, "-m", "bench.load", "--url", url, "--connections", str(connections), "--idle"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdout is not None  # noqa: S101 - it is a pipe
        if load.stdout.readline() != "open\n":
            raise RuntimeError(f"{connections} connections cannot be held open")
        held = process.rss_bytes()
        load.terminate()
    return before, held


def race(
    all_of_them: list[tuple[Contender, Process]], lane: str, connections: int, rounds: int, seconds: float
) -> Rounds:
    """Everybody runs once in each round, so that a ratio is of two neighbours in time."""
    seen: Rounds = {}
    for _ in range(rounds):
        for contender, process in all_of_them:
            url = contender.url(process, lane)
            if url is not None:
                seen.setdefault(contender.name, []).append(measure(process, url, connections, seconds))
    return seen


def ratio(seen: Rounds, figure: str, name: str, of: str) -> float:
    """The median over the rounds of one contender's figure over another's in the same round."""
    pairs = zip(seen[name], seen[of], strict=True)
    ratios: list[float] = [getattr(one, figure) / getattr(other, figure) for one, other in pairs]
    return statistics.median(ratios)


def show(title: str, seen: Rounds) -> None:
    """The medians, and the ratios to the floor."""
    print(f"\n{title}")
    print(f"{'':12}{'requests/s':>12}{'CPU us/req':>12}{'x floor':>9}{'p50 ms':>9}{'p99 ms':>9}{'x floor':>9}")
    for name, runs in seen.items():
        one = Figures(*map(statistics.median, zip(*runs, strict=True)))
        cpu, p99 = (ratio(seen, figure, name, FLOOR) for figure in ("cpu_us", "p99"))
        print(
            f"{name:12}{one.rate:12.0f}{one.cpu_us:12.1f}{cpu:9.2f}{one.p50 * 1e3:9.2f}{one.p99 * 1e3:9.2f}{p99:9.2f}",
            flush=True,
        )


def judge(lane: str, seen: Rounds) -> bool:
    kept = True
    for bar in BARS:
        if bar.lane == lane:
            reached = ratio(seen, bar.figure, PROXY, bar.of)
            verdict = "kept" if reached <= bar.most else "MISSED"
            print(f"bar: {lane} {bar.figure} at most {bar.most:g} x {bar.of}: {reached:.3f} {verdict}")
            kept = kept and reached <= bar.most
    return kept


def weigh(process: Process, url: str, connections: int, most: int) -> bool:
    """Whether `connections` idle clients are within their bar; reckoned from `most` where more cannot be opened."""
    opened = min(connections, most)
    before, held = idle_bytes(process, url, opened)
    each = (held - before) / opened / 1024
    total = before / 2**20 + each * connections / 1024
    if opened < connections:
        print(f"\nmore than {opened} clients cannot be opened here (ulimit -n)")
    verdict = "kept" if total < IDLE_MOST else "MISSED"
    print(f"\nbar: {connections} idle clients in under {IDLE_MOST} MiB: {total:.0f} MiB, {each:.1f} KiB each {verdict}")
    return total < IDLE_MOST


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--connections", type=at_least_one, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--lanes", nargs="+", choices=("ws", "http"), default=["ws", "http"])
    # one run's p99 is a matter of a few turns of the loop: many short rounds say more than few long ones
    parser.add_argument("--rounds", type=at_least_one, default=9)
    parser.add_argument("--seconds", type=above_zero, default=1.0)
    parser.add_argument("--idle", type=int, default=10_000, help="open connections to weigh (0: skip)")
    given = parser.parse_args()
    kept = True
    allowed = open_files(2 * given.idle + 1000)  # a connection to the proxy is another one to the node
    with ExitStack() as stack:
        node = stack.enter_context(Process("bench.node"))
        running = [(one, stack.enter_context(one.start(node.ports))) for one in contenders()]
        for lane in given.lanes:
            for connections in given.connections:
                seen = race(running, lane, connections, given.rounds, given.seconds)
                show(f"{lane.upper()}, {connections} connections", seen)
                if connections == 100:
                    kept = judge(lane, seen) and kept
        if given.idle:
            proxy, process = running[0]
            kept = weigh(process, proxy.url(process, "ws") or "", given.idle, (allowed - 1000) // 2) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
