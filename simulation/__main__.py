"""`python -m simulation`: many seeds, or one in full, or a day of production."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from e2e.amounts import above_zero, at_least_one
from simulation.campaign import campaign, fingerprint, shortest
from simulation.coverage import ENOUGH, REQUIRED
from simulation.day import day
from simulation.generate import plan
from simulation.judge import judge
from simulation.world import World

SHRUNK = 3  # failing seeds whose history is shrunk


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=at_least_one, default=1000, help="how many seeds (default: 1000)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--jobs", type=at_least_one, default=1, help="processes (default: 1)")
    parser.add_argument("--seed", type=int, help="this one alone, with its whole history")
    parser.add_argument("--day", action="store_true", help="a day of production: 100 clients, 24 hours")
    parser.add_argument("--hours", type=above_zero, default=24.0, help="of the day (default: 24)")
    given = parser.parse_args()
    if given.day:
        return _day(given.hours)
    return _many(given.first_seed, given.seeds, given.jobs) if given.seed is None else _one(given.seed)


def _many(first: int, count: int, jobs: int) -> int:
    began = time.monotonic()
    failed: list[int] = []
    reached: Counter[str] = Counter()
    for result in campaign(first, count, jobs):
        reached += result.coverage
        if result.complaints:
            failed.append(result.seed)
            _say(f"seed {result.seed} fails; to see it again: python -m simulation --seed {result.seed}")
            for text in result.complaints[:6]:
                _say(f"  {text}")
            if len(failed) <= SHRUNK:
                _say_shortest(result.seed)
    missed = sorted(REQUIRED - set(reached))
    for name in sorted(reached):
        _say(f"{reached[name]:8} {name}")
    _say(f"{count} seeds in {time.monotonic() - began:.1f} s: {len(failed)} failed {sorted(failed)[:20] or ''}")
    if missed:
        _say(f"never reached: {', '.join(missed)}")
    return 1 if failed or (missed and count >= ENOUGH) else 0


def _say_shortest(seed: int) -> None:
    chosen = plan(seed)
    fewest = shortest(chosen)
    _say(f"  fails with {len(fewest.actions)} of {len(chosen.actions)} actions, in {fewest.setting}:")
    for action in fewest.actions:
        _say(f"    {action}")


def _one(seed: int) -> int:
    outcome = World(plan(seed)).run()
    for entry in outcome.history.entries:
        _say(f"{entry.at:10.4f} {str(entry)[:240]}")
    complaints = judge(outcome)
    for text in complaints:
        _say(text)
    _say(f"history {fingerprint(outcome.history)}: {'failed' if complaints else 'all is well'}")
    return 1 if complaints else 0


def _day(hours: float) -> int:
    began = time.monotonic()
    figures = day(hours)
    for name, figure in figures.items():
        _say(f"{figure:12,} {name}")
    _say(f"{hours:g} hours in {time.monotonic() - began:.0f} s")
    return 1 if figures["faults of the proxy"] else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
