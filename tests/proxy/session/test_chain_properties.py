"""What holds of heads and logs for every tree of blocks, every walk over it and every order of answers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.heads import Chain, Deliver, Fetch, Head, Refill, TooFar, Wait, read_head
from proxy.session.logs import LogBook, log_text, read_log
from simulation import chain as blocks
from tests.proxy.jsontexts import VALUES

if TYPE_CHECKING:
    from proxy.session.logs import Log

LIMIT = 8
SEEDS = st.integers(0, 2**32)
# how many blocks the chain grows by, or how deep it is reorganised, between two heads that a node announces
WALKS = st.lists(st.integers(1, 4) | st.integers(-3, -1), max_size=12)


def head_of(block: blocks.Block, *, announced: bool) -> Head:
    head = read_head(orjson.loads(block.full if not announced else block.header), (b"a", b"b") if announced else None)
    assert head is not None
    return head


def walk(world: blocks.Chain, steps: list[int]) -> list[blocks.Block]:
    """The heads that a node has after each step."""
    heads = []
    for step in steps:
        if step > 0:
            for _ in range(step):
                world.grow()
        else:
            world.reorg(-step)
        heads.append(world.tip)
    return heads


def line(tip: blocks.Block) -> list[str]:
    """The hashes of the branch that ends in `tip`, newest first."""
    hashes = []
    at: blocks.Block | None = tip
    while at is not None:
        hashes.append(at.hash)
        at = at.parent
    return hashes


class Follower:
    """One link's way of telling: offers heads, answers fetches in any order, and checks what is delivered."""

    def __init__(self, chain: Chain, rng: Random, tip: blocks.Block) -> None:
        self.refill = Refill(chain, LIMIT)
        self.view = blocks.View(tip)
        self.rng = rng
        self.wanted: list[int | str] = []

    def offer(self, tip: blocks.Block, told: list[str]) -> None:
        self.view.move(tip)
        self.refill.offer(head_of(tip, announced=True))
        self.run(told)

    def run(self, told: list[str]) -> None:
        while True:
            match self.refill.step():
                case Deliver(heads, fork, gone):
                    assert heads
                    assert heads[0].number == fork + 1
                    assert not gone & {head.hash for head in heads}
                    told += [head.hash for head in heads]
                case Fetch(wanted):
                    assert wanted
                    self.wanted = self.rng.sample(wanted, len(wanted))
                    return
                case Wait():
                    return
                case TooFar(reason):
                    raise AssertionError(reason)

    def settle(self, told: list[str]) -> None:
        """Answer whatever is asked for until nothing is."""
        while self.wanted:
            wanted = self.wanted.pop()
            found = self.view.at(wanted) if isinstance(wanted, int) else self.view.by_hash(wanted)
            assert found is not None
            self.refill.fetched(head_of(found, announced=False))
            self.run(told)


def assert_told_rightly(told: list[str], tip: blocks.Block, world: dict[str, blocks.Block]) -> None:
    """Each head joins the branch before it, none is repeated while it stands, and the last is `tip`."""
    standing: list[str] = []
    for name in told:
        assert name not in standing, "told twice"
        parent = world[name].parent
        assert parent is not None
        if parent.hash in standing:
            del standing[standing.index(parent.hash) + 1 :]
        else:
            assert world[name].number == world[told[0]].number, "a gap: only a branch that begins anew has no parent"
            standing.clear()
        standing.append(name)
    assert standing[-1] == tip.hash


