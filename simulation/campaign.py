"""Many seeds, one after another or side by side."""

from __future__ import annotations

import hashlib
import multiprocessing
import traceback
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from e2e.ledger.codec import to_line
from simulation.generate import plan
from simulation.judge import judge
from simulation.shrink import shrink
from simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.history import History
    from simulation.plan import Plan


class Result(NamedTuple):
    """One seed: what was wrong (nothing if all is well), and what it reached."""

    seed: int
    complaints: tuple[str, ...]
    coverage: Counter[str]


def examine(seed: int) -> Result:
    return examine_plan(plan(seed))


def examine_plan(chosen: Plan) -> Result:
    """Run a plan and judge it. A crash is a complaint, too."""
    try:
        outcome = World(chosen).run()
        return Result(chosen.seed, tuple(judge(outcome)), outcome.coverage)
    except Exception:  # noqa: BLE001 - whatever it is, it belongs to this seed
        return Result(chosen.seed, (f"crash: {traceback.format_exc(limit=-4)}",), Counter())


def campaign(first: int, count: int, jobs: int) -> Iterator[Result]:
    """The results of `count` seeds from `first` on, in any order."""
    seeds = range(first, first + count)
    if jobs == 1:
        yield from map(examine, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(examine, seeds, chunksize=8)


def shortest(chosen: Plan) -> Plan:
    """The fewest actions of a plan that fails which fail still, in the same way."""
    wanted = _kind(examine_plan(chosen).complaints)
    return shrink(chosen, lambda shorter: _kind(examine_plan(shorter).complaints) == wanted)


def _kind(complaints: tuple[str, ...]) -> str:
    """The first complaint, and its witness if it has one, without figures and names."""
    words = " ".join(complaints[:2]).split()
    return " ".join(word for word in words if word.isalpha())[:120]


def fingerprint(history: History) -> str:
    """Equal for equal histories only."""
    digest = hashlib.blake2b(digest_size=16)
    for entry in history.entries:
        digest.update(to_line(entry).encode())
    return digest.hexdigest()
