"""Heads and logs go on exactly where they stopped: every block once, in order, reorg-correct, or the client is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.session import Settings
from tests.proxy.session.stage import Stage
from tests.proxy.session.told import away, logs_of, numbers, removed
from tests.proxy.session.upstream import SMALL_IDS

mode = pytest.mark.mode


@mode("S4")
def test_blocks_between_loss_and_takeover_are_fetched_and_told_in_order() -> None:
    stage = Stage("P1", "B1").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow(blocks=2)
    stage.lose("P1")
    blocks += stage.grow(blocks=5)
    stage.wait(0.3)
    blocks += stage.grow(blocks=2)
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)
    assert stage.counts["ws_backfilled_blocks"] == 5


@mode("S4")
def test_ten_switches_with_blocks_in_every_gap() -> None:
    stage = Stage("P1", "P2")
    stage["P2"].dialect = SMALL_IDS
    stage.start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = []
    for _ in range(10):
        stage.wait(11)
        stage[stage.carrier or ""].drop()
        blocks += stage.grow(blocks=2)
        stage.wait(0.2)
        blocks += stage.grow()
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)


@mode("S4")
def test_a_planned_move_loses_and_repeats_nothing() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow(blocks=2)
    stage["P1"].holds = {"eth_subscribe", "eth_getBlockByNumber", "eth_getLogs"}
    stage.route("P1", "B1")
    stage.wait(0.3)
    blocks += stage.grow(blocks=2)  # the old link still tells
    stage["P1"].release("eth_subscribe")
    stage["P1"].release("eth_subscribe")
    assert stage.carrier == "P1"
    blocks += stage.grow(blocks=2)  # the new one does
    stage["P1"].release_all()
    blocks += stage.grow()
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)


@mode("S4")
def test_a_node_that_lags_repeats_nothing() -> None:
    stage = Stage("P1", "B1").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow("P1", blocks=3)
    away(stage, "P1")
    assert stage.heads(heads) == [block.hash for block in blocks]
    for block in blocks:
        stage.spread(block, "B1")
    blocks += stage.grow("B1")
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)


@mode("S4")
def test_a_burst_of_which_only_the_last_block_is_announced_is_told_whole() -> None:
    stage = Stage("P1").start()
    heads = stage.subscribe("newHeads")
    blocks = [stage.chain.grow() for _ in range(4)]
    stage["P1"].view.move(blocks[-1])
    stage["P1"].announce("newHeads", orjson.loads(blocks[-1].header))
    assert stage.heads(heads) == [block.hash for block in blocks]


def test_heads_that_come_during_the_backfill_wait_their_turn() -> None:
    stage = Stage("P1", "B1").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    blocks = stage.grow()
    stage["B1"].holds = {"eth_getBlockByNumber", "eth_getLogs"}
    stage.lose("P1")
    blocks += stage.grow(blocks=3)
    stage.wait(0.3)
    stage["B1"].release("eth_getBlockByNumber")  # the latest: it says what is missing
    blocks += stage.grow(blocks=2)
    assert len(stage.heads(heads)) == 1
    stage["B1"].release_all()
    assert stage.heads(heads) == [block.hash for block in blocks]
    assert stage.events(logs) == logs_of(blocks)


def test_blocks_that_are_fetched_look_like_those_that_were_announced() -> None:
    stage = Stage("P1", "B1").start()
    heads = stage.subscribe("newHeads")
    stage.grow()
    stage.lose("P1")
    stage.grow()
    stage.wait(0.3)
    announced, fetched = stage.events(heads)
    assert list(announced) == list(fetched)


def test_a_client_that_has_seen_no_head_gets_headers_and_no_bodies() -> None:
    stage = Stage("P1", "B1").start()
    heads = stage.subscribe("newHeads")
    stage.lose("P1")
    stage.grow()
    stage.wait(0.3)
    [fetched] = stage.events(heads)
    assert "parentHash" in fetched
    assert not {"transactions", "uncles", "size"} & fetched.keys()


def test_the_first_head_of_a_new_subscription_is_the_next_one() -> None:
    stage = Stage("P1").start()
    stage.grow(blocks=3)
    heads = stage.subscribe("newHeads")
    block = stage.grow()[0]
    assert stage.heads(heads) == [block.hash]


def test_the_newest_block_is_told_where_its_announcement_comes_after_we_asked() -> None:
    """The block that `latest` gave was imported before we subscribed, but announced after."""
    stage = Stage("P1").start()
    heads = stage.subscribe("newHeads")
    stage["P1"].announce("newHeads", orjson.loads(stage.chain.tip.header))
    stage["P1"].announce("newHeads", orjson.loads(stage.chain.tip.header))
    assert stage.heads(heads) == [stage.chain.tip.hash]


def test_what_was_told_before_the_last_follower_left_is_no_gap_for_the_next_one() -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=4)).start()
    old = stage.subscribe("newHeads")
    stage.grow()
    stage.call("eth_unsubscribe", old)
    stage.grow(blocks=20)
    stage.lose("P1")
    stage.wait(0.3)
    new = stage.subscribe("newHeads")
    block = stage.grow("B1")[0]
    assert stage.closed is None
    assert stage.heads(new) == [block.hash]


@pytest.mark.parametrize("kind", ["newHeads", "logs"])
def test_a_subscription_that_was_only_asked_for_before_a_long_outage_is_no_gap(kind: str) -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=4)).start()
    stage["P1"].refuses = {"never"}
    stage["P1"].holds = {"eth_subscribe"}
    stage.ask("eth_subscribe", kind)
    if kind == "logs":
        stage["P1"].release("eth_subscribe")  # the feed, which comes first
    stage["B1"].silent = True
    stage.lose("P1")
    for _ in range(20):
        stage.spread(stage.chain.grow(), "B1")
    stage.revive("B1")
    stage.wait(2)
    assert stage.closed is None
    assert "result" in stage.answers()[0]


@mode("S4")
def test_a_gap_at_the_bound_is_filled_and_one_beyond_is_told_with_1013() -> None:
    for missed, closed in ((8, False), (9, True)):
        stage = Stage("P1", "B1", settings=Settings(backfill_blocks=8)).start()
        heads = stage.subscribe("newHeads")
        blocks = stage.grow()
        stage.lose("P1")
        blocks += stage.grow(blocks=missed)
        stage.wait(0.3)
        if closed:
            assert stage.closed is not None
            assert stage.closed.code == 1013
            assert "9 blocks behind" in stage.closed.reason
            assert stage.counts["ws_gaps_unfilled"] == 1
            assert stage.counts["ws_subscriptions_active"] == 0
        else:
            assert stage.heads(heads) == [block.hash for block in blocks]


# ---- reorgs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("logs_first", [True, False])
def test_a_live_reorg_passes_as_the_node_tells_it(logs_first: bool) -> None:
    stage = Stage("P1").start()
    stage["P1"].logs_first = logs_first
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    old = stage.grow(blocks=4)
    new = stage.chain.reorg(2)
    stage.spread(new[-1])
    assert stage.heads(heads) == [block.hash for block in old + new]
    assert stage.events(logs) == logs_of(old) + removed(old[:1:-1]) + logs_of(new)


@mode("S8")
@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_a_reorg_while_switching_removes_logs_first_and_tells_the_new_branch_from_the_fork_on(depth: int) -> None:
    stage = Stage("P1", "B1").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    old = stage.grow(blocks=6)
    stage.lose("P1")
    new = stage.chain.reorg(depth)
    stage.spread(new[-1], "B1")
    stage.wait(0.3)
    assert stage.heads(heads) == [block.hash for block in old + new]
    assert stage.events(logs) == logs_of(old) + removed(old[6 - depth :][::-1]) + logs_of(new)


@mode("S8")
@pytest.mark.parametrize("logs_first", [True, False])
def test_a_node_that_lags_and_then_takes_another_branch_takes_the_logs_back(logs_first: bool) -> None:
    """It never had the old branch, so it has nothing to remove: the session has."""
    stage = Stage("P1", "B1", seed=4).start()
    stage["B1"].logs_first = logs_first
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    common = stage.grow(blocks=2)
    old = stage.grow("P1", blocks=2)
    away(stage, "P1")
    new = stage.chain.reorg(2)
    for block in new:
        stage.spread(block, "B1")
    assert all(block.logs for block in (*old, *new)), "another seed is needed"
    assert stage.heads(heads) == [block.hash for block in common + old + new]
    told = stage.events(logs)
    assert told[len(logs_of(common + old)) :][: len(removed(old))] == removed(old[::-1])
    standing: list[Any] = []
    for log in told:
        if log["removed"]:
            standing.remove({**log, "removed": False})
        else:
            assert log not in standing
            standing.append(log)
    assert standing == logs_of(common + new)


@mode("S8")
def test_logs_are_taken_back_even_if_the_new_branch_has_none() -> None:
    stage = Stage("P1", "B1", seed=10).start()
    stage.subscribe("newHeads")
    logs = stage.subscribe("logs", {})
    common = stage.grow(blocks=2)
    old = stage.grow("P1")
    away(stage, "P1")
    new = [block for block in stage.chain.reorg(1) if stage.spread(block, "B1")]
    assert old[0].logs, "another seed is needed"
    assert not any(block.logs for block in new), "another seed is needed"
    assert stage.events(logs) == logs_of(common + old) + removed(old)


@mode("S8")
def test_a_reorg_during_the_backfill_is_followed_parent_by_parent() -> None:
    stage = Stage("P1", "B1").start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    told = stage.grow(blocks=2)
    stage.lose("P1")
    stage.grow("B1", blocks=4)
    stage["B1"].holds = {"eth_getBlockByNumber"}
    stage.wait(0.3)
    stage["B1"].release("eth_getBlockByNumber")
    new = stage.chain.reorg(5)  # one of what was told goes, too
    stage.spread(new[-1], "B1")
    stage["B1"].release_all()
    assert numbers(stage, heads)[-len(new) :] == [block.number for block in new]
    assert stage.heads(heads)[-len(new) :] == [block.hash for block in new]
    assert [log for log in stage.events(logs) if log["removed"]][: len(removed(told[1:]))] == removed(told[1:])


def test_a_reorg_below_the_first_head_ever_told_begins_in_its_place() -> None:
    stage = Stage("P1", "B1").start()
    heads = stage.subscribe("newHeads")
    told = stage.grow()
    stage.lose("P1")
    new = stage.chain.reorg(4)
    stage.spread(new[-1], "B1")
    stage.wait(0.3)
    assert stage.closed is None
    got = stage.heads(heads)
    assert got[0] == told[0].hash
    assert got[-1] == new[-1].hash
    assert got[1:] == [block.hash for block in new][-len(got[1:]) :]


@mode("S8")
def test_a_reorg_deeper_than_what_is_remembered_is_told_with_1013() -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=4)).start()
    stage.subscribe("newHeads")
    stage.grow(blocks=6)
    stage.lose("P1")
    stage.spread(stage.chain.reorg(6)[-1], "B1")
    stage.wait(0.3)
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert "reorg" in stage.closed.reason


@mode("S8")
def test_logs_stay_if_the_node_went_to_another_branch_and_back_while_a_block_was_fetched() -> None:
    stage = Stage("P1", seed=7).start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    old = stage.grow(blocks=4)
    assert all(block.logs for block in old), "another seed is needed"
    node = stage["P1"]
    node.holds = {"eth_getBlockByHash", "eth_getBlockByNumber"}
    for tip in (stage.chain.reorg(3)[-1], old[-1]):
        gone, came = node.view.move(tip)
        [(epoch, name, _)] = node.streams("logs")
        for text in [log.gone for block in gone for log in reversed(block.logs)]:
            node.say(epoch, name, text)
        for text in [log.text for block in came for log in block.logs]:
            node.say(epoch, name, text)
        node.announce("newHeads", orjson.loads(tip.header))  # the last one of a burst only
    assert stage.heads(heads)[-1] == old[-1].hash
    node.release_all()
    standing: list[Any] = []
    for log in stage.events(logs):
        if log["removed"]:
            standing.remove({**log, "removed": False})
        else:
            assert log not in standing
            standing.append(log)
    assert standing == logs_of(old)
    assert stage.heads(heads)[-1] == old[-1].hash
