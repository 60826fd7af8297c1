"""Logs over a move of the client whose steps come in an unlucky order: each was found by the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proxy.session import Settings
from tests.proxy.session.stage import Stage

if TYPE_CHECKING:
    from simulation.chain import Block


def _logs(blocks: list[Block]) -> list[tuple[str, str]]:
    """(block, index) of all logs of the blocks."""
    return [(block.hash, hex(place)) for block in blocks for place in range(len(block.logs))]


def _told(stage: Stage, subscription: str) -> list[tuple[str, str]]:
    return [(log["blockHash"], log["logIndex"]) for log in stage.events(subscription)]


@pytest.mark.parametrize("late", ["newHeads", "logs"])
def test_logs_go_on_whichever_subscription_the_new_node_confirms_last(late: str) -> None:
    stage = Stage("P1", "B1").start()
    logs = stage.subscribe("logs", {})
    blocks = stage.grow(blocks=3)
    stage["B1"].holds.add("eth_subscribe")
    stage.lose("P1")
    stage.wait(0.1)
    blocks += stage.grow(blocks=3)
    stage["B1"].held.sort(key=lambda asked: asked.params[0] == late)
    stage["B1"].holds.clear()
    stage["B1"].release()
    # between the two confirmations: only the second one's node can tell of these
    blocks += stage.grow(blocks=2)
    stage["B1"].release()
    blocks += stage.grow(blocks=3)
    assert _told(stage, logs) == _logs(blocks)


def test_logs_told_below_a_gap_as_wide_as_may_be_filled_are_not_told_again() -> None:
    stage = Stage("P1", "B1", settings=Settings(backfill_blocks=6)).start()
    logs = stage.subscribe("logs", {})
    blocks = stage.grow(blocks=8)
    stage.lose("P1", "B1")
    blocks += [stage.chain.grow() for _ in range(6)]
    stage.revive("B1")
    stage.wait(2.0)
    assert _told(stage, logs) == _logs(blocks)


def test_logs_from_before_a_subscription_are_not_told_at_the_next_move() -> None:
    stage = Stage("P1", "B1").start()
    stage.subscribe("newHeads")
    stage.lose("P1", "B1")
    [stage.chain.grow() for _ in range(6)]
    stage["B1"].holds.add("eth_getBlockByNumber")
    stage.revive("B1")
    stage.wait(2.0)
    # B1 is six blocks above what the client was told, and has not said so yet
    logs = stage.subscribe("logs", {})
    stage["B1"].release_all()
    blocks = stage.grow(blocks=2)
    stage.revive("P1")
    stage.lose("B1")
    stage.wait(2.0)
    blocks += stage.grow(blocks=2)
    assert _told(stage, logs) == _logs(blocks)


@pytest.mark.parametrize("kind", ["newHeads", "logs"])
def test_a_subscription_is_confirmed_once_it_is_known_from_which_block_on_it_is_owed(kind: str) -> None:
    stage = Stage("P1", "B1").start()
    stage["P1"].holds.add("eth_getBlockByNumber")
    stage.ask("eth_subscribe", kind)
    assert stage.take() == []
    # lost now, nobody could say what was missed: so the other node is asked, and confirms
    stage.lose("P1")
    stage.grow(blocks=2)
    stage.wait(0.2)
    [confirmation] = stage.answers()
    blocks = stage.grow(blocks=3)
    told = stage.events(confirmation["result"])
    assert told[-1].get("hash", told[-1].get("blockHash")) == blocks[-1].hash


def test_two_that_subscribe_before_the_node_says_where_its_chain_stands_share_one_feed() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds.add("eth_getBlockByNumber")
    for number in (1, 2):
        stage.ask("eth_subscribe", "newHeads", id=number)
    stage["P1"].release_all()
    [first, second] = [answer["result"] for answer in stage.answers()]
    blocks = [block.hash for block in stage.grow(blocks=3)]
    assert stage.heads(first) == stage.heads(second) == blocks
    assert len(stage["P1"].streams("newHeads")) == 1


def test_a_feed_goes_on_whose_first_follower_was_told_of_a_time_out() -> None:
    stage = Stage("P1", settings=Settings(request_timeout=0.5)).start()
    stage["P1"].holds.add("eth_getBlockByNumber")
    stage.ask("eth_subscribe", "newHeads", id=1)
    stage.wait(0.4)
    stage.ask("eth_subscribe", "newHeads", id=2)
    stage.wait(0.2)
    stage["P1"].release_all()
    [late, confirmation] = stage.answers()
    assert "error" in late
    assert confirmation["id"] == 2
    blocks = [block.hash for block in stage.grow(blocks=2)]
    assert stage.heads(confirmation["result"]) == blocks


def test_leaving_another_stream_does_not_end_the_feed_that_a_confirmation_waits_for() -> None:
    stage = Stage("P1").start()
    pending = stage.subscribe("newPendingTransactions")
    stage["P1"].holds.add("eth_getBlockByNumber")
    stage.ask("eth_subscribe", "logs")
    assert stage.call("eth_unsubscribe", pending)["result"] is True
    stage["P1"].release_all()
    [confirmation] = stage.answers()
    blocks = stage.grow(blocks=3)
    assert _told(stage, confirmation["result"]) == _logs(blocks)


@pytest.mark.parametrize("seed", range(1, 4))
def test_logs_of_a_branch_that_only_the_lost_node_had_are_taken_back_before_others_are_told(seed: int) -> None:
    stage = Stage("P1", "B1", seed=seed).start()
    logs = stage.subscribe("logs", {})
    stage.grow(blocks=6)
    branch = stage.chain.reorg(3)
    # P1's logs of the new branch reach the client, its heads do not
    gone, came = stage["P1"].view.move(branch[-1])
    [(epoch, name, _)] = stage["P1"].streams("logs")
    for text in [log.gone for block in gone for log in reversed(block.logs)]:
        stage["P1"].say(epoch, name, text)
    for text in [log.text for block in came for log in block.logs]:
        stage["P1"].say(epoch, name, text)
    stage.lose("P1")
    stage.wait(0.2)
    stage.spread(branch[-1], "B1")
    standing: list[tuple[int, int]] = []
    for log in stage.events(logs):
        place = (int(log["blockNumber"], 16), int(log["logIndex"], 16))
        if log["removed"]:
            standing.remove(place)
        else:
            assert not standing or max(standing) < place
            standing.append(place)
    told = [(block.number, place) for block in branch for place in range(len(block.logs))]
    assert standing[len(standing) - len(told) :] == told


def test_a_node_that_lags_tells_nothing_from_before_the_subscription() -> None:
    stage = Stage("P1", "B1").start()
    stage.subscribe("newHeads")
    missed = stage.grow("P1", blocks=4)
    logs = stage.subscribe("logs", {})
    blocks = stage.grow("P1", blocks=2)
    stage.lose("P1")
    stage.wait(0.2)
    for block in missed + blocks:  # B1 catches up
        stage.spread(block, "B1")
    blocks += stage.grow(blocks=2)
    assert _told(stage, logs) == _logs(blocks)


def test_the_first_live_log_says_from_which_block_on_the_node_knew_the_subscription() -> None:
    stage = Stage("P1", "B1", seed=1).start()
    stage["P1"].logs_first = True
    stage.subscribe("newHeads")
    logs = stage.subscribe("logs", {})
    [(epoch, name, asked)] = stage["P1"].streams("logs")
    del stage["P1"].links[epoch][name]
    stage.grow()  # its logs went out a moment before the node knew the subscription
    stage["P1"].links[epoch][name] = asked
    blocks = stage.grow(blocks=2)
    stage.lose("P1")
    stage.wait(0.2)
    blocks += stage.grow(blocks=2)
    assert _told(stage, logs) == _logs(blocks)


@pytest.mark.parametrize("logs_first", [True, False])
def test_a_branch_that_begins_below_the_first_log_is_told_whole(logs_first: bool) -> None:
    stage = Stage("P1", seed=2)
    stage["P1"].logs_first = logs_first
    stage.start()
    stage.subscribe("newHeads")
    logs = stage.subscribe("logs", {})
    stage.grow(blocks=2)
    for _ in range(3):
        branch = stage.chain.reorg(2)
        stage.spread(branch[-1])
    assert {log["blockHash"] for log in stage.events(logs)[-1:]} <= {block.hash for block in branch}
    standing = [name for name in _told(stage, logs) if name[0] in {block.hash for block in branch}]
    assert standing == _logs(branch)


def _standing(stage: Stage, subscription: str) -> list[tuple[str, str]]:
    """What the client was told and not told back; asserts that it was told in the order of the chain."""
    standing: dict[tuple[str, str], tuple[int, int]] = {}
    for log in stage.events(subscription):
        name, place = (log["blockHash"], log["logIndex"]), (int(log["blockNumber"], 16), int(log["logIndex"], 16))
        if log["removed"]:
            del standing[name]
        else:
            assert place > max(standing.values(), default=(0, 0)), "after a later one"
            standing[name] = place
    return list(standing)


@pytest.mark.parametrize("seed", range(4))
def test_logs_asked_for_before_a_reorg_and_given_after_it_leave_nothing_out(seed: int) -> None:
    stage = Stage("P1", "B1", seed=seed).start()
    logs = stage.subscribe("logs", {})
    blocks = stage.grow(blocks=6)
    stage["B1"].holds.add("eth_getLogs")
    stage.lose("P1")
    stage.wait(0.2)
    branch = stage.chain.reorg(5)
    stage["B1"].logs_first = False
    stage.spread(branch[-1], "B1")
    stage["B1"].release_all()
    assert _standing(stage, logs) == _logs([block for block in blocks if block.number < branch[0].number] + branch)


@pytest.mark.parametrize("seed", range(4))
def test_logs_of_a_reorg_that_a_lost_node_still_owed_are_told_by_the_next(seed: int) -> None:
    stage = Stage("P1", "B1", seed=seed).start()
    logs = stage.subscribe("logs", {})
    blocks = stage.grow(blocks=6)
    stage["P1"].holds.add("eth_getLogs")
    stage["P1"].logs_first = False
    branch = stage.chain.reorg(5)
    stage.spread(branch[-1])  # deeper than what a block needs above it to count as told in full
    stage.lose("P1")
    stage.wait(0.2)
    assert _standing(stage, logs) == _logs([block for block in blocks if block.number < branch[0].number] + branch)


def test_logs_that_a_lost_node_held_back_while_it_told_heads_are_told_by_the_next() -> None:
    stage = Stage("P1", "B1").start()
    logs = stage.subscribe("logs", {})
    blocks = stage.grow(blocks=2)
    stage["B1"].holds.add("eth_getLogs")
    stage.lose("P1")
    stage.wait(0.2)
    blocks += stage.grow(blocks=8)
    stage.revive("P1")
    stage.lose("B1")
    stage.wait(2.0)
    blocks += stage.grow(blocks=2)
    assert _told(stage, logs) == _logs(blocks)
