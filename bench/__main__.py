"""`python -m bench`: every contender under the same load, in turns; ratios, bars, exit code 1 where a bar is missed."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from typing import NamedTuple

from bench.contenders import FLOOR, PROXY, Contender, contenders
from bench.processes import Process


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


BARS = (
    Bar("ws", "cpu_us", FLOOR, 1.5),
    Bar("http", "cpu_us", "aiohttp", 0.2),
    Bar("ws", "p99", "aiohttp", 1.0),
    Bar("ws", "p99", "websockets", 1.0),
    Bar("http", "p99", "aiohttp", 1.0),
)


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


def idle_bytes(process: Process, url: str, connections: int) -> float:
    """Resident memory of the relay for each of `connections` open and silent ones."""
    before = process.rss_bytes()
    command = [sys.executable, "-m", "bench.load", "--url", url, "--connections", str(connections), "--idle"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdout is not None  # noqa: S101 - it is a pipe
        load.stdout.readline()
        grown = process.rss_bytes() - before
        load.terminate()
    return grown / connections


def race(
    all_of_them: list[tuple[Contender, Process]], lane: str, connections: int, rounds: int, seconds: float
) -> dict[str, Figures]:
    """The median of each figure over the rounds; everybody runs once in each round."""
    seen: dict[str, list[Figures]] = {}
    for _ in range(rounds):
        for contender, process in all_of_them:
            url = contender.url(process, lane)
            if url is not None:
                seen.setdefault(contender.name, []).append(measure(process, url, connections, seconds))
    return {name: Figures(*map(statistics.median, zip(*runs, strict=True))) for name, runs in seen.items()}


def show(title: str, figures: dict[str, Figures]) -> None:
    floor = figures[FLOOR]
    print(f"\n{title}")
    print(f"{'':12}{'requests/s':>12}{'CPU us/req':>12}{'x floor':>9}{'p50 ms':>9}{'p99 ms':>9}{'x floor':>9}")
    for name, one in figures.items():
        print(
            f"{name:12}{one.rate:12.0f}{one.cpu_us:12.1f}{one.cpu_us / floor.cpu_us:9.2f}"
            f"{one.p50 * 1e3:9.2f}{one.p99 * 1e3:9.2f}{one.p99 / floor.p99:9.2f}"
        )


def judge(lane: str, figures: dict[str, Figures]) -> bool:
    kept = True
    for bar in BARS:
        if bar.lane == lane and bar.of in figures:
            ratio = getattr(figures[PROXY], bar.figure) / getattr(figures[bar.of], bar.figure)
            verdict = "kept" if ratio <= bar.most else "MISSED"
            print(f"bar: {lane} {bar.figure} at most {bar.most:g} x {bar.of}: {ratio:.2f} {verdict}")
            kept = kept and ratio <= bar.most
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--idle", type=int, default=10_000, help="open connections to weigh (0: skip)")
    given = parser.parse_args()
    kept = True
    with ExitStack() as stack:
        node = stack.enter_context(Process("bench.node"))
        running = [(one, stack.enter_context(one.start(node.ports))) for one in contenders()]
        for lane in ("ws", "http"):
            for connections in given.connections:
                figures = race(running, lane, connections, given.rounds, given.seconds)
                show(f"{lane.upper()}, {connections} connections", figures)
                if connections == 100:
                    kept = judge(lane, figures) and kept
        if given.idle:
            weight = idle_bytes(running[0][1], running[0][0].url(running[0][1], "ws") or "", given.idle)
            total = weight * given.idle / 2**20
            verdict = "kept" if total < 400 else "MISSED"
            print(
                f"\n{given.idle} idle connections: {total:.0f} MiB, {weight / 1024:.1f} KiB each; under 400 {verdict}"
            )
            kept = kept and total < 400
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
