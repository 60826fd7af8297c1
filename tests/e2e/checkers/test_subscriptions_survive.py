from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.subscriptions_survive import subscriptions_survive
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import B1, B2, CONTRACT, P1, P2, Run, good_run, header, log

if TYPE_CHECKING:
    from tests.e2e.checkers.histories import Client

GOOD = good_run()
EVENTS = [
    entry for entry in GOOD.entries if isinstance(entry, Received) and entry.id is None and "direct" not in entry.client
]
TX = "0x" + "ee" * 32


def answer(run: Run) -> Answer:
    return subscriptions_survive(run.history()).answer


def broken(run: Run, words: str) -> None:
    verdict = subscriptions_survive(run.history())
    assert verdict.answer is Answer.NO, verdict
    assert any(words in witness.text for witness in verdict.witnesses), verdict.witnesses


def listening(run: Run, kind: str = "newHeads") -> Client:
    return run.client("a").subscribed(1, kind, "0xa")


def test_a_good_run_keeps_it() -> None:
    verdict = subscriptions_survive(GOOD.history())
    assert verdict.answer is Answer.YES, verdict
    assert verdict.facts["subscriptions"] == 6
    assert answer(Run()) is Answer.NOT_REACHED


@given(st.sampled_from(EVENTS))
def test_any_event_doubled_is_seen(twice: Received) -> None:
    entries = [copy for entry in GOOD.entries for copy in ([entry, entry] if entry is twice else [entry])]
    verdict = subscriptions_survive(History(entries, GOOD.meta))
    assert verdict.answer is Answer.NO
    assert verdict.facts["multiplied"] == 1


