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
