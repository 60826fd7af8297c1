from __future__ import annotations

from dataclasses import replace

import pytest

from e2e.checkers.isolated import isolated
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Drifted, Sent
from tests.e2e.checkers.histories import B1, P1, P2, TICK, Run


def played(fault: str, target: str, latency: float, *, upstream: str = P1, requests: int = 30) -> Run:
    """Requests answered in a tick before the fault and in `latency` seconds during it."""
    run = Run().upstream(upstream)
    a = run.client("a")
    for number in range(requests):
        a.asked(number)
    run.fault(fault, target)
    for number in range(requests):
        a.sent(number)
        run.wait(latency - TICK)
        a.got(number)
    return run.healed(fault, target)


@pytest.mark.parametrize(("fault", "target"), [("slow_reader", "slow"), ("pause", P2), ("latency", B1)])
def test_the_others_do_not_wait(fault: str, target: str) -> None:
    assert isolated(played(fault, target, 0.1).history()).answer is Answer.YES
    verdict = isolated(played(fault, target, 0.5).history())
    assert verdict.answer is Answer.NO
    assert f"{fault} of {target}" in verdict.witnesses[0].text
    assert verdict.facts["worst p99"] == pytest.approx(0.5)


@pytest.mark.parametrize(("fault", "target"), [("pause", P1), ("kill", P2), ("reorg", "chain"), ("stop", "proxy")])
def test_what_may_be_felt(fault: str, target: str) -> None:
    assert isolated(played(fault, target, 0.5).history()).answer is Answer.NOT_REACHED


def test_the_node_in_use_may_be_felt() -> None:
    assert isolated(played("pause", P2, 0.5, upstream=P2).history()).answer is Answer.NOT_REACHED


def test_the_one_who_misbehaves_may_wait() -> None:
    assert isolated(played("slow_reader", "a", 5).history()).answer is Answer.NOT_REACHED


def test_few_requests_are_no_measure() -> None:
    assert isolated(played("pause", P2, 0.5, requests=19).history()).answer is Answer.NOT_REACHED


def test_a_machine_that_stood_still_explains_it() -> None:
    run = played("pause", P2, 0.5)
    assert isolated(run.history()).answer is Answer.NO
    for entry in list(run.entries):
        run.now = entry.at
        run.drifted(0.6)
    assert isolated(run.history()).answer is Answer.UNKNOWN


@pytest.mark.parametrize(("late", "expected"), [(0.0, Answer.NO), (0.5, Answer.UNKNOWN)])
def test_what_the_harness_sends_late_nobody_waited_for(late: float, expected: Answer) -> None:
    run = played("slow_reader", "slow", TICK)
    last = max(index for index, entry in enumerate(run.entries) if isinstance(entry, Sent))
    sent = run.entries[last]
    assert isinstance(sent, Sent)
    run.entries[last] = replace(sent, intended=sent.at - 0.5)
    run.entries.insert(last, Drifted(sent.at - TICK / 2, late))
    assert isolated(run.history()).answer is expected


@pytest.mark.parametrize(
    ("seconds", "pressure", "expected"),
    [(0.5, 0.95, Answer.UNKNOWN), (0.5, 0.5, Answer.NO), (2.0, 0.95, Answer.NO)],
)
def test_a_starved_machine_explains_some_lateness(seconds: float, pressure: float, expected: Answer) -> None:
    run = played("pause", P2, seconds).under_pressure(pressure)
    assert isolated(run.history()).answer is expected