@given(SEEDS, WALKS, st.data())
def test_heads_are_told_without_gap_and_once_over_any_walk_and_any_change_of_link(
    seed: int, steps: list[int], data: st.DataObject
) -> None:
    rng = Random(seed)
    world = blocks.Chain(rng, height=10)
    first = world.tip
    chain, told = Chain(LIMIT * 8), [first.hash]
    follower = Follower(chain, rng, first)
    follower.offer(first, [])
    tips = walk(world, steps)
    known = {}
    for tip in [first, *tips]:
        at: blocks.Block | None = tip
        while at is not None:
            known[at.hash] = at
            at = at.parent
    for tip in tips:
        behind = tip.number - (chain.tip.number if chain.tip is not None else 0)
        if data.draw(st.booleans()) or behind > LIMIT:  # wider than may be filled is another test's matter
            follower.settle(told)
        if data.draw(st.booleans()):  # another link, which begins from nothing but the chain
            follower = Follower(chain, rng, tip)
        follower.offer(tip, told)
    follower.settle(told)
    assert follower.refill.is_idle
    assert_told_rightly(told, world.tip, known)


@given(SEEDS, st.integers(1, 2 * LIMIT))
def test_a_gap_is_filled_up_to_the_limit_and_not_beyond(seed: int, missing: int) -> None:
    world = blocks.Chain(Random(seed))
    chain = Chain(LIMIT)
    chain.root(head_of(world.tip, announced=False))
    [tip] = walk(world, [missing])
    refill = Refill(chain, LIMIT)
    refill.offer(head_of(tip, announced=True))
    expected = Deliver if missing == 1 else Fetch if missing <= LIMIT else TooFar
    assert isinstance(refill.step(), expected)


@given(SEEDS, st.lists(st.integers(1, 3) | st.integers(-2, -1), max_size=20))
def test_a_chain_remembers_the_last_blocks_of_one_branch(seed: int, steps: list[int]) -> None:
    world = blocks.Chain(Random(seed))
    chain = Chain(LIMIT)
    chain.extend(head_of(world.tip, announced=True))
    for step in steps:
        before = line(world.tip)
        walk(world, [step])
        new = [name for name in line(world.tip) if name not in before]
        view = blocks.View(world.tip)
        gone: set[str] = set()
        for name in reversed(new):
            block = view.by_hash(name)
            assert block is not None
            gone |= chain.extend(head_of(block, announced=False))
        assert gone == {name for name in before[:LIMIT] if name not in line(world.tip) and name in gone}
        assert chain.tip is not None
        assert chain.tip.hash == world.tip.hash
        assert chain.is_cut == (len(chain._heads) >= LIMIT)
        remembered = [head.hash for head in reversed(chain._heads)]
        assert remembered == line(world.tip)[: len(remembered)]
        assert len(remembered) <= LIMIT
        assert all(map(chain.knows, remembered))
        assert not any(chain.knows(name) for name in gone)
        assert chain.floor == chain.tip.number - len(remembered) + 1


@given(SEEDS)
def test_a_fetched_block_is_told_as_the_header_that_would_have_been_announced(seed: int) -> None:
    world = blocks.Chain(Random(seed))
    chain = Chain(LIMIT)
    first, second = walk(world, [1, 1])
    bare = Chain(LIMIT).header(head_of(second, announced=False))
    chain.extend(head_of(first, announced=True))
    assert chain.header(head_of(second, announced=False)) == second.header
    assert orjson.loads(bare) == orjson.loads(second.header)


@given(VALUES | st.fixed_dictionaries({"number": VALUES, "hash": VALUES, "parentHash": VALUES}))
def test_no_json_raises_as_a_head(value: Any) -> None:
    head = read_head(value)
    assert head is None or hash((head.number, head.hash, head.parent)) is not None


@given(VALUES | st.fixed_dictionaries({"blockNumber": VALUES, "blockHash": VALUES, "logIndex": VALUES}))
def test_no_json_raises_as_a_log(value: Any) -> None:
    log = read_log(value)
    if log is not None:
        book = LogBook(LIMIT)
        assert book.accept(log) is not log.removed
        assert orjson.loads(log_text(log))["removed"] is log.removed


# ---- logs -------------------------------------------------------------------------------------------------------


def logs_of(tip: blocks.Block, first: int, last: int) -> list[Log]:
    """The logs of `tip`'s branch in the blocks first..last, in order."""
    found: list[Log] = []
    at: blocks.Block | None = tip
    while at is not None:
        if first <= at.number <= last:
            logs = [read_log(orjson.loads(log.text)) for log in at.logs]
            found[:0] = [log for log in logs if log is not None]
        at = at.parent
    return found


