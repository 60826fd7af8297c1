from __future__ import annotations

import math

import pytest

from e2e.checkers.returns_home import returns_home
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import B1, P1, P2, Run, good_run


def answer(run: Run) -> Answer:
    return returns_home(run.history()).answer


def exile(**meta: object) -> Run:
    """Both primaries killed, clients on a backup, then P2 back."""
    run = Run(**meta)
    run.upstream(P1).fault("kill", P1).fault("kill", P2).wait(1)
    return run.upstream(B1).wait(2).healed("kill", P2)


def test_a_good_run_keeps_it() -> None:
    verdict = returns_home(good_run().history())
    assert verdict.answer is Answer.YES, verdict
    assert answer(good_run(kill=False)) is Answer.NOT_REACHED


def test_back_in_time() -> None:
    verdict = returns_home(exile().upstream(B1).wait(1.5).upstream(P2).wait(3).upstream(P2).history())
    assert verdict.answer is Answer.YES
    assert verdict.facts["worst"] == pytest.approx(1.52)


def test_back_too_late() -> None:
    run = exile().upstream(B1).wait(2.7).upstream(B1, P2).upstream(P2)
    verdict = returns_home(run.history())
    assert verdict.answer is Answer.NO
    assert B1 in verdict.witnesses[0].text


def test_never_back() -> None:
    verdict = returns_home(exile().upstream(B1).wait(9).upstream(B1).history())
    assert verdict.answer is Answer.NO
    assert verdict.facts["worst"] == math.inf
    assert "not back" in verdict.witnesses[0].text


def test_some_clients_stay_behind() -> None:
    assert answer(exile().upstream(B1, P2).wait(9).upstream(B1, P2)) is Answer.NO


def test_not_for_good() -> None:
    verdict = returns_home(exile().wait(1).upstream(P2).wait(2).upstream(B1).wait(1).upstream(P2).history())
    assert verdict.answer is Answer.NO
    assert "though a primary is well" in verdict.witnesses[0].text


def test_exiled_again() -> None:
    run = exile().wait(1).upstream(P2).wait(2).fault("kill", P2).upstream(B1).wait(2).healed("kill", P2)
    run.wait(1).upstream(P2)
    verdict = returns_home(run.history())
    assert verdict.answer is Answer.YES
    assert verdict.facts["homecomings"] == 2


def test_a_machine_that_stood_still_explains_it() -> None:
    assert answer(exile().upstream(B1).wait(3).drifted(1.0).upstream(P2)) is Answer.UNKNOWN


def test_a_run_that_ends_at_once_proves_nothing() -> None:
    assert answer(exile().upstream(B1).wait(1).settled().upstream(B1)) is Answer.NOT_REACHED
    assert answer(exile().upstream(B1).wait(1).upstream(P2).settled()) is Answer.YES


@pytest.mark.parametrize("metrics", [{}, {"upstream_connected": "another"}])
def test_a_proxy_that_does_not_say(metrics: dict[str, str]) -> None:
    assert answer(exile(metrics=metrics).wait(9).upstream(B1).settled()) is Answer.NOT_REACHED


def test_a_proxy_that_does_not_answer() -> None:
    assert answer(exile().wait(9).not_scraped()) is Answer.NOT_REACHED


def test_one_primary_left_is_no_exile() -> None:
    run = Run().upstream(P1).fault("kill", P1).wait(1).upstream(P2).wait(1).healed("kill", P1).wait(9).upstream(P2)
    assert answer(run) is Answer.NOT_REACHED


def test_a_primary_that_never_comes_back() -> None:
    assert (
        answer(Run().fault("kill", P1).fault("kill", P2).upstream(B1).wait(9).upstream(B1).settled())
        is Answer.NOT_REACHED
    )


@pytest.mark.parametrize(
    ("seconds", "pressure", "expected"),
    [(3, 0.95, Answer.UNKNOWN), (3, 0.5, Answer.NO), (8, 0.95, Answer.NO)],
)
def test_a_starved_machine_explains_some_lateness(seconds: float, pressure: float, expected: Answer) -> None:
    run = exile().upstream(B1).wait(seconds).upstream(P2).under_pressure(pressure)
    assert answer(run) is expected


@pytest.mark.parametrize(("pressure", "expected"), [(0.95, Answer.UNKNOWN), (0.5, Answer.NO)])
def test_a_primary_without_a_cpu_gives_its_clients_reason_to_leave_again(pressure: float, expected: Answer) -> None:
    run = exile().wait(1).upstream(P2).wait(2).upstream(B1).wait(1).upstream(P2)
    assert answer(run.under_pressure(pressure)) is expected
