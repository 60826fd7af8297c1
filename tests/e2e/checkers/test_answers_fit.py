from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.answers_fit import IDENTITY, answers_fit
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import Run, block_hash, good_run, header

GOOD = good_run()
NUMBERS = [
    entry
    for entry in GOOD.entries
    if isinstance(entry, Received) and entry.id and entry.id.isdigit() and int(entry.id) not in {7, 100, 101, 102}
]


def one(method: str, result: Any, *params: Any) -> Answer:
    run = Run()
    run.client("a").asked(1, method, *params, result=result)
    return answers_fit(run.history()).answer


def test_a_good_run_keeps_it() -> None:
    verdict = answers_fit(GOOD.history())
    assert verdict.answer is Answer.YES, verdict
    assert answers_fit(Run().history()).answer is Answer.NOT_REACHED


@given(st.sampled_from(NUMBERS), st.sampled_from([None, 5, "0x" + "5a" * 16, "0x05", "latest", {}, True]))
def test_any_block_number_replaced_by_something_else_is_seen(answer: Received, other: Any) -> None:
    wrong = replace(answer, frame={"id": 1, "result": other})
    entries = [wrong if entry is answer else entry for entry in GOOD.entries]
    verdict = answers_fit(History(entries, GOOD.meta))
    assert verdict.answer is Answer.NO
    assert len(verdict.witnesses) == 1


@pytest.mark.parametrize(
    ("method", "good", "bad"),
    [
        ("eth_blockNumber", "0x5", "0x" + "5a" * 16),
        ("eth_gasPrice", "0x3b9aca00", "0x" + "5a" * 16),
        ("eth_getBalance", "0x0", "0x" + "0" * 64),
        ("eth_subscribe", "0x1", None),
        ("eth_unsubscribe", True, "0x1"),
        ("eth_getLogs", [], "0x1"),
        ("eth_getBlockByNumber", {"number": "0x1", "parentHash": "0x"}, "0x1"),
        ("eth_getTransactionReceipt", {"transactionHash": "0x"}, {"number": "0x1"}),
        ("eth_getTransactionByHash", None, True),
        ("eth_sendRawTransaction", block_hash(1), "0x1"),
        ("eth_getCode", "0x", "0x1"),
        ("eth_getStorageAt", "0x" + "0" * 64, "0x0"),
        ("eth_syncing", False, "0x0"),
        ("eth_feeHistory", {}, []),
        ("eth_accounts", [], {}),
        ("net_version", "1337", "0x539"),
        ("net_listening", True, "true"),
        ("web3_clientVersion", "Geth/v1.17.7", "0x5a5a"),
    ],
)
def test_forms(method: str, good: Any, bad: Any) -> None:
    assert one(method, good) is Answer.YES
    assert one(method, bad) is Answer.NO


def test_neither_result_nor_error() -> None:
    run = Run()
    run.client("a").sent(1).frame({"id": 1}, 1)
    assert answers_fit(run.history()).answer is Answer.NO


def test_errors_fit_anything() -> None:
    run = Run()
    run.client("a").sent(1, "eth_blockNumber").error(1, -32601, "no such method").sent(2).error(2)
    assert answers_fit(run.history()).answer is Answer.YES


def test_a_result_for_no_request() -> None:
    run = Run()
    run.client("a").sent("null", "", "{").error("null", -32700)
    assert answers_fit(run.history()).answer is Answer.YES
    run.client("b").sent("null", "", "{").got("null")
    assert answers_fit(run.history()).answer is Answer.NO


def test_a_block_number_behind_what_the_client_saw() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa").event("0xa", header(20))
    a.asked(2, "eth_blockNumber", result=hex(15)).asked(3, "eth_blockNumber", result=hex(22))
    assert answers_fit(run.history()).answer is Answer.YES
    a.asked(4, "eth_blockNumber", result=hex(16))
    verdict = answers_fit(run.history())
    assert verdict.answer is Answer.NO
    assert "had seen 22" in verdict.witnesses[0].text


def test_a_head_that_came_after_the_question_is_no_measure() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa").sent(2, "eth_blockNumber")
    a.event("0xa", header(20)).got(2, "0x5")
    assert answers_fit(run.history()).answer is Answer.YES


def test_an_absurd_head() -> None:
    run = Run()
    run.block(7).client("a").asked(1, "eth_blockNumber", result="0x9")
    assert answers_fit(run.history()).answer is Answer.YES
    run.client("b").asked(1, "eth_blockNumber", result=hex(2**60))
    assert answers_fit(run.history()).answer is Answer.NO
    run.fault("absurd_head")
    assert answers_fit(run.history()).answer is Answer.YES


