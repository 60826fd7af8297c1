from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.fails_over import WITHIN, fails_over
from e2e.checkers.verdict import Answer
from e2e.ledger.faults import EFFECTS
from tests.e2e.checkers.histories import B1, B2, P1, P2, Run, good_run


def answer(run: Run) -> Answer:
    return fails_over(run.history()).answer


def switched(fault: str, took: float) -> Run:
    """A request right after the fault, answered when `took` seconds are over."""
    run = Run()
    a = run.client("a").asked(1)
    run.fault(fault, P1)
    a.sent(2)
    run.wait(took - 0.01)
    a.got(2)
    return run


def test_a_good_run_keeps_it() -> None:
    verdict = fails_over(good_run().history())
    assert verdict.answer is Answer.YES, verdict
    assert answer(good_run(kill=False)) is Answer.NOT_REACHED


@given(st.sampled_from(["kill", "stop", "reset", "close", "pause", "black_hole"]), st.floats(0.02, 4))
def test_the_bound_depends_on_the_effect(fault: str, took: float) -> None:
    bound = WITHIN[EFFECTS[fault]]
    if abs(took - bound) > 0.01:
        assert answer(switched(fault, took)) is (Answer.YES if took < bound else Answer.NO)


@pytest.mark.parametrize("fault", ["latency", "reorg", "http_status"])
def test_other_faults_are_no_death(fault: str) -> None:
    assert answer(switched(fault, 5)) is Answer.NOT_REACHED


def test_the_worst_client_counts() -> None:
    run = Run()
    a, b = run.client("a"), run.client("b")
    run.fault("kill", P1)
    a.sent(1)
    b.asked(1)
    run.wait(1)
    a.got(1)
    verdict = fails_over(run.history())
    assert verdict.answer is Answer.NO
    assert [witness.client for witness in verdict.witnesses] == ["a"]
    assert verdict.facts["worst after cut"] == pytest.approx(1.03)


def test_never_served_again() -> None:
    run = Run()
    run.client("a").asked(1)
    run.fault("kill", P1)
    run.client("b").sent(1).error(1)
    run.wait(1).mark("end")
    verdict = fails_over(run.history())
    assert verdict.answer is Answer.NO
    assert verdict.facts["worst after cut"] == math.inf
    assert "never" in verdict.witnesses[0].text


def test_whoever_leaves_at_once_does_not_wait() -> None:
    run = Run()
    a = run.client("a").asked(1)
    run.fault("kill", P1)
    a.sent(2)
    run.wait(0.4)
    a.closed()
    run.wait(1).mark("end")
    assert answer(run) is Answer.NOT_REACHED


def test_two_switches_at_once_take_their_time() -> None:
    run = Run()
    a = run.client("a").asked(1)
    run.fault("pause", P1)
    a.sent(2)
    run.wait(1.9).fault("kill", P2).wait(0.4)
    a.got(2)
    assert answer(run) is Answer.YES


@pytest.mark.parametrize(("apart", "expected"), [(0.0, Answer.NO), (1.0, Answer.YES)])
def test_both_lanes_of_a_node_hit_together_are_one_switch(apart: float, expected: Answer) -> None:
    run = Run()
    a = run.client("a").asked(1)
    run.fault("black_hole", P1, lane="http").wait(apart)
    run.fault("black_hole", P1, lane="ws")
    a.sent(2)
    run.wait(3)
    a.got(2)
    assert answer(run) is expected


def test_a_later_request_that_is_served_is_service() -> None:
    run = Run()
    a = run.client("a")
    run.fault("kill", P1)
    a.sent(1).sent(2).got(2)
    assert answer(run) is Answer.YES


def test_without_another_node_there_is_nowhere_to_go() -> None:
    run = Run()
    a = run.client("a")
    for node in (P2, B1, B2, P1):
        run.fault("kill", node)
    a.sent(1)
    run.wait(5)
    a.got(1)
    assert answer(run) is Answer.NOT_REACHED


def test_a_fault_of_one_lane_is_felt_there() -> None:
    run = Run()
    h = run.client("h", "http")
    run.fault("reset", P1, lane="ws")
    h.sent(1)
    run.wait(5)
    h.got(1)
    assert answer(run) is Answer.NOT_REACHED


def test_a_machine_that_stood_still_explains_it() -> None:
    run = switched("kill", 1.0)
    run.drifted(0.1)
    assert answer(run) is Answer.NO
    run.drifted(0.6)
    assert answer(run) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("code", "expected"),
    [*((code, Answer.NO) for code in (1000, 1001, 1002, 1006, 1008, 1009, 1011)), (1013, Answer.NOT_REACHED)],
)
def test_a_death_of_a_node_closes_no_connection(code: int, expected: Answer) -> None:
    run = Run()
    a = run.client("a")
    run.fault("stop", P1)
    a.closed(code, by="proxy")
    assert answer(run) is expected


@pytest.mark.parametrize("fault", ["http_status", "oversize", "latency"])
def test_a_close_for_what_a_client_did_is_its_own_affair_while_no_node_dies(fault: str) -> None:
    run = Run()
    a, b = run.client("a"), run.client("b")
    run.fault(fault, P1)
    a.closed(1009, by="proxy")
    run.fault("kill", P2).fault("bad_frame", "b")
    b.closed(1002, by="proxy")
    assert answer(run) is Answer.NOT_REACHED


def test_long_after_a_fault_or_at_the_end_of_the_proxy_a_close_has_other_reasons() -> None:
    run = Run()
    a, b, c = run.client("a"), run.client("b"), run.client("c")
    run.fault("stop", P1)
    c.closed()
    run.fault("stop", "proxy")
    a.closed(1001, by="proxy")
    run.wait(5)
    b.closed(1006, by="proxy")
    assert answer(run) is Answer.NOT_REACHED


@pytest.mark.parametrize(
    ("seconds", "pressure", "expected"),
    [(1.0, 0.95, Answer.UNKNOWN), (1.0, 0.5, Answer.NO), (1.6, 0.95, Answer.NO)],
)
def test_a_starved_machine_explains_some_lateness(seconds: float, pressure: float, expected: Answer) -> None:
    run = switched("kill", seconds).under_pressure(pressure)
    assert answer(run) is expected


def under_way(took: float, method: str = "eth_getBalance") -> Run:
    """A post that waits for its answer when its node falls silent, and has it `took` seconds later."""
    run = Run()
    run.client("a").asked(1)
    poster = run.client("poster", "http").sent(1, method)
    run.fault("black_hole", P1, lane="http")
    run.wait(took)
    poster.got(1, "0x0")
    return run.healed("black_hole", P1, "http")


def test_a_read_under_way_over_http_counts() -> None:
    assert answer(under_way(1.5)) is Answer.YES
    verdict = fails_over(under_way(2.5).history())
    assert verdict.answer is Answer.NO
    assert [witness.client for witness in verdict.witnesses] == ["poster"]


def test_what_may_be_carried_out_once_only_has_to_wait() -> None:
    assert answer(under_way(2.5, "eth_sendRawTransaction")) is Answer.NOT_REACHED


def test_a_read_under_way_may_be_slow_for_another_reason() -> None:
    run = Run()
    run.fault("slow_answers", P2, lane="http")
    poster = run.client("poster", "http").sent(1)
    run.fault("black_hole", P1, lane="http")
    run.wait(2.5)
    poster.got(1)
    assert answer(run) is Answer.NOT_REACHED
