"""The gate against getting slower: latency through the proxy over latency past it, against ratios that are kept.

Both are measured in one run, request by request in turns, so a slower machine makes both slower.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from e2e.checkers.verdict import Verdict, broken, kept, not_reached

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from e2e.load.figures import Report

FILE: Final = Path(__file__).with_name("baseline.json")
WORSE: Final = 4 / 3
"""How many times the baseline is red."""

RANKS: Final = ("p50", "p90")
ENOUGH: Final = 500
"""Requests each way, below which a ratio says nothing."""

NAME: Final = "not_slower"
RENEW: Final = "make load RENEW=1"


def ratios(report: Report) -> dict[str, float] | None:
    """Return p50 and p90 through the proxy over the same past it; None if too few were measured."""
    through, direct = report.latency.get("through"), report.latency.get("direct")
    if through is None or direct is None or min(through.count, direct.count) < ENOUGH:
        return None
    return {rank: round(getattr(through, rank) / getattr(direct, rank), 3) for rank in RANKS}


def not_slower(report: Report, profile: str, known: Mapping[str, Mapping[str, float]]) -> Verdict:
    """Judge the ratios of a run; `known` are the baselines by profile of proxy."""
    seen = ratios(report)
    if seen is None:
        return not_reached(NAME, f"fewer than {ENOUGH} requests were sent through the proxy and past it")
    facts: dict[str, Any] = {f"{rank} ratio": value for rank, value in seen.items()}
    facts |= {f"{rank} ms {group}": getattr(report.latency[group], rank) * 1000 for rank in RANKS for group in _GROUPS}
    told = ", ".join(f"{rank} {value:.2f} times" for rank, value in seen.items()) + " that of the node"
    baseline = known.get(profile)
    if baseline is None:
        return not_reached(NAME, f"{told}; not judged: there is no baseline of {profile} yet: {RENEW}", **facts)
    worse = [rank for rank, value in seen.items() if value > WORSE * baseline[rank]]
    compared = f"{told}; the baseline is {', '.join(f'{rank} {baseline[rank]:.2f}' for rank in RANKS)}"
    if worse:
        return broken(NAME, f"{compared}. If that has to be: {RENEW}", (), **facts)
    return kept(NAME, compared, **facts)


_GROUPS: Final = ("through", "direct")


def load(file: Path = FILE) -> dict[str, dict[str, float]]:
    """Read the baselines, by profile; none where there is no file."""
    if not file.exists():
        return {}
    known: dict[str, dict[str, float]] = json.loads(file.read_text(encoding="utf-8"))
    return known


def renew(report: Report, profile: str, red: Collection[str] = (), file: Path = FILE) -> dict[str, float]:
    """Put the ratios of this run in the place of the baseline of `profile`.

    Raises ValueError if there are none, or if the run failed by more than being slower: `red` are the names of that.
    """
    if others := sorted(set(red) - {NAME}):
        raise ValueError(f"nothing but {NAME} may be red in a run that is a measure for others: {', '.join(others)}")
    seen = ratios(report)
    if seen is None:
        raise ValueError(f"fewer than {ENOUGH} requests were compared: the run was too short for a baseline")
    known = load(file) | {profile: seen}
    file.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return seen