def test_events_without_sense_are_no_measure() -> None:
    run = Run()
    run.client("a").event("0xa", {"number": "high"}).frame("x").frame({"method": "x"}).asked(1, "eth_chainId")
    assert answers_fit(run.history()).answer is Answer.YES


def test_what_never_changes() -> None:
    run = Run()
    run.client("a").asked(1, "eth_chainId", result="0x1")
    run.client("b").asked(1, "eth_chainId", result="0x2")
    assert answers_fit(run.history()).answer is Answer.NO


@pytest.mark.parametrize(
    ("method", "wanted", "got", "expected"),
    [
        ("eth_getBlockByNumber", "0x1", header(1), Answer.YES),
        ("eth_getBlockByNumber", "0x2", header(1), Answer.NO),
        ("eth_getBlockByNumber", "latest", header(1), Answer.YES),
        ("eth_getBlockByNumber", "0x9", None, Answer.YES),
        ("eth_getBlockByHash", block_hash(1), header(1), Answer.YES),
        ("eth_getBlockByHash", block_hash(2), header(1), Answer.NO),
        ("eth_call", {"to": IDENTITY, "data": "0x12"}, "0x12", Answer.YES),
        ("eth_call", {"to": IDENTITY, "data": "0x12"}, "0x34", Answer.NO),
        ("eth_call", {"to": "0x05", "data": "0x12"}, "0x34", Answer.YES),
        ("eth_call", None, "0x34", Answer.YES),
    ],
)
def test_the_answer_to_another_question(method: str, wanted: Any, got: Any, expected: Answer) -> None:
    assert one(method, got, wanted) is expected


def test_answers_that_share_an_id_are_told_apart_by_form() -> None:
    run = Run()
    a = run.client("a").sent(1, "eth_subscribe", "newHeads").sent(1, "eth_blockNumber").sent(1, "eth_getLogs", {})
    a.got(1, []).got(1, "0x5").got(1, "0x" + "5a" * 16).event("0x" + "5a" * 16, header(1))
    history = run.history()
    assert answers_fit(history).answer is Answer.YES
    assert history.orphans == ()


def test_a_replay_answer_that_took_the_place_of_a_block_number() -> None:
    run = Run()
    a = run.client("a").subscribed(100, "newHeads", "0xa")
    a.sent(100, "eth_blockNumber").got(100, "0x" + "5a" * 16).got(100, "0x5")
    assert answers_fit(run.history()).answer is Answer.NO


@pytest.mark.parametrize(("name", "result", "expected"), [("0xa", False, Answer.NO), ("0xf", False, Answer.YES)])
def test_unsubscribe(name: str, result: Any, expected: Answer) -> None:
    run = Run()
    run.client("a").subscribed(1, "newHeads", "0xa").asked(2, "eth_unsubscribe", name, result=result)
    assert answers_fit(run.history()).answer is expected


def posts(*results: str, heads: int = 1) -> Run:
    """An HTTP client asks for the head, and between its posts so many heads are told to somebody else."""
    run = Run()
    a, poster = run.client("a").subscribed(1, "newHeads", "0xa"), run.client("poster", "http")
    for place, result in enumerate(results):
        poster.asked(place, "eth_blockNumber", result=result)
        for number in range(heads):
            a.event("0xa", header(10 + heads * place + number))
    return run


def test_a_head_over_http_that_stands_still_while_the_proxy_tells_of_others() -> None:
    assert answers_fit(posts("0xa", "0xa", "0xa", "0xa").history()).answer is Answer.YES
    verdict = answers_fit(posts("0xa", "0xa", "0xa", "0xa", "0xa").history())
    assert verdict.answer is Answer.NO
    assert "block 10 over and over, while the proxy told of 4 newer ones" in verdict.witnesses[0].text


def test_a_head_over_http_that_moves_or_has_no_reason_to() -> None:
    assert answers_fit(posts("0xa", "0xa", "0xb", "0xa", "0xb", "0xa").history()).answer is Answer.YES
    assert answers_fit(posts(*["0xa"] * 9, heads=0).history()).answer is Answer.YES
    run = posts(*["0xa"] * 9)
    run.fault("stalled_head")
    assert answers_fit(run.history()).answer is Answer.YES
