"""A move of the client while the chain changes its mind: what two nodes tell one after the other is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.session.stage import Stage
from tests.proxy.session.told import away, logs_of, removed

if TYPE_CHECKING:
    from simulation.chain import Block

mode = pytest.mark.mode


class Move:
    """From B1 to P1, which has confirmed the heads and not yet the logs: B1 goes on telling."""

    def __init__(self, *, logs_first: bool = True) -> None:
        self.stage = stage = Stage("P1", "B1", seed=4)
        stage["P1"].logs_first = stage["B1"].logs_first = logs_first
        stage.route("B1")
        stage.start()
        self.heads, self.logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
        self.common = stage.grow(blocks=2)
        stage["P1"].holds = {"eth_subscribe"}
        stage.route("P1", "B1")
        stage.wait(0.3)

    def heads_confirmed(self) -> None:
        stage = self.stage
        stage["P1"].held.sort(key=lambda asked: asked.params[0] != "newHeads")
        stage["P1"].release()

    def replaced(self) -> Block:
        """The last block is replaced by another one, as high."""
        self.stage.chain.tip = self.stage.chain.reorg(1)[0]
        return self.stage.chain.tip

    def done(self) -> None:
        self.stage["P1"].release_all()
        assert self.stage.carrier == "P1"

    def tells(self, *heads: Block) -> None:
        assert self.stage.heads(self.heads) == [block.hash for block in (*self.common, *heads)]


@mode("S8")
@pytest.mark.parametrize("logs_first", [True, False])
@pytest.mark.parametrize("known_first", [True, False])
def test_a_reorg_that_both_nodes_tell_while_the_client_moves_is_told_once(known_first: bool, logs_first: bool) -> None:
    move = Move(logs_first=logs_first)
    stage = move.stage
    move.heads_confirmed()
    if known_first:
        move.common += stage.grow()
    old = stage.grow()
    new = move.replaced()
    stage.spread(new)
    assert old[0].logs
    assert new.logs
    move.done()
    more = stage.grow(blocks=2)
    move.tells(*old, new, *more)
    assert stage.events(move.logs) == logs_of(move.common + old) + removed(old) + logs_of([new, *more])


@mode("S8")
@pytest.mark.parametrize("logs_first", [True, False])
@pytest.mark.parametrize("early", [True, False])
def test_a_node_that_has_yet_to_hear_of_the_reorg_takes_nobody_back(early: bool, logs_first: bool) -> None:
    move = Move(logs_first=logs_first)
    stage = move.stage
    if early:
        move.heads_confirmed()
    old = stage.grow()
    new = move.replaced()
    stage.spread(new, "B1")
    move.done()
    move.tells(*old, new)
    stage.spread(new, "P1")
    more = stage.grow(blocks=2)
    move.tells(*old, new, *more)
    assert stage.events(move.logs) == logs_of(move.common + old) + removed(old) + logs_of([new, *more])


@mode("S8")
def test_a_node_that_stays_on_the_old_branch_is_followed_from_its_next_block_on() -> None:
    move = Move()
    stage = move.stage
    move.heads_confirmed()
    old = stage.grow()
    new = move.replaced()
    stage.spread(new, "B1")
    move.done()
    stage.chain.tip = old[0]
    back = stage.grow()
    move.tells(*old, new, *old, *back)
    told = logs_of(move.common + old) + removed(old) + logs_of([new])
    assert stage.events(move.logs) == told + removed([new]) + logs_of([*old, *back])


@mode("S8")
@pytest.mark.parametrize("deep", [1, 2, 3])
def test_logs_that_a_node_on_the_old_branch_does_not_have_are_not_taken_back(deep: int) -> None:
    stage = Stage("P1", "B1", seed=4)
    stage.route("B1")
    stage.start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    common, old = stage.grow(blocks=2), stage.grow(blocks=3)
    new = stage.chain.reorg(deep)
    stage.chain.tip = new[-1]
    stage.spread(new[-1], "B1")
    told = logs_of([*common, *old]) + removed(old[::-1][:deep]) + logs_of(new)
    assert stage.events(logs) == told
    stage.route("P1", "B1")
    stage.wait(0.3)
    assert stage.carrier == "P1"
    stage.spread(new[-1], "P1")
    more = stage.grow(blocks=2)
    assert stage.events(logs) == told + logs_of(more)
    assert stage.heads(heads)[-2:] == [block.hash for block in more]
    assert len(stage.heads(heads)) == len({*stage.heads(heads)})


@mode("S4")
@pytest.mark.parametrize("behind", [1, 2, 5])
def test_a_node_from_before_the_subscription_takes_nobody_back(behind: int) -> None:
    stage = Stage("P1", "B1", seed=4)
    stage.route("B1")
    stage.start()
    stage.grow("B1", blocks=behind)
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    told = stage.grow("B1")
    stage.route("P1", "B1")
    stage.wait(0.3)
    assert stage.carrier == "P1"
    stage.spread(told[-1], "P1")
    told += stage.grow(blocks=2)
    assert stage.heads(heads) == [block.hash for block in told]
    assert stage.events(logs) == logs_of(told)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=4), st.booleans())
def test_whatever_a_client_missed_at_its_node_is_told_by_the_next_one(
    missed: list[tuple[int, int]], logs_first: bool
) -> None:
    """Each move: so many blocks replaced and so many added, of which only the next node has heard."""
    stage = Stage("P1", "P2", seed=4)
    for name in ("P1", "P2"):
        stage[name].logs_first = logs_first
    stage.start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    branch = stage.grow(blocks=3)
    told_heads, told_logs = [block.hash for block in branch], logs_of(branch)
    for depth, more in missed:
        carrier = stage.carrier
        other = "P2" if carrier == "P1" else "P1"
        stage[str(carrier)].silent = True
        new = stage.chain.reorg(depth) if depth else []
        if new:
            stage.chain.tip = new[-1]
            told_logs += removed(branch[::-1][:depth])
            branch = branch[:-depth]
        new += [stage.chain.grow() for _ in range(more)]
        stage.spread(stage.chain.tip, other)
        away(stage, str(carrier))
        stage.revive(str(carrier))
        branch += new
        told_heads += [block.hash for block in new]
        told_logs += logs_of(new)
        assert stage.carrier == other
    more_blocks = stage.grow(blocks=2)
    assert stage.heads(heads) == told_heads + [block.hash for block in more_blocks]
    assert stage.events(logs) == told_logs + logs_of(more_blocks)