@given(st.sampled_from(["a", "b"]), st.sampled_from("123"), st.integers(1, 7))
def test_any_stream_that_goes_silent_is_seen(client: str, stream: str, last: int) -> None:
    """From some block on; the one for pending transactions is known from what others were told."""
    name = f"0x{client}{stream}"
    told = [each for each in EVENTS if each.frame["params"]["subscription"] == name]
    lost = set(map(id, told[last * len(told) // 12 :]))
    verdict = subscriptions_survive(History([each for each in GOOD.entries if id(each) not in lost], GOOD.meta))
    assert verdict.answer is Answer.NO
    assert len(verdict.witnesses) == 1
    assert name in verdict.witnesses[0].text


@given(st.sampled_from(EVENTS), st.sampled_from("123"))
def test_any_event_on_another_kind_of_stream_is_seen(event: Received, other: str) -> None:
    params = event.frame["params"]
    name = params["subscription"][:-1] + other
    moved = Received(event.at, event.client, None, {**event.frame, "params": {**params, "subscription": name}})
    history = History([moved if each is event else each for each in GOOD.entries], GOOD.meta)
    expected = Answer.YES if name == params["subscription"] else Answer.NO
    assert subscriptions_survive(history).answer is expected


def test_the_fault_is_named_that_a_silence_began_with() -> None:
    run = Run()
    a = listening(run)
    run.block(1)
    a.event("0xa", header(1))
    run.fault("reset", P1)
    for number in range(2, 9):
        run.wait(1).block(number)
    broken(run, "after the reset of el-1-primary")


def test_a_short_silence_is_none() -> None:
    run = Run()
    a = listening(run)
    run.fault("kill", P1).wait(2).block(1).wait(0.9)
    a.event("0xa", header(1))
    assert answer(run) is Answer.YES


def test_a_stalled_head_takes_longer_to_notice() -> None:
    run = Run()
    a = listening(run)
    run.fault("stalled_head", P1)
    for number in range(1, 9):
        run.wait(1).block(number)
    a.event("0xa", header(8))
    assert answer(run) is Answer.YES
    for number in range(9, 35):
        run.wait(1).block(number)
    broken(run, "said nothing from 9.1")


def test_nothing_is_due_while_no_node_is_usable() -> None:
    run = Run()
    a = listening(run)
    for node in (P1, P2, B1, B2):
        run.fault("black_hole", node, lane="ws")
    for number in range(1, 9):
        run.wait(1).block(number)
    for node in (P1, P2, B1, B2):
        run.healed("black_hole", node)
    assert answer(run) is Answer.YES
    for number in range(9, 19):
        run.wait(1).block(number)
    a.asked(2)
    broken(run, "said nothing")


def test_headers_prove_what_was_due() -> None:
    run = Run()
    run.client("logs").subscribed(1, "logs", "0xl", {})
    run.client("filtered").subscribed(1, "logs", "0xf", {"address": CONTRACT})
    run.client("pending").subscribed(1, "newPendingTransactions", "0xp")
    run.client("syncing").subscribed(1, "syncing", "0xs")
    a = listening(run)
    for number in range(1, 9):
        run.wait(1).block(number)
        a.event("0xa", header(number) | {"logsBloom": "0x0100", "transactionsRoot": "0x12"})
    verdict = subscriptions_survive(run.history())
    assert {witness.client for witness in verdict.witnesses} == {"logs", "pending"}


@pytest.mark.parametrize("code", [1000, 1006, 1001, 1013])
def test_a_connection_that_the_proxy_closes_ends_its_subscriptions(code: int) -> None:
    run = Run()
    listening(run).closed(code, by="proxy", reason="upstream")
    broken(run, str(code))


def test_a_client_may_leave_or_unsubscribe() -> None:
    run = Run()
    listening(run).closed()
    listening(run).asked(2, "eth_unsubscribe", "0xa", result=True).closed(1006, by="proxy")
    assert answer(run) is Answer.YES


def test_a_client_who_misbehaved_may_be_closed() -> None:
    run = Run()
    listening(run).closed(1009, by="proxy")
    a = run.client("slow").subscribed(1, "newHeads", "0xa")
    run.fault("slow_reader", "slow")
    a.closed(1013, by="proxy")
    assert answer(run) is Answer.YES


@pytest.mark.parametrize("code", [1002, 1008, 1009])
def test_the_death_of_a_node_is_nothing_that_a_client_did(code: int) -> None:
    run = Run()
    a, b = listening(run), run.client("b").subscribed(1, "newHeads", "0xb")
    run.fault("kill", P1)
    a.closed(code, by="proxy")
    broken(run, str(code))
    run = Run()
    a = listening(run)
    run.fault("kill", P1).fault("bad_frame", "a")
    a.closed(code, by="proxy")
    assert answer(run) is Answer.YES
    b.closed()


def test_1013_is_right_when_nobody_takes_the_subscription() -> None:
    run = Run()
    a = listening(run)
    run.fault("refuse_subscription", B1)
    a.closed(1013, by="proxy")
    assert answer(run) is Answer.YES


def test_a_proxy_that_is_stopped_may_close() -> None:
    run = Run()
    a = listening(run)
    run.fault("stop", "proxy")
    a.closed(1001, by="proxy")
    assert answer(run) is Answer.YES


def test_unsubscribe_must_work() -> None:
    run = Run()
    listening(run).asked(2, "eth_unsubscribe", "0xa", result=False)
    broken(run, "could not be unsubscribed")


def test_unsubscribe_may_fail_without_a_node() -> None:
    run = Run()
    a = listening(run)
    for node in (P1, P2, B1, B2):
        run.fault("kill", node)
    a.sent(2, "eth_unsubscribe", "0xa").error(2)
    assert answer(run) is Answer.YES


def test_one_id_for_two_streams() -> None:
    run = Run()
    listening(run).subscribed(2, "logs", "0xa", {})
    broken(run, "was given to another")


def test_an_id_may_be_used_again_when_it_is_free() -> None:
    run = Run()
    listening(run).asked(2, "eth_unsubscribe", "0xa", result=True).subscribed(3, "logs", "0xa", {})
    assert answer(run) is Answer.YES


def test_logs_that_the_filter_does_not_want() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "logs", "0xa", {"address": CONTRACT, "topics": [None, "0x01"]})
    a.event("0xa", log(1) | {"topics": ["0x02", "0x01"]})
    assert answer(run) is Answer.YES
    a.event("0xa", log(2))
    broken(run, "another kind")
    run = Run()
    run.client("a").subscribed(1, "logs", "0xa", {"address": ["0x01"]}).event("0xa", log(1))
    broken(run, "another kind")


def test_a_transaction_in_full_is_one_too() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newPendingTransactions", "0xa", True)
    a.event("0xa", {"hash": TX, "nonce": "0x1"})
    assert answer(run) is Answer.YES
    a.event("0xa", TX)
    broken(run, "again")


@pytest.mark.parametrize(("options", "event"), [((True,), TX), ((), {"hash": TX, "nonce": "0x1"})])
def test_a_transaction_in_the_form_that_was_not_asked_for(options: tuple[bool, ...], event: Any) -> None:
    run = Run()
    run.client("a").subscribed(1, "newPendingTransactions", "0xa", *options).event("0xa", event)
    broken(run, "another kind")


def test_a_reorg_may_tell_a_transaction_again() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newPendingTransactions", "0xa")
    run.block(1).block(2)
    a.event("0xa", TX)
    run.block(2, "b", parent="a")
    a.event("0xa", TX)
    assert answer(run) is Answer.YES
