"""Does it grow? The slope of a noisy series with its confidence interval, and what that says about stability.

The slope is Theil and Sen's: the median of the slopes of all pairs of points. It does not care about the steps and
spikes that memory is made of, where least squares follows the largest. Its interval comes from a sieve bootstrap
(Bühlmann 1997) with one lag: memory remembers, so a residual is much like the one before it, and an interval that takes
them for independent is far too narrow. How much alike they are is estimated, with the estimate's bias in short series
with a trend (Kendall 1954) taken back, and series with just such residuals are drawn around the line.

A slope that is surely not nought is no leak yet: allocators settle for a long time. So the question is the one of a
non-inferiority test: is the growth over the time that was watched surely below a bound, surely above it, or is the
series too short or too noisy to tell?

A run may consist of legs, with another process in each: then slopes are taken within legs only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations, pairwise
from math import inf
from operator import itemgetter, sub, truediv
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Final, TypeAlias

from e2e.checkers.verdict import Verdict, broken, kept, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Series: TypeAlias = "Sequence[tuple[float, float]]"
"""(x, y) in the order of x."""

CONFIDENCE: Final = 0.99
DRAWS: Final = 400
POINTS: Final = 60
"""To how many points a run is reduced before its slope is taken: the cost is their square, times `DRAWS`."""
ENOUGH: Final = 30
MEMORY: Final = 0.98
"""The most that is believed of the likeness of neighbours: beyond it nothing could ever be said."""


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` in units of y for one of x, its interval from `low` to `high`; `level` is the median of y."""

    slope: float
    low: float
    high: float
    level: float
    points: int


def reduced(legs: Sequence[Series], points: int = POINTS) -> list[list[tuple[float, float]]]:
    """Each leg as medians of as many equal spans of x as are its share of `points`."""
    lengths = [leg[-1][0] - leg[0][0] if leg else 0.0 for leg in legs]
    span = sum(lengths) / points
    found = []
    for leg in legs:
        bins: dict[int, list[tuple[float, float]]] = {}
        for x, y in leg:
            bins.setdefault(int((x - leg[0][0]) / span) if span > 0 else 0, []).append((x, y))
        found.append([(median(x for x, _ in each), median(y for _, y in each)) for each in bins.values()])
    return found


def trend(legs: Sequence[Series], confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0) -> Trend | None:
    """The slope that all legs have in common. None for fewer than `ENOUGH` points."""
    legs = [leg for leg in legs if len(leg) > 1]
    points = sum(map(len, legs))
    if points < ENOUGH:
        return None
    pairs = [_Pairs.of([x for x, _ in leg]) for leg in legs]
    slope = _slope(pairs, [[y for _, y in leg] for leg in legs])
    fitted = [_fitted(leg, slope) for leg in legs]
    rests = [[y - fit for (_, y), fit in zip(leg, line, strict=True)] for leg, line in zip(legs, fitted, strict=True)]
    random = Random(seed)
    memory = _memory(rests)
    shocks = [after - memory * before for rest in rests for before, after in pairwise(rest)]
    mean = sum(shocks) / len(shocks)
    shocks = [shock - mean for shock in shocks]
    drawn = sorted(_slope(pairs, _redrawn(fitted, memory, shocks, random)) for _ in range(draws))
    outside = int((1 - confidence) / 2 * draws)
    level = median(y for leg in legs for _, y in leg)
    # the bootstrap's errors, turned round: what the estimate was above the truth, the truth is below the estimate
    return Trend(slope, 2 * slope - drawn[-1 - outside], 2 * slope - drawn[outside], level, points)


def stable(promise: str, found: Trend | None, watched: float, *, share: float, least: float, unit: str) -> Verdict:
    """Whether the growth over `watched` (in units of x) stays below `share` of the level, or `least` if that is more.

    `least` and the facts are in the unit of y, which `unit` names.
    """
    if found is None:
        return unknown(promise, f"fewer than {ENOUGH} looks: play for longer")
    bound = max(share * found.level, least)
    low, high, grown = found.low * watched, found.high * watched, found.slope * watched
    facts = {"level": found.level, "grew": grown, "at least": low, "at most": high, "bound": bound}
    between = f"grew by {low:+.4g} to {high:+.4g} {unit} at a level of {found.level:.4g} ({CONFIDENCE:.0%} sure)"
    if high <= bound:
        return kept(promise, f"{between}; {bound:.3g} are allowed", **facts)
    if low > bound:
        return broken(promise, f"{between}, and only {bound:.3g} are allowed", [], **facts)
    return unknown(promise, f"{between}: too uncertain to tell whether that is below {bound:.3g}", (), **facts)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs of a leg's points: taken apart once, and no line of Python is run for any of them at a draw."""

    earlier: Callable[[Sequence[float]], tuple[float, ...]]
    later: Callable[[Sequence[float]], tuple[float, ...]]
    widths: tuple[float, ...]

    @classmethod
    def of(cls, xs: Sequence[float]) -> _Pairs:
        pairs = [(a, b) for a, b in combinations(range(len(xs)), 2) if xs[b] > xs[a]]
        first, second = zip(*pairs, strict=True)
        return cls(itemgetter(*first), itemgetter(*second), tuple(xs[b] - xs[a] for a, b in pairs))

    def slopes(self, ys: Sequence[float]) -> Iterator[float]:
        return map(truediv, map(sub, self.later(ys), self.earlier(ys)), self.widths)


def _slope(pairs: Sequence[_Pairs], curves: Sequence[Sequence[float]]) -> float:
    slopes: Iterator[float] = chain.from_iterable(each.slopes(ys) for each, ys in zip(pairs, curves, strict=True))
    return median(slopes)


def _fitted(leg: Series, slope: float) -> list[float]:
    start = median(y - slope * x for x, y in leg)
    return [start + slope * x for x, _ in leg]


def _memory(rests: Sequence[Sequence[float]]) -> float:
    """How much a residual keeps of the one before it: 0 nothing, 1 all."""
    pairs = [pair for rest in rests for pair in pairwise(rest)]
    squares = sum(before * before for before, _ in pairs)
    if squares == 0:
        return 0.0
    kept = sum(before * after for before, after in pairs) / squares
    return min(MEMORY, max(0.0, kept + (2 + 4 * kept) / len(pairs)))


def _redrawn(
    fitted: Sequence[Sequence[float]], memory: float, shocks: Sequence[float], random: Random
) -> list[list[float]]:
    """The same lines with residuals drawn anew."""
    found = []
    spread = (1 - memory * memory) ** -0.5
    for line in fitted:
        rest, drawn = spread * random.choice(shocks), []
        for fit in line:
            rest = memory * rest + random.choice(shocks)
            drawn.append(fit + rest)
        found.append(drawn)
    return found


def settled(leg: Series, warm_up: float) -> Series:
    """A leg without its first `warm_up` (in units of x): allocators and caches fill at first."""
    start = leg[0][0] + warm_up if leg else inf
    return [point for point in leg if point[0] >= start]
