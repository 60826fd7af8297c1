from __future__ import annotations

from e2e.checkers.sends_once import sends_once
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Arrived
from tests.e2e.checkers.histories import B1, P1, Run

RAW = "eth_sendRawTransaction"


def answer(run: Run) -> Answer:
    return sends_once(run.history()).answer


def arrived(run: Run, node: str, *params: str) -> None:
    run.add(Arrived(run.tick(), node, RAW, [*params]))


def test_reads_are_none_of_its_business() -> None:
    run = Run()
    run.client("a").asked(1, "eth_call").subscribed(2, "newHeads", "0xa")
    assert answer(run) is Answer.NOT_REACHED


def test_each_arrives_once() -> None:
    run = Run()
    a = run.client("a")
    for number in range(3):
        a.asked(number, RAW, f"0x{number}")
        arrived(run, P1, f"0x{number}")
    assert answer(run) is Answer.YES


def test_a_client_may_send_twice() -> None:
    run = Run()
    run.client("a").asked(1, RAW, "0x1").asked(2, RAW, "0x1").sent(3, RAW, "0x1").error(3, -32000, "already known")
    arrived(run, P1, "0x1")
    arrived(run, B1, "0x1")
    assert answer(run) is Answer.YES


def test_one_that_arrives_at_two_nodes() -> None:
    run = Run()
    run.client("a").asked(1, RAW, "0x1")
    arrived(run, P1, "0x1")
    arrived(run, B1, "0x1")
    verdict = sends_once(run.history())
    assert verdict.answer is Answer.NO
    assert f"{P1}, {B1}" in verdict.witnesses[0].text


def test_what_nobody_sent_is_not_the_proxys() -> None:
    run = Run()
    run.client("a").asked(1, RAW, "0x1")
    arrived(run, P1, "0x9")
    assert answer(run) is Answer.YES


def test_without_a_look_at_the_doors_nothing_is_known() -> None:
    run = Run()
    run.client("a").asked(1, RAW, "0x1")
    assert answer(run) is Answer.NOT_REACHED


def test_known_already() -> None:
    run = Run()
    run.client("a").sent(1, RAW, "0x1").error(1, -32000, "already known")
    assert answer(run) is Answer.NO
