"""What a session keeps is bounded, and does not grow with what is over."""

from __future__ import annotations

import gc
import sys
from types import FrameType, FunctionType, ModuleType
from typing import Any

import orjson
import pytest

from proxy import jsonrpc
from proxy.session import Session, Settings
from tests.proxy.session.stage import Stage

DEPTH = 8


def kept(session: Session) -> int:
    """Objects that can be reached from it, types and code aside."""
    seen: dict[int, object] = {}
    todo: list[object] = [session]
    while todo:
        one = todo.pop()
        if id(one) not in seen and not isinstance(one, type | ModuleType | FunctionType):
            seen[id(one)] = one
            todo += gc.get_referents(one)
    return len(seen)


def told(stage: Stage) -> int:
    """Logs that the session remembers to have told."""
    return sum(len(one.logs._told) for one in stage.session._streams.book if one.logs is not None)


def test_subscriptions_that_come_and_go_leave_nothing() -> None:
    stage = Stage("P1", settings=Settings(backfill_blocks=DEPTH)).start()
    sizes = []
    for _ in range(3):
        for number in range(200):
            key = stage.subscribe(["newHeads", "logs", "newPendingTransactions", "syncing"][number % 4])
            stage.grow()
            assert stage.call("eth_unsubscribe", key)["result"] is True
        stage.wait(60.0)
        sizes.append(kept(stage.session))
    assert sizes[1] == sizes[2], sizes
    assert not stage["P1"].links[1], "the node was told of each end"


def test_logs_are_forgotten_after_one_of_two_subscriptions_ends_while_what_it_missed_is_asked_for() -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=DEPTH)).start()
    first, second = stage.subscribe("logs", {}), stage.subscribe("logs", {})
    stage.grow(blocks=3)
    stage["B1"].holds.add("eth_getLogs")
    stage.lose("P1")
    stage.wait(0.2)
    assert [asked.method for asked in stage["B1"].held] == ["eth_getLogs"] * 2
    assert stage.call("eth_unsubscribe", first)["result"] is True
    stage["B1"].release_all()
    blocks = stage.grow(blocks=5 * DEPTH)
    assert stage.events(second)[-1]["blockHash"] in {block.hash for block in blocks}
    assert told(stage) <= sum(len(block.logs) for block in blocks[-DEPTH - 1 :])


@pytest.mark.parametrize("switches", [False, True])
def test_logs_are_forgotten_where_the_node_tells_no_heads(switches: bool) -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=DEPTH))
    for node in stage.nodes.values():
        node.refuses = {"newHeads"}
    stage.start()
    logs = stage.subscribe("logs", {})
    if switches:
        stage.lose("P1")
        stage.wait(0.2)
    blocks = stage.grow(blocks=5 * DEPTH)
    assert len(stage.events(logs)) == sum(len(block.logs) for block in blocks)
    assert told(stage) <= sum(len(block.logs) for block in blocks[-DEPTH - 1 :])


def test_answers_that_are_too_large_together_are_errors_in_their_places_and_none_waits_for_ever() -> None:
    stage = Stage("P1", settings=Settings(batch_max_bytes=10_000)).start()
    calls = [{"id": n, "method": ["eth_call", "eth_sendRawTransaction", "eth_subscribe"][n % 3]} for n in range(9)]
    for _ in range(2):  # what one batch kept, the next may
        stage["P1"].holds = {"*"}
        stage.send(orjson.dumps([{**one, "params": ["newHeads"]} for one in calls]))
        for asked in [asked for asked in stage["P1"].held if asked.method != "eth_subscribe"]:
            stage["P1"].release(asked.method, "a" * 4_000)
        stage["P1"].release_all()
        [answer] = stage.answers()
        assert [one["id"] for one in answer] == list(range(9))
        assert [len(one["result"]) == 4_000 for one in answer if "result" in one].count(True) == 2
        assert all("result" in answer[n] for n in (2, 5, 8)), "who has subscribed knows it"
        refused = [one["error"] for one in answer if "error" in one]
        assert [error["code"] for error in refused] == [jsonrpc.TOO_LARGE] * 4
        assert [error["data"]["maybe_executed"] for error in refused] == [False, True] * 2


def test_open_requests_are_bounded_in_number_too_however_short_they_are() -> None:
    stage = Stage("P1", settings=Settings(open_max_calls=3)).start()
    stage["P1"].holds = {"eth_call"}
    for number in range(4):
        stage.ask("eth_call", id=number)
    assert [(answer["id"], answer["error"]["code"]) for answer in stage.answers()] == [(3, jsonrpc.QUEUE_FULL)]
    stage["P1"].release("eth_call", "0x")
    assert stage.call("eth_chainId")["result"] == "0x539", "what is over makes room"


@pytest.mark.parametrize("kind", ["newHeads", "logs", "newPendingTransactions"])
def test_subscriptions_are_bounded_in_number(kind: str) -> None:
    """They cost their client nothing, and the proxy an event each for every block."""
    stage = Stage("P1", settings=Settings(max_subscriptions=3)).start()
    keys = [stage.subscribe(kind) for _ in range(3)]
    refused = stage.call("eth_subscribe", kind)["error"]
    assert (refused["code"], refused["data"]["promise"]) == (jsonrpc.QUEUE_FULL, "bounded")
    assert stage.call("eth_unsubscribe", keys[0])["result"] is True
    assert stage.subscribe(kind) not in keys


def test_large_requests_that_are_over_do_not_pile_up_behind_one_slow_call() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.ask("eth_call")
    for _ in range(60):
        stage.ask("eth_chainId", "x" * (1 << 18))
    assert sum(len(call.request.data) for call in stage.session._desk._deadlines) < 2 << 20
    assert len(stage.answers()) == 60


def test_what_is_kept_of_subscriptions_is_bounded_in_bytes() -> None:
    """A request is kept as it was written, to be made again: whatever else stands in it."""
    stage = Stage("P1", settings=Settings(subscriptions_max_bytes=10_000)).start()
    text = orjson.dumps({"id": 1, "method": "eth_subscribe", "params": ["newHeads"], "more": "x" * 4_000})
    answers = []
    for _ in range(3):
        stage.send(text)
        answers += stage.answers()
    assert ["result" in answer for answer in answers] == [True, True, False]
    assert answers[2]["error"]["code"] == jsonrpc.QUEUE_FULL
    for answer in answers[:2]:
        assert stage.call("eth_unsubscribe", answer["result"])["result"] is True
    assert stage.session._streams.book.size == 0
    stage.send(text)
    assert "result" in stage.answers()[0]


def test_what_one_of_many_subscriptions_costs_does_not_depend_on_how_many_there_are() -> None:
    steps = [_steps(100), _steps(400)]
    assert steps[1] < 1.15 * steps[0], steps


def _steps(many: int) -> float:
    """Lines of the session that run for each of `many` subscriptions, when they are made and when they move."""
    stage = Stage("P1", "B1").start()
    lines = 0

    def traced(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return traced if frame.f_globals["__name__"].startswith("proxy.session") else None

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        for number in range(many):
            stage.ask("eth_subscribe", "logs", {"address": hex(number)})
        stage.lose("P1")
        stage.wait(0.2)
    finally:
        sys.settrace(before)
    assert len(stage["B1"].streams("logs")) == many
    return lines / many
