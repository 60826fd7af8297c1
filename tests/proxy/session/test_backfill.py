"""What a switch missed is fetched with the client's own filter, from a node that gives it, or the client is told."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from proxy.session import Settings
from proxy.session import events as ev
from simulation.chain import Chain
from tests.proxy.session.stage import Stage
from tests.proxy.session.told import away, logs_of

mode = pytest.mark.mode


def test_logs_are_asked_for_with_the_clients_own_filter() -> None:
    stage = Stage("P1", "B1").start()
    address = logs_of(stage.grow(blocks=8))[0]["address"]
    wanted = {"address": address, "topics": [None]}
    logs = stage.subscribe("logs", wanted)
    blocks = stage.grow()
    stage.lose("P1")
    blocks += stage.grow(blocks=6)
    stage.wait(0.3)
    [asked] = [asked for asked in stage["B1"].asked if asked.method == "eth_getLogs"]
    assert {key: asked.params[0][key] for key in wanted} == wanted
    assert stage.events(logs) == [log for log in logs_of(blocks) if log["address"] == address]


def test_logs_of_blocks_before_the_subscription_are_not_told() -> None:
    stage = Stage("P1", "B1").start()
    stage.grow(blocks=4)
    logs = stage.subscribe("logs", {})
    away(stage, "P1")
    blocks = stage.grow("B1", blocks=3)
    assert stage.events(logs) == logs_of(blocks)


def test_logs_subscribed_during_a_takeover_miss_nothing_either() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage.subscribe("newHeads")
    stage["P1"].holds = {"eth_subscribe"}
    stage.route("P1", "B1")
    stage.wait(0.3)
    logs = stage.subscribe("logs", {})
    blocks = stage.grow("P1", blocks=3)  # the new node tells them before it was asked for logs
    stage["P1"].release_all()
    assert stage.carrier == "P1"
    blocks += stage.grow(blocks=2)
    assert stage.events(logs) == logs_of(blocks)


def test_a_log_that_was_unsubscribed_during_the_backfill_is_not_told() -> None:
    stage = Stage("P1", "B1").start()
    logs = stage.subscribe("logs", {})
    stage.grow(blocks=2)
    stage["B1"].holds = {"eth_getLogs"}
    stage.lose("P1")
    stage.grow("B1", blocks=3)
    stage.wait(0.3)
    other = stage.subscribe("newHeads")
    stage.call("eth_unsubscribe", logs)
    stage["B1"].release_all()
    assert stage.take() == []
    assert stage.grow()[0].hash in stage.heads(other)


def test_pending_logs_have_no_block_and_pass_as_they_are() -> None:
    stage = Stage("P1").start()
    logs = stage.subscribe("logs", {})
    stage["P1"].announce("logs", {"address": "0x", "blockNumber": None})
    assert stage.events(logs) == [{"address": "0x", "blockNumber": None}]


# ---- nodes that cannot ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("eth_getBlockByNumber", {"number": "0x1"}),
        ("eth_getBlockByNumber", "0x"),
        ("eth_getLogs", {"not": "a list"}),
        ("eth_getLogs", "0x"),
    ],
)
def test_a_node_that_does_not_give_what_was_missed_is_left_for_one_that_does(method: str, result: Any) -> None:
    stage = Stage("P1", "B1", "B2").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow()
    stage["B1"].holds = {method}
    stage.lose("P1")
    blocks += stage.grow(blocks=2)
    stage.wait(0.1)
    stage["B1"].release(method, result)
    stage.wait(0.3)
    assert stage.carrier == "B2"
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)


def test_a_node_that_gives_other_blocks_than_it_was_asked_for_is_left() -> None:
    stage = Stage("P1", "B1", "B2").start()
    heads = stage.subscribe("newHeads")
    blocks = stage.grow()
    stage.lose("P1")
    blocks += stage.grow(blocks=3)
    stage["B1"].holds = {"eth_getBlockByNumber"}
    stage.wait(0.1)
    stage["B1"].release()  # its latest
    stage["B1"].release("eth_getBlockByNumber", orjson.loads(blocks[0].full))
    stage.wait(0.3)
    assert stage.carrier == "B2"
    assert stage.heads(heads) == [block.hash for block in blocks]


def test_a_node_that_does_not_answer_the_backfill_in_time_is_left() -> None:
    stage = Stage("P1", "B1", "B2").start()
    heads = stage.subscribe("newHeads")
    blocks = stage.grow()
    stage["B1"].holds = {"eth_getBlockByNumber"}
    stage.lose("P1")
    blocks += stage.grow(blocks=2)
    stage.wait(2.5)
    assert stage.carrier == "B2"
    assert stage.heads(heads) == [block.hash for block in blocks]


def test_if_no_node_gives_what_was_missed_the_client_is_told() -> None:
    stage = Stage("P1", "B1").start()
    stage.subscribe("newHeads")
    stage.grow()
    stage.lose("P1")
    stage.route("B1")
    stage["B1"].holds = {"eth_getBlockByNumber"}
    stage.wait(0.1)
    stage["B1"].release("eth_getBlockByNumber", {"nothing": True})
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert "latest block" in stage.closed.reason


def test_answers_about_a_chain_that_nobody_follows_any_more_find_nobody() -> None:
    stage = Stage("P1", "B1").start()
    old = stage.subscribe("newHeads")
    stage.grow()
    stage["B1"].holds = {"eth_getBlockByNumber"}
    stage.lose("P1")
    stage.grow(blocks=3)
    stage.wait(0.1)
    stage["B1"].release("eth_getBlockByNumber")
    stage.call("eth_unsubscribe", old)
    stage.ask("eth_subscribe", "newHeads", id=2)
    stage["B1"].release_all()
    [confirmation] = stage.answers()
    new = confirmation["result"]
    first = stage.grow()[0]
    second = [stage.chain.grow() for _ in range(3)]
    stage["B1"].view.move(second[-1])
    stage["B1"].announce("newHeads", orjson.loads(second[-1].header))
    assert stage.heads(new) == [first.hash, *[block.hash for block in second]]


def test_heads_of_a_feed_that_make_no_sense_are_not_told() -> None:
    stage = Stage("P1").start()
    heads = stage.subscribe("newHeads")
    nonsense: Any
    for nonsense in (None, 1, [], {}, {"number": 1}, {"number": "0xg", "hash": "0x", "parentHash": "0x"}):
        stage["P1"].announce("newHeads", nonsense)
    assert stage.events(heads) == []
    assert stage.grow()[0].hash in stage.heads(heads)


def test_a_planned_move_keeps_the_old_links_late_events_away() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    heads = stage.subscribe("newHeads")
    stage["B1"].holds = {"eth_call"}
    stage.ask("eth_call")  # keeps the old link open
    stage.route("P1", "B1")
    stage.wait(0.3)
    assert stage["B1"].links
    block = stage.grow()[0]
    assert stage.heads(heads) == [block.hash]
    stage.apply(ev.TimePassed())


def test_a_living_link_that_lets_the_session_wait_is_left_only_when_another_has_taken_over() -> None:
    stage = Stage("P1", "P2").start()
    heads = stage.subscribe("newHeads")
    stage["P2"].holds |= {"eth_getBlockByNumber", "eth_sendRawTransaction"}
    stage.lose("P1")
    stage.wait(0.3)
    stage.ask("eth_sendRawTransaction", "0x01", id=1)
    blocks = stage.grow(blocks=2)
    stage.revive("P1")
    stage.wait(3.0)
    assert stage.carrier == "P1"
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage["P2"].links, "it owes an answer"
    stage["P2"].release("eth_sendRawTransaction")
    assert "result" in stage.take()[-1]
    assert not stage["P2"].links


def test_the_only_node_goes_on_serving_while_it_lets_the_session_wait() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds.add("eth_getBlockByNumber")
    stage.ask("eth_subscribe", "newHeads", id=1)
    for number in range(2, 12):
        stage.ask("eth_sendRawTransaction", "0x01", id=number)
        stage.wait(0.5)
    assert [answer["id"] for answer in stage.answers() if "result" in answer] == list(range(2, 12))
    assert not stage.reports, "no link was lost"
    stage["P1"].release_all()
    [confirmation] = stage.answers()
    blocks = stage.grow(blocks=2)
    assert stage.heads(confirmation["result"]) == [block.hash for block in blocks]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_with_little_or_nothing_to_be_filled_streams_begin_and_go_on_over_a_move(most: int, seed: int) -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=most), seed=seed).start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow(blocks=3)
    stage.lose("P1")
    stage.wait(0.3)
    blocks += stage.grow(blocks=3)
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)
    stage.lose("B1")
    [stage.chain.grow() for _ in range(most + 2)]
    stage.revive("P1")
    stage.wait(0.5)
    assert stage.closed is not None, "what may not be filled is told"
    assert stage.closed.code == 1013


@pytest.mark.parametrize("restarts", [False, True])
def test_a_client_whose_chain_begins_anew_is_told_and_not_left_without_a_word(restarts: bool) -> None:
    """As that of a development network does: at a height from which it would take days to come up."""
    stage = Stage("P1").start()
    stage.grow(blocks=300)
    heads = stage.subscribe("newHeads")
    stage.grow(blocks=5)
    if restarts:
        stage.lose("P1")
        stage.revive("P1")
    anew = Chain(Random(1))
    stage["P1"].follow(anew.tip)
    stage.wait(1)
    stage["P1"].follow(anew.grow())
    assert len(stage.heads(heads)) == 5
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert "another chain" in stage.closed.reason
