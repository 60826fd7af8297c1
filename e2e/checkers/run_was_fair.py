"""Judge the run before the proxy: did it put anything to the test, and could the harness keep up?

Never NO: a run that was not fair says nothing about the proxy, so the answer is UNKNOWN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.failures import trouble
from e2e.checkers.figures import percentile
from e2e.checkers.verdict import Verdict, Witness, kept, unknown
from e2e.ledger.faults import EFFECTS, PROXY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

PROMISE = "run_was_fair"

DRIFT = 0.25
"""Seconds by which the harness's clock may be late in 19 of 20 looks: a hiccup spoils no run, starvation does."""

BRIEF = 1.0
"""Seconds below which a fault is too short to ask for traffic within it."""

BASE_LOAD = 0.9
"""The share of the requests before the first fault that must have been served: else the proxy never worked."""


def run_was_fair(history: History) -> Verdict:
    complaints = [*_setting(history), *_clock(history), *_base_load(history)]
    for fault in history.faults:
        complaints.extend(_fault(history, fault))
    facts = {
        "requests": len(history.exchanges),
        "faults": len(history.faults),
        "drift p95": percentile([drift.late for drift in history.drifts], 95),
        "cpu pressure": round(history.pressure(0.0, history.end), 2),
        "drift max": max((drift.late for drift in history.drifts), default=math.nan),
    }
    if complaints:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        return unknown(PROMISE, complaints[0].text + more, complaints, **facts)
    return kept(PROMISE, f"{len(history.exchanges)} requests around {len(history.faults)} faults", **facts)


def _setting(history: History) -> Iterator[Witness]:
    if not history.meta.nodes:
        yield Witness(0.0, "", "the run does not say which nodes the proxy had")
    if not history.exchanges:
        yield Witness(0.0, "", "no client sent anything")
    if history.chain.holes:
        yield Witness(history.end, "", f"the block driver's record lacks blocks {history.chain.holes[:5]}")


def _clock(history: History) -> Iterator[Witness]:
    late = percentile([drift.late for drift in history.drifts], 95)
    if late > DRIFT:
        yield Witness(history.end, "", f"the harness could not keep up: its clock was {late:.2f} s late (p95)")


def _base_load(history: History) -> Iterator[Witness]:
    first = min((fault.began for fault in history.faults), default=history.end)
    before = [each for each in history.exchanges if each.request.at < first and each.request.id is not None]
    # What was in flight when the fault struck is the fault's business.
    due = [each for each in before if each.answered < first or each.request.at < first - history.meta.patience]
    served = sum(_served(each) for each in due)
    if due and served < BASE_LOAD * len(due):
        share = f"{served} of {len(due)} requests"
        yield Witness(first, "", f"the base load was not served: {share} before the first fault at {first:.1f} s")


def _served(exchange: Exchange) -> bool:
    return exchange.answer is not None and trouble(exchange) is None


def _fault(history: History, fault: Fault) -> Iterator[Witness]:
    name = f"{fault.name} of {fault.target} at {fault.at:.1f} s"
    if fault.name not in EFFECTS:
        yield Witness(fault.at, fault.target, f"{name} is a fault that e2e/ledger/faults.py does not know")
        return
    if fault.target == PROXY:
        return
    if fault.healed == math.inf:
        yield Witness(fault.at, fault.target, f"{name} was never taken back")
    over = min(fault.healed, history.end)
    spells = {"before": (0.0, fault.began), "during": (fault.began, over), "after": (over, max(over, history.settled))}
    if over - fault.at < BRIEF:
        del spells["during"]
    if any(each.target == PROXY and each.at <= over for each in history.faults):
        del spells["after"]  # nobody is there any more to be asked
    for when, (since, until) in spells.items():
        if not _traffic(history, since, until):
            yield Witness(fault.at, fault.target, f"{name}: no traffic {when} it")


def _traffic(history: History, since: float, until: float) -> bool:
    """Whether anybody sent a request, or listened to a subscription all the while."""
    asked = any(since <= each.request.at <= until for each in history.exchanges)
    return asked or any(each.confirmed <= since and each.wanted_until >= until for each in history.subscriptions)
