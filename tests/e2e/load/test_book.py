"""The account of one connection: each way in which it can be wrong is seen, and counted once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.load.book import Book, Flight
from e2e.load.figures import SHOWN, Violation
from e2e.load.tally import Tally
from e2e.traffic.ids import SHAPES

if TYPE_CHECKING:
    from e2e.load.plan import Group


class Account:
    """A book, its tally, and what was said of it."""

    def __init__(self, group: Group = "ws") -> None:
        self.said: list[Violation] = []
        self.tally = Tally(self.said.append)
        self.book = Book("ws-1", group, self.tally)

    def ask(self, request_id: str, method: str = "eth_blockNumber", at: float = 1.0, expected: Any = None) -> None:
        self.book.asked(request_id, Flight(method, expected, at, at, "newHeads" if method == "eth_subscribe" else ""))

    def answer(self, request_id: str, result: Any = "0x1", at: float = 2.0) -> None:
        self.book.hear(f'{{"jsonrpc":"2.0","id":{request_id},"result":{json.dumps(result)}}}'.encode(), at)

    def event(self, name: Any, number: int) -> None:
        head = {"number": hex(number), "hash": f"h{number}", "parentHash": f"h{number - 1}"}
        body = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": name, "result": head}}
        self.book.hear(json.dumps(body).encode(), 3.0)

    @property
    def violations(self) -> dict[str, int]:
        return dict(self.tally.violations)


@given(st.lists(st.sampled_from(SHAPES), unique=True), st.randoms())
def test_every_answer_finds_its_request_whatever_its_id_looks_like(ids: list[str], random: Any) -> None:
    account = Account()
    for each in ids:
        account.ask(each)
    random.shuffle(ids)
    for each in ids:
        account.answer(each)
    assert account.violations == {}
    assert account.tally.sent == account.tally.answered == len(ids)
    assert not account.book.flights


@given(st.data())
def test_each_request_is_in_one_place(data: st.DataObject) -> None:
    """Whatever comes: sent = answered + cut + unanswered, once the connection is gone."""
    account = Account()
    for at in range(data.draw(st.integers(0, 40))):
        kind = data.draw(st.sampled_from(["ask", "answer", "error", "expire", "twice"]))
        open_ids = list(account.book.flights)
        if kind == "ask":
            account.ask(str(at), at=float(at))
        elif kind == "answer" and open_ids:
            account.answer(data.draw(st.sampled_from(open_ids)))
        elif kind == "error" and open_ids:
            account.book.hear(b'{"jsonrpc":"2.0","id":%s,"error":{"code":-1}}' % open_ids[0].encode(), at)
        elif kind == "expire":
            account.book.expire(data.draw(st.floats(0, at)))
        else:
            account.answer("999")
    account.book.end(cut=data.draw(st.booleans()))
    tally = account.tally
    assert tally.sent == tally.answered + tally.cut + tally.unanswered
    assert tally.error_count <= tally.answered


def test_an_answer_given_twice_is_told_from_one_that_was_never_asked_for() -> None:
    account = Account()
    account.ask("1")
    account.answer("1")
    account.answer("1")
    account.answer("77")
    assert account.violations == {"twice": 1, "stranger": 1}
    assert account.tally.answered == 1


def test_an_id_that_was_written_anew_is_a_stranger_and_its_request_is_never_answered() -> None:
    account = Account()
    account.ask("1.0")
    account.answer("1")
    account.book.end(cut=False)
    assert account.violations == {"stranger": 1, "unanswered": 1}


def test_a_batch_is_as_many_answers() -> None:
    account = Account()
    account.ask("1")
    account.ask("2", "eth_chainId")
    account.book.hear(b'[{"jsonrpc":"2.0","id":2,"result":"0x539"},{"jsonrpc":"2.0","id":1,"result":"0x1"}]', 2.0)
    assert account.tally.answered == 2
    assert account.violations == {}


def test_the_answer_to_another_question_is_seen() -> None:
    account = Account()
    account.ask("1", "eth_call", expected="0xaa")
    account.answer("1", "0xbb")
    account.ask("2", "eth_getBalance")
    account.answer("2", {"number": "0x1"})
    account.ask("3", "eth_chainId")
    account.answer("3", "0x539")
    account.ask("4", "eth_chainId")
    account.answer("4", "0x1")
    assert account.violations == {"unfit": 3}


def test_latency_counts_from_the_intended_time() -> None:
    account = Account()
    account.book.asked("1", Flight("eth_blockNumber", None, intended=1.0, sent=1.4))
    account.answer("1", at=2.0)
    assert account.tally.latency["ws"].percentile(50) == pytest.approx(1.0, rel=0.01)


def test_a_request_that_is_given_up_may_still_be_answered_late_and_its_id_is_not_given_away() -> None:
    account = Account()
    account.ask("1", at=1.0)
    account.ask("2", at=5.0)
    account.book.expire(4.0)
    assert account.book.busy("1")
    account.answer("1", at=9.0)
    assert not account.book.busy("1")
    assert (account.tally.unanswered, account.tally.late) == (1, 1)
    assert account.violations == {"unanswered": 1}


def test_errors_are_answers_counted_by_code() -> None:
    account = Account()
    account.ask("1")
    account.book.hear(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32050,"message":"no node"}}', 2.0)
    account.ask("2")
    account.book.refuse("HTTP 503", "go away")
    assert dict(account.tally.errors) == {"-32050": 1, "HTTP 503": 1}
    assert account.tally.answered == 2
    assert account.violations == {}


def test_a_connection_that_is_lost_cuts_what_was_open() -> None:
    account = Account()
    account.ask("1")
    account.ask("2", "eth_subscribe")
    account.book.end(cut=True)
    assert account.tally.cut == 1, "the subscription is no request of the schedule"


def test_events_belong_to_confirmed_subscriptions() -> None:
    account = Account()
    account.ask("1", "eth_subscribe")
    account.event("0xab", 1)  # before the confirmation: may be ours
    account.answer("1", "0xab")
    account.event("0xab", 2)
    account.event("0xcd", 3)
    assert account.book.head == 2
    assert account.violations == {"stranger": 1}


def test_events_that_came_early_for_nobody_are_strangers_all_the_same() -> None:
    account = Account()
    account.ask("1", "eth_subscribe")
    account.event("0xab", 1)
    account.book.hear(b'{"jsonrpc":"2.0","id":1,"error":{"code":-1}}', 2.0)
    assert account.book.refused == ["newHeads"]
    assert account.violations == {"stranger": 1}


def test_heads_that_are_missing_are_seen() -> None:
    account = Account()
    account.ask("1", "eth_subscribe")
    account.answer("1", "0xab")
    account.event("0xab", 1)
    account.event("0xab", 3)
    assert account.violations == {"heads": 1}


def test_nonsense_is_seen() -> None:
    account = Account()
    account.book.hear(b"<html>", 1.0)
    account.book.hear(b'{"jsonrpc":"2.0","method":"eth_blockNumber","id":1}', 1.0)
    assert account.violations == {"nonsense": 2}


def test_a_violation_is_told_with_the_frames_around_it() -> None:
    account = Account()
    for number in range(30):
        account.ask(str(number))
        account.book.ring.note(1.0, ">", b"asked")
        account.answer(str(number))
    account.answer("1000")
    assert account.said == [], "what comes after it is wanted, too"
    for number in range(30, 40):
        account.ask(str(number))
        account.answer(str(number))
    (violation,) = account.said
    assert (violation.kind, violation.lane) == ("stranger", "ws-1")
    stranger = next(index for index, frame in enumerate(violation.frames) if '"id":1000' in frame.text)
    assert stranger == 11
    assert len(violation.frames) == 16


def test_a_violation_at_the_very_end_is_told_as_well() -> None:
    account = Account()
    account.answer("1000")
    account.book.end(cut=False)
    assert [each.kind for each in account.said] == ["stranger"]


def test_the_first_of_each_kind_are_shown_and_all_are_counted() -> None:
    account = Account()
    for number in range(3 * SHOWN):
        account.answer(str(number))
    account.book.end(cut=False)
    assert len(account.said) == SHOWN
    assert account.violations == {"stranger": 3 * SHOWN}


def test_pairs_for_comparison_are_measured_and_not_judged() -> None:
    account = Account("direct")
    account.ask("1")
    account.answer("1")
    account.answer("1")
    account.ask("2")
    account.book.end(cut=False)
    assert account.violations == {}
    assert (account.tally.sent, account.tally.answered, account.tally.unanswered) == (0, 0, 0)
    assert account.tally.latency["direct"].count == 1


def test_memory_is_bounded_by_what_is_open() -> None:
    account = Account()
    for number in range(5000):
        account.ask(str(number), at=float(number))
        account.book.ring.note(1.0, ">", b"x" * 5000)
        account.book.expire(number - 10.0)
    assert len(account.book.flights) <= 11
    assert len(account.book._given_up) <= 64
    assert sum(len(frame[2]) for frame in account.book.ring._frames) < 12 * 300
