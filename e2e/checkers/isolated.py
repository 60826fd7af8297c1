"""One slow, silent or hostile client, or a node that serves nobody, delays no one else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from e2e.checkers import machine
from e2e.checkers.figures import percentile
from e2e.checkers.gauges import carriers
from e2e.checkers.outages import RECOVERY
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached, unknown
from e2e.ledger.faults import Effect

if TYPE_CHECKING:
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

PROMISE = "isolated"

ENOUGH = 20
"""How many requests it takes, before and during, to speak of a percentile."""

FACTOR, SLACK = 3.0, 0.2
"""The 99th percentile of the others may be this many times what it was, and this many seconds more."""


class Comparison(NamedTuple):
    """The 99th percentile of the others' latency before and during one fault, in seconds."""

    fault: Fault
    before: float
    during: float
    worst: Exchange

    @property
    def excess(self) -> float:
        return self.during - (FACTOR * self.before + SLACK)


def isolated(history: History) -> Verdict:
    found = [each for fault in history.faults if (each := _compare(history, fault)) is not None]
    if not found:
        return not_reached(PROMISE, "no client or idle node misbehaved while enough others asked")
    facts = {"faults": len(found), "worst p99": max(each.during for each in found)}
    slow = [each for each in found if each.excess > 0]
    unclear = [each for each in slow if _explained(history, each)]
    guilty = [each for each in slow if each not in unclear]
    if guilty:
        reason = f"{len(guilty)} of {len(found)} times others waited for one that misbehaved"
        return broken(PROMISE, reason, [*map(_witness, guilty)], **facts)
    if unclear:
        reason = f"{len(unclear)} of {len(found)} times slow on a machine that was late itself"
        return unknown(PROMISE, reason, [*map(_witness, unclear)], **facts)
    return kept(PROMISE, f"{len(found)} times nobody waited for one that misbehaved", **facts)


def _compare(history: History, fault: Fault) -> Comparison | None:
    rest = [each for each in history.faults if each is not fault]
    clear = max((each.healed + RECOVERY for each in rest if each.began <= fault.began), default=0.0)
    if clear > fault.began or not _idle(history, fault):
        return None
    others = [each for each in history.exchanges if each.request.id is not None and each.request.client != fault.target]
    before = [each for each in others if clear <= each.request.at and each.answered < fault.began]
    until = min((each.began for each in rest if each.began > fault.began), default=math.inf)
    until = min(until, fault.healed if fault.healed > fault.at else math.inf)
    # Silence is for answered_once.
    during = [each for each in others if fault.at <= each.request.at < until and each.answer is not None]
    if min(len(before), len(during)) < ENOUGH:
        return None
    worst = max(during, key=lambda each: each.latency)
    was, became = (percentile([each.latency for each in part], 99) for part in (before, during))
    return Comparison(fault, was, became, worst)


def _idle(history: History, fault: Fault) -> bool:
    """Whether whom the fault hits is a client, or a node that is known to carry no client."""
    if fault.effect is Effect.CLIENT:
        return True
    if fault.effect not in {Effect.SILENT, Effect.SLOW} or fault.target not in history.meta.nodes:
        return False
    looks = [nodes for each in history.scrapes if each.at < fault.began and (nodes := carriers(history, each))]
    # The first node of the config is where HTTP requests go, whatever the gauge says of WebSocket clients.
    return bool(looks) and fault.target not in looks[-1] and fault.target != next(iter(history.meta.nodes))


def _explained(history: History, comparison: Comparison) -> bool:
    # from when it was to be sent: it is the harness that sends late
    since = comparison.worst.due
    late = history.lateness(since, min(comparison.worst.answered, history.end))
    bound = comparison.during - comparison.excess
    return comparison.excess <= late or machine.excused(history, since, comparison.during, bound)


def _witness(comparison: Comparison) -> Witness:
    fault, worst = comparison.fault, comparison.worst
    text = (
        f"p99 of the others was {comparison.before:.3f} s before the {fault.name} of {fault.target} at {fault.at:.1f} s"
        f" and {comparison.during:.3f} s during it"
    )
    return Witness(worst.request.at, worst.request.client, text, (worst.request,))