class Reader:
    """What a client knows that was told these logs, in this order."""

    def __init__(self) -> None:
        self.standing: list[tuple[str, str]] = []

    def told(self, gone: list[Log], added: list[Log]) -> None:
        for log in gone:
            self.standing.remove(log.identity)
        for log in added:
            assert log.identity not in self.standing, "told twice"
            self.standing.append(log.identity)


@given(SEEDS, st.lists(st.tuples(st.integers(1, 3) | st.integers(-3, -1), st.booleans()), max_size=10))
def test_a_reader_of_logs_knows_exactly_those_of_the_branch_over_any_change_of_node(
    seed: int, steps: list[tuple[int, bool]]
) -> None:
    """Each step is told live by a node that had the old branch, or asked of one after a switch."""
    world = blocks.Chain(Random(seed))
    book, reader, first = LogBook(200), Reader(), world.tip.number + 1
    for step, live in steps:
        view = blocks.View(world.tip)
        told = world.tip.number
        walk(world, [step])
        gone, came = view.move(world.tip)
        if live:
            for block in gone:
                for log in reversed(logs_of(block, block.number, block.number)):
                    news = book.accept(log._replace(removed=True))
                    reader.told([log] if news else [], [])
            for block in came:
                for log in logs_of(block, block.number, block.number):
                    if block.number >= first:
                        assert book.displaced_by(log, told_head=False) == []
                        reader.told([], [log] if book.accept(log) else [])
        else:
            book.first_block = first
            fork = came[0].number - 1
            start = book.range_from(told, fork)
            # of another branch all is news
            assert start == fork + 1 if fork < min(told, first - 1) else first <= start <= max(first, fork + 1)
            seen = logs_of(world.tip, start, world.tip.number)
            Random(seed).shuffle(seen)
            reader.told(*book.reconcile(seen, start, world.tip.number))
            assert book.reconcile(seen, start, world.tip.number) == ([], [])
    expected = {log.identity for log in logs_of(world.tip, first, world.tip.number)}
    below = {log.identity for log in logs_of(world.tip, 0, first - 1)}
    assert expected <= set(reader.standing) <= expected | below


@given(SEEDS, st.integers(1, 4))
def test_logs_of_a_branch_that_the_node_never_had_are_taken_back_newest_first(seed: int, depth: int) -> None:
    world = blocks.Chain(Random(seed))
    [old] = walk(world, [6])
    world.reorg(depth)
    by_logs, by_heads = LogBook(200), LogBook(200)
    before = logs_of(old, 0, old.number)
    for log in before:
        assert by_logs.accept(log)
        assert by_heads.accept(log)
    fork = old.number - depth
    orphans = [log for log in before if log.block > fork][::-1]
    hashes = frozenset(line(old)[:depth])
    assert by_heads.remove_blocks(hashes) == orphans
    assert by_heads.remove_blocks(hashes) == []
    new = logs_of(world.tip, fork + 1, world.tip.number)
    displaced = [gone for log in new for gone in (by_logs.displaced_by(log, told_head=False), by_logs.accept(log))[0]]
    # by logs alone it shows only where the new branch has logs at the height of one that stood
    assert displaced == [log for log in orphans if log in displaced]
    assert by_logs.displaced_by(new[0]._replace(removed=True), told_head=False) == [] if new else True


@given(SEEDS, st.integers(0, 30))
def test_what_lies_deeper_than_any_reorg_is_forgotten(seed: int, blocks_more: int) -> None:
    world = blocks.Chain(Random(seed))
    book = LogBook(LIMIT)
    for tip in walk(world, [1] * blocks_more):
        for log in logs_of(tip, tip.number, tip.number):
            assert book.accept(log)
        book.forget_below(tip.number)
    floor = world.tip.number - LIMIT
    assert all(log.block >= floor for log in book._told.values())
    assert set(book._blocks) == {log.block for log in book._told.values()}
