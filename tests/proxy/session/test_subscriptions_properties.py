"""What holds of subscriptions as values, whatever was asked for and however a node confirms it."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.jsonrpc import Request
from proxy.session import Settings
from proxy.session import events as ev
from proxy.session.calls import Batch, Call, call_of
from proxy.session.events import Command, Count, SendClient
from proxy.session.subscriptions import (
    RECENT,
    Book,
    Kind,
    Recent,
    Subscription,
    ask,
    kind_of,
    mint_key,
    notification,
)
from tests.proxy.jsontexts import IDS, TEXT, VALUES, object_of, text_of
from tests.proxy.session.stage import Stage

PARAMS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([["newHeads"], ["logs"], ["logs", {}], ["newPendingTransactions"], ["syncing"], ["logs", 1], []]),
    st.tuples(st.just("logs"), st.dictionaries(st.sampled_from(["address", "topics", "fromBlock"]), VALUES)).map(list),
    VALUES,
)


def call_for(params: Any, batch: Batch | None = None) -> Call:
    request = jsonrpc.parse(orjson.dumps({"id": 1, "method": "eth_subscribe", "params": params}))
    assert isinstance(request, Request)
    return call_of(request, 0.0, batch)


@given(PARAMS)
def test_whatever_is_asked_for_is_of_one_kind_and_can_be_asked_for_again(params: Any) -> None:
    kind = kind_of(params)
    assert (kind is Kind.HEADS) == (params == ["newHeads"])
    subscription = Subscription(b'"0x1"', call_for(params).request, 8)
    assert orjson.loads(subscription.request.text(b"9"))["params"] == params
    assert (subscription.logs is not None) == (kind is Kind.LOGS)
    assert (subscription.recent is not None) == (kind is Kind.PENDING)


@given(
    st.dictionaries(st.sampled_from(["address", "topics", "fromBlock", "blockHash"]), VALUES),
    st.integers(0, 2**40),
)
def test_missed_logs_are_asked_for_with_the_same_filter_and_a_range_of_our_own(
    given_: dict[str, Any], first: int
) -> None:
    subscription = Subscription(b'"0x1"', call_for(["logs", given_]).request, 8)
    asked = orjson.loads(subscription.logs_request(first).text(b"5"))
    same = {name: given_[name] for name in ("address", "topics") if name in given_}
    assert (asked["id"], asked["method"]) == (5, "eth_getLogs")
    assert asked["params"] == [same | {"fromBlock": hex(first), "toBlock": "latest"}]


@given(st.data(), IDS, TEXT | st.integers(0, 2**53))
def test_a_confirmation_in_any_layout_is_told_under_both_ids_of_ours(
    data: st.DataObject, client_id: bytes, name: str | int
) -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_subscribe"}
    stage.send(b'{"id":%b,"method":"eth_subscribe","params":["newPendingTransactions"]}' % client_id)
    [asked] = stage["P1"].held
    members = [("jsonrpc", b'"2.0"'), ("id", b"%d" % asked.id), ("result", data.draw(text_of(name)))]
    stage.apply(ev.UpstreamSent(asked.epoch, data.draw(object_of(data.draw(st.permutations(members))))))
    [told] = stage.frames
    [key] = [subscription.key for subscription in stage.session._streams.book]
    assert orjson.loads(told) == {"jsonrpc": "2.0", "id": orjson.loads(client_id), "result": orjson.loads(key)}
    assert client_id in told


@given(st.lists(VALUES, max_size=3), VALUES)
def test_what_we_say_ourselves_is_json(params: list[Any], result: Any) -> None:
    text = ask("eth_x", params).text(b"3")
    assert orjson.loads(text) == {"jsonrpc": "2.0", "id": 3, "method": "eth_x", "params": params}
    event = orjson.loads(notification(b'"0x1"', orjson.dumps(result)))
    assert event["params"] == {"subscription": "0x1", "result": result}


@given(st.lists(st.integers(0, 20).map(str) | st.integers(0, 20).map(lambda n: {"hash": str(n)}) | VALUES))
def test_a_transaction_is_news_once(results: list[Any]) -> None:
    recent, seen = Recent(), set()
    for result in results:
        name = result.get("hash") if isinstance(result, dict) else result
        assert recent.is_news(result) == (not isinstance(name, str) or name not in seen)
        if isinstance(name, str):
            seen.add(name)


@given(st.integers(1, 200))
def test_what_is_remembered_of_transactions_is_bounded(more: int) -> None:
    recent = Recent()
    for number in range(RECENT + more):
        assert recent.is_news(str(number))
    assert len(recent._known) == len(recent._order) == RECENT
    assert recent.is_news("0")
    assert not recent.is_news(str(RECENT + more - 1))


@given(st.integers(0, 2**32))
def test_our_ids_look_like_a_nodes_and_are_never_the_same(seed: int) -> None:
    rng = Random(seed)
    keys = [mint_key(rng) for _ in range(20)]
    assert len(set(keys)) == 20
    assert all(int(orjson.loads(key), 16) >= 0 and len(key) == 36 for key in keys)


@given(st.lists(st.tuples(st.sampled_from(["add", "batch", "remove", "tell", "answer"]), PARAMS, st.integers(0, 5))))
def test_the_gauge_is_what_the_book_holds_and_events_wait_for_their_batch(steps: list[tuple[str, Any, int]]) -> None:
    out: list[Command] = []
    book = Book(Settings(), Random(0), out)
    batch = Batch()
    told: dict[bytes, list[bytes]] = {}
    for number, (step, params, which) in enumerate(steps):
        keys = [subscription.key for subscription in book]
        if step in ("add", "batch"):
            told[book.add(call_for(params, batch if step == "batch" else None)).key] = []
        elif step == "remove":
            key = keys[which % len(keys)] if keys else b'"0x"'
            assert book.remove(key) == bool(keys)
        elif step == "tell" and keys:
            subscription = book.get(keys[which % len(keys)])
            assert subscription is not None
            told[subscription.key].append(b"%d" % number)
            book.tell(subscription, b"%d" % number)
        elif step == "answer":
            book.batch_answered(batch.subscriptions)
            batch = Batch()
    book.batch_answered(batch.subscriptions)
    sent = [command.data for command in out if isinstance(command, SendClient)]
    for subscription in book:
        assert [text for text in sent if text in told[subscription.key]] == told[subscription.key]
    assert book.needs_feed == any(kind_of(one.request.params) in (Kind.HEADS, Kind.LOGS) for one in book)
    assert book.has_pending == bool(book.of(Kind.PENDING))
    assert _gauge(out) == len(book)
    book.clear()
    assert _gauge(out) == len(book) == 0


def _gauge(out: list[Command]) -> float:
    return sum(one.amount for one in out if isinstance(one, Count) and one.name == "ws_subscriptions_active")
