from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.checkers.run_was_fair import run_was_fair
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import P1, Run, good_run

if TYPE_CHECKING:
    from tests.e2e.checkers.histories import Client


def unfair(run: Run, words: str) -> None:
    verdict = run_was_fair(run.history())
    assert verdict.answer is Answer.UNKNOWN
    assert any(words in witness.text for witness in verdict.witnesses), verdict


def base(run: Run) -> Client:
    a = run.client("a")
    for number in range(5):
        a.asked(number)
    return a


def test_a_good_run_is_fair() -> None:
    verdict = run_was_fair(good_run().history())
    assert verdict.answer is Answer.YES, verdict
    assert verdict.facts["faults"] == 2


def test_a_run_without_fault_is_fair() -> None:
    run = Run()
    base(run)
    assert run_was_fair(run.history()).answer is Answer.YES


def test_an_empty_run() -> None:
    unfair(Run(nodes={}), "which nodes")
    unfair(Run(), "no client sent")


def test_a_late_clock() -> None:
    run = Run()
    base(run)
    for _ in range(40):
        run.drifted(0.01)
    run.drifted(5)
    assert run_was_fair(run.history()).answer is Answer.YES
    for _ in range(3):
        run.drifted(0.3)
    unfair(run, "could not keep up")


def test_a_base_load_that_was_never_served() -> None:
    run = Run()
    a = run.client("a").sent(1).error(1).asked(2)
    run.fault("kill").healed("kill")
    a.asked(3)
    unfair(run, "base load")


def test_a_base_load_that_was_never_answered() -> None:
    run = Run()
    a = run.client("a").sent(1)
    run.wait(12).fault("kill").healed("kill")
    a.asked(2)
    unfair(run, "base load")


def test_what_was_in_flight_at_the_fault_is_the_faults_business() -> None:
    run = Run()
    a = run.client("a").asked(1).sent(2).sent(3)
    run.fault("kill").healed("kill")
    a.asked(4)
    assert run_was_fair(run.history()).answer is Answer.YES


def test_a_fault_that_was_not_taken_back() -> None:
    run = Run()
    base(run)
    run.fault("kill")
    base(run)
    unfair(run, "never taken back")


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_a_momentary_fault_needs_no_cure(fault: str) -> None:
    run = Run()
    base(run)
    run.fault(fault)
    base(run)
    assert run_was_fair(run.history()).answer is Answer.YES


def test_an_unknown_fault() -> None:
    run = Run()
    base(run)
    run.fault("gremlins")
    unfair(run, "does not know")


def test_traffic_before_during_and_after() -> None:
    run = Run()
    run.fault("kill").wait(2).healed("kill")
    base(run)
    unfair(run, "no traffic before it")
    unfair(run, "no traffic during it")

    run = Run()
    base(run)
    run.fault("kill").wait(0.5).healed("kill")
    unfair(run, "no traffic after it")


def test_a_subscription_is_traffic() -> None:
    run = Run()
    a = base(run).subscribed(100, "newHeads", "0xa")
    run.fault("kill").wait(5).healed("kill").settled()
    a.closed()
    assert run_was_fair(run.history()).answer is Answer.YES


def test_the_end_of_the_proxy_needs_no_traffic_after_it() -> None:
    run = Run()
    base(run)
    run.fault("stop", "proxy")
    assert run_was_fair(run.history()).answer is Answer.YES


def test_a_hole_in_the_truth() -> None:
    run = Run()
    base(run)
    run.block(1).block(5)
    unfair(run, "lacks blocks [2, 3, 4]")


def test_the_first_of_several_complaints_is_the_reason() -> None:
    run = Run()
    base(run)
    run.fault("kill", P1).fault("gremlins", P1)
    assert "more)" in run_was_fair(run.history()).reason


def test_nobody_is_asked_once_the_proxy_was_told_to_stop() -> None:
    run = Run()
    base(run)
    run.fault("kill").wait(1).fault("stop", "proxy").healed("kill")
    assert not [each for each in run_was_fair(run.history()).witnesses if "after it" in each.text]
