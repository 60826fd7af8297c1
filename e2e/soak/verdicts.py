"""What a soak says: the promises as the checkers judged them window by window, and what only a long run can show."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from e2e.checkers.figures import percentile
from e2e.checkers.verdict import Answer, Verdict, broken, kept, not_reached, unknown, worst
from e2e.soak.gather import LegFigures, behind, latency, of_time
from e2e.soak.leg import LOAD, PROMISES, PROXY
from e2e.soak.plan import EVERY, due
from e2e.soak.trend import reduced, settled, stable, trend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.soak.gather import Curve

SUCCESS: Final = 0.999
JUDGED: Final = 0.9
"""The share of the windows about which something must be known: a machine has its bad minutes in a day."""

STRONG: Final = 0.95
"""The share of the time in which every node answered a direct question soon, unless somebody had hurt it."""
LATE: Final = 0.1
"""Seconds by which the load generator may be behind its schedule at the worst instant of half of all spans."""

HUNGRY: Final = 0.5
"""The share of the time in which the proxy could have run and had to wait for a CPU: more, and figures of time are
those of the other processes on the machine."""

WARM_UP: Final = 0.5
"""The share of a leg, at most `LONGEST_WARM_UP` seconds, before memory is looked at: caches and allocators fill."""
LONGEST_WARM_UP: Final = 1800.0

GROWTH: Final = 0.05
"""The share of its level by which memory (or descriptors, threads, tasks) may surely have grown at most."""
FORCED: Final = 0.9
"""The share of the forced reconnections that must have been seen there and back."""

MIB: Final = 2.0**-20
STABLE: Final = {
    "memory_stable": ("rss", 0.0, "MiB"),
    "descriptors_stable": ("descriptors", 4.0, "descriptors"),
    "threads_stable": ("threads", 2.0, "threads"),
    "tasks_stable": ("tasks", 4.0, "tasks"),
}
"""Verdict → the curve, how much it may grow in any case, and its unit."""


def verdicts(legs: Sequence[LegFigures], every: float = EVERY) -> list[Verdict]:
    """All verdicts of a run, its legs in order; `every`: seconds between two forced reconnections."""
    own = [_stayed_up(legs), _kept_up(legs), _forced(legs), _succeeded(legs), _nothing_lost(legs), _no_timeouts(legs)]
    own += [_soon(legs, due(every)), _counted(legs), *(_stable(legs, promise) for promise in STABLE), _harness(legs)]
    return [*own, *(_promise(legs, promise) for promise in PROMISES)]


def _stayed_up(legs: Sequence[LegFigures]) -> Verdict:
    seconds = sum(leg.seconds for leg in legs)
    if any(leg.why == PROXY for leg in legs):
        return broken("stayed_up", "the proxy ended by itself: see logs/proxy.log", [], seconds=seconds)
    if any(leg.why == LOAD for leg in legs):
        return unknown("stayed_up", "the load generator ended by itself: see load.jsonl", (), seconds=seconds)
    died = sum(not leg.why for leg in legs[:-1])
    return kept("stayed_up", f"{seconds:.0f} s in {len(legs)} legs; the harness died {died} times", seconds=seconds)


def _kept_up(legs: Sequence[LegFigures]) -> Verdict:
    """Whether the machine had the strength to do all of this to the proxy.

    How long the proxy waited for a CPU is told, and excuses what came late: what was kept all the same was kept.
    """
    seconds, still = sum(leg.seconds for leg in legs), sum(leg.still for leg in legs)
    late = percentile([late for leg in legs for _, late in leg.curves.get("late", [])], 50)
    hungry = _hunger(legs)
    facts = {"still": still, "late": late, "waited": hungry}
    reason = (
        f"nodes stood still by themselves for {still:.0f} of {seconds:.0f} s, the load was {late * 1e3:.0f} ms late, "
        f"the proxy waited for a CPU {hungry:.0%} of the time in which it had something to do"
    )
    if not seconds or still > (1 - STRONG) * seconds or late > LATE:
        return unknown("machine_kept_up", reason, (), **facts)
    return kept("machine_kept_up", reason, **facts)


def _hunger(legs: Sequence[LegFigures]) -> float:
    """The share of the time in which the proxy had something to do that it waited for a CPU."""
    ran, waited = (sum(_last(leg, name) for leg in legs) for name in ("ran", "waited"))
    return waited / (ran + waited) if ran else 0.0


def _last(leg: LegFigures, name: str) -> float:
    """What a count had come to at the end of a leg."""
    curve = leg.curves.get(name)
    return curve[-1][1] if curve else 0.0


def _forced(legs: Sequence[LegFigures]) -> Verdict:
    bouts = [bout for leg in legs for bout in leg.bouts]
    seen = [bout for bout in bouts if bout.away is not None and bout.home is not None]
    moves = sum(_last(leg, "moves") for leg in legs)
    facts = {"forced": len(bouts), "seen": len(seen), "clients moved": moves}
    if not bouts or len(seen) < FORCED * len(bouts):
        reason = f"of {len(bouts)} forced reconnections {len(seen)} were seen there and back: this proves little"
        return unknown("was_forced", reason, (), **facts)
    slowest = max(bout.away or 0.0 for bout in seen), max(bout.home or 0.0 for bout in seen)
    reason = (
        f"{len(seen)} of {len(bouts)} reconnections, away in {slowest[0]:.1f} s and home in {slowest[1]:.1f} s at most"
    )
    return kept("was_forced", reason, **facts)


def _succeeded(legs: Sequence[LegFigures]) -> Verdict:
    asked = sum(leg.requests for leg in legs)
    served = asked - sum(leg.failed for leg in legs)
    for leg in legs:
        last = leg.progress
        if leg.report is not None:
            asked += leg.report.due
            served += leg.report.answered - sum(leg.report.errors.values())
        elif last is not None:
            asked += last.due - last.outstanding
            served += last.answered - last.errors
    if not asked:
        return unknown("succeeded", "nobody asked anything")
    share = served / asked
    say = kept if share > SUCCESS else broken
    reason = f"{share:.4%} of {asked} requests; more than {SUCCESS:.1%} are due"
    return kept("succeeded", reason, share=share) if say is kept else broken("succeeded", reason, [], share=share)


def _nothing_lost(legs: Sequence[LegFigures]) -> Verdict:
    found: Counter[str] = Counter()
    for leg in legs:
        if leg.report is not None:
            found["unanswered"] += leg.report.unanswered
            found["cut"] += leg.report.cut
            found["connections closed"] += sum(leg.report.closes.values())
            found.update(leg.report.violations)
        elif leg.progress is not None:
            found["unanswered"] += leg.progress.unanswered
            found["violations"] += leg.progress.violations
    lost = {name: count for name, count in found.items() if count}
    if lost:
        listed = ", ".join(f"{count} {name}" for name, count in sorted(lost.items()))
        return broken("load_lost_nothing", f"{listed}: see load.jsonl", [], **lost)
    if not found:
        return unknown("load_lost_nothing", "the load generator said nothing")
    return kept("load_lost_nothing", "each request answered once, each head once, no connection lost")


def _no_timeouts(legs: Sequence[LegFigures]) -> Verdict:
    judged = sum(leg.timeouts for leg in legs)
    load = sum((Counter(of_time(leg.report)) for leg in legs), Counter[str]())
    late = sum(leg.report.late + leg.report.unanswered for leg in legs if leg.report is not None)
    if judged or load or late:
        reason = (
            f"{judged} of the judged clients, {sum(load.values())} errors of the load speak of time, {late} too late"
        )
        return broken("no_time_outs", reason, [])
    return kept("no_time_outs", "no request timed out, no error speaks of a deadline")


def _soon(legs: Sequence[LegFigures], within: float) -> Verdict:
    total = latency(legs)
    if total is None or not total.get_total_count():
        return unknown("answered_soon", "no leg came to the report of its load")
    p50, p99, worst_of_all = (total.get_value_at_percentile(rank) / 1e6 for rank in (50, 99, 100))
    facts = {"p50": p50, "p99": p99, "worst": worst_of_all}
    counted = f"p99 {p99 * 1000:.1f} ms of {total.get_total_count()} requests, those in reconnections included"
    reason = f"{counted}; less than {within * 1000:g} ms are due"
    if p99 < within:
        return kept("answered_soon", reason, **facts)
    late = behind(legs)
    if p99 - late < within:
        said = f"{reason}; but the load generator was {late * 1000:.0f} ms late itself as often"
        return unknown("answered_soon", said, (), late=late, **facts)
    if _kept_up(legs).answer is not Answer.YES or _hunger(legs) > HUNGRY:
        return unknown("answered_soon", f"{reason}; but the machine did not keep up", (), **facts)
    return broken("answered_soon", reason, [], **facts)


def _counted(legs: Sequence[LegFigures]) -> Verdict:
    looks, wrong = sum(leg.looks for leg in legs), sum(leg.miscounts for leg in legs)
    first = next((leg.miscount for leg in legs if leg.miscount), "")
    if not looks:
        return not_reached("counts_clients", "the proxy counts neither connections nor subscriptions")
    if wrong:
        return broken("counts_clients", f"{wrong} of {looks} counts were wrong, the first: {first}", [], looks=looks)
    return kept("counts_clients", f"{looks} counts of connections and subscriptions, all right", looks=looks)


def _stable(legs: Sequence[LegFigures], promise: str) -> Verdict:
    name, least, unit = STABLE[promise]
    curves = _settled(legs, name)
    if not any(curves):
        return not_reached(promise, f"nobody can see the proxy's {name}")
    found = trend(reduced(curves))
    watched = _watched(curves)
    verdict = stable(promise, found, watched, share=GROWTH, least=least, unit=unit)
    moves = sum(curve[-1][1] - curve[0][1] for curve in _settled(legs, "moves") if curve)
    if found is not None and moves:
        noise = watched * (found.slope - found.low) + verdict.facts["bound"]
        per = {"grew a move": found.slope * watched / moves, "would be seen a move": noise / moves}
        # memory in bytes again: a client that moves leaves little behind
        verdict.facts.update({key: value / MIB if name == "rss" else value for key, value in per.items()})
    return verdict


def _harness(legs: Sequence[LegFigures]) -> Verdict:
    """The harness itself must not grow, or it could not last; that says nothing of the proxy."""
    said = []
    for name in ("harness", "load"):
        curves = _settled(legs, name)
        found = trend(reduced(curves))
        said.append(stable(name, found, _watched(curves), share=GROWTH, least=0.0, unit="MiB"))
    facts = {f"{each.promise} {name}": value for each in said for name, value in each.facts.items()}
    facts["entries kept"] = max((leg.most_kept for leg in legs), default=0)
    reason = "; ".join(f"{each.promise} {each.reason}" for each in said)
    if worst(said) is Answer.YES:
        return kept("harness_flat", reason, **facts)
    return unknown("harness_flat", reason, (), **facts)


def _settled(legs: Sequence[LegFigures], name: str) -> list[Curve]:
    """A curve of each leg without its warm-up; memory in MiB."""
    factor = MIB if name in {"rss", "harness", "load"} else 1.0
    curves = (settled(leg.curves.get(name, []), min(WARM_UP * leg.seconds, LONGEST_WARM_UP)) for leg in legs)
    return [[(at, factor * value) for at, value in curve] for curve in curves]


def _watched(curves: Sequence[Curve]) -> float:
    """Seconds."""
    return sum(curve[-1][0] - curve[0][0] for curve in curves if curve)


def _promise(legs: Sequence[LegFigures], promise: str) -> Verdict:
    said = sum((leg.answers.get(promise, Counter()) for leg in legs), Counter[str]())
    windows = said.total()
    facts = dict(said)
    for answer in (Answer.NO, Answer.UNKNOWN):
        first = next((found for leg in legs if (found := leg.reasons.get(f"{promise} {answer}"))), "")
        if answer is Answer.NO and said[answer]:
            return broken(promise, f"in {said[answer]} of {windows} windows, the first: {first}", [], **facts)
        if said[answer] > (1 - JUDGED) * windows:
            return unknown(promise, f"of {said[answer]} of {windows} windows, the first: {first}", (), **facts)
    doubt = f", {said[Answer.UNKNOWN]} of which nobody can say" if said[Answer.UNKNOWN] else ""
    reached = [answer for answer in (Answer.YES, Answer.NOT_CLAIMED) if said[answer]]
    if not reached:
        return not_reached(promise, f"in none of {windows} windows")
    return Verdict(promise, reached[0], f"{windows} windows{doubt}", facts=facts)


def answer(found: Sequence[Verdict]) -> Answer:
    """The worst; UNKNOWN without any."""
    return worst(found) if found else Answer.UNKNOWN


def seconds_left(duration: float, legs: Sequence[LegFigures]) -> float:
    """How much of the duration was not judged yet."""
    return max(0.0, duration - math.fsum(leg.judged for leg in legs))
