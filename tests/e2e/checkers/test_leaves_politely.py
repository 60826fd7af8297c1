from __future__ import annotations

import pytest

from e2e.checkers.leaves_politely import leaves_politely
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import Run


def answer(run: Run) -> Answer:
    return leaves_politely(run.history()).answer


def broken(run: Run, words: str) -> None:
    verdict = leaves_politely(run.history())
    assert verdict.answer is Answer.NO, verdict
    assert any(words in witness.text for witness in verdict.witnesses), verdict.witnesses


def stop(run: Run) -> Run:
    return run.fault("stop", "proxy")


def test_not_told_to_stop() -> None:
    assert answer(Run().fault("stop")) is Answer.NOT_REACHED


def test_polite() -> None:
    run = Run()
    a, b, h = run.client("a"), run.client("b"), run.client("h", "http")
    run.client("gone").closed(1006, by="proxy")
    a.sent(1)
    h.sent(1)
    b.sent(1)
    stop(run)
    a.got(1).sent(2).closed(1001, by="proxy")
    h.got(1)
    b.closed()
    assert answer(run) is Answer.YES


@pytest.mark.parametrize("code", [1000, 1006, 1012])
def test_another_code(code: int) -> None:
    run = Run()
    a = run.client("a")
    stop(run)
    a.closed(code, by="proxy")
    broken(run, f"closed with {code}")


def test_never_closed() -> None:
    run = Run()
    run.client("a")
    stop(run).wait(3).mark("end")
    assert answer(run) is Answer.UNKNOWN
    run.wait(8).mark("end")
    broken(run, "still not closed")


def test_in_flight_and_lost() -> None:
    run = Run()
    a, h = run.client("a"), run.client("h", "http")
    a.sent(1)
    h.sent(2)
    stop(run)
    a.closed(1001, by="proxy")
    h.failed()
    broken(run, "id 1 was in flight: no answer")
    broken(run, "id 2 was in flight: ConnectionError")


def test_a_late_guest() -> None:
    run = Run()
    stop(run).wait(0.4).client("a").closed(1001, by="proxy")
    assert answer(run) is Answer.YES
    run.wait(1).client("b").closed(1001, by="proxy")
    broken(run, "was let in")


def test_a_proxy_that_is_started_again() -> None:
    run = Run()
    stop(run).wait(3).healed("stop", "proxy")
    run.client("a").asked(1).closed()
    assert answer(run) is Answer.YES
