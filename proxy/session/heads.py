"""The heads that a client was told, and how to go on from there on any node: every block once, in order.

`Chain` is what was delivered: it outlives the links. `Refill` is one link's way back to it: heads of that node wait in
it until each can be joined to the chain, over blocks that are fetched from the same node where some are missing. A head
joins where its parent is: at the tip (the usual case) or below it (a reorg).
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple, TypeAlias

import orjson


class Head(NamedTuple):
    """A block's header. `event` is the node's notification around its subscription id; None for a fetched block."""

    number: int
    hash: str
    parent: str
    fields: dict[str, Any]
    event: tuple[bytes, bytes] | None = None


def read_head(fields: Any, event: tuple[bytes, bytes] | None = None) -> Head | None:
    """A header or block object of the execution API; None where it is not one."""
    try:
        return Head(int(fields["number"], 16), str(fields["hash"]), str(fields["parentHash"]), fields, event)
    except (KeyError, TypeError, ValueError):
        return None


# what a block has and a header of newHeads has not
_BODY = frozenset(("transactions", "uncles", "withdrawals", "size", "totalDifficulty", "blockAccessList"))


class Chain:
    """The last delivered heads, oldest first, each the parent of the next."""

    def __init__(self, depth: int) -> None:
        self.depth = max(depth, 1)  # who may miss nothing is still told what follows the tip
        self._heads: deque[Head] = deque()
        self._hashes: set[str] = set()
        # what was delivered and then reorganised away, the oldest first
        self._left: dict[str, None] = {}
        # the root was learnt, not delivered: its own event, should it come, is still owed
        self.root_is_owed = False
        self._shape: tuple[str, ...] | None = None

    @property
    def tip(self) -> Head | None:
        return self._heads[-1] if self._heads else None

    @property
    def floor(self) -> int:
        """The number of the oldest head remembered; the chain is not empty."""
        return self._heads[0].number

    @property
    def is_cut(self) -> bool:
        """Whether older heads were delivered than are remembered."""
        return len(self._heads) >= self.depth

    def is_older(self, number: int) -> bool:
        """Whether a block of this number is from before all that was ever delivered."""
        return bool(self._heads) and not self.is_cut and number < self.floor

    def knows(self, block_hash: str) -> bool:
        return block_hash in self._hashes

    def has_left(self, block_hash: str) -> bool:
        """Whether this block was delivered and then reorganised away."""
        return block_hash in self._left

    def root(self, head: Head) -> None:
        """Begin at `head` without delivering it: what follows it is owed from now on."""
        self._push(head)
        self.root_is_owed = True

    def extend(self, head: Head) -> frozenset[str]:
        """Join `head` to its parent (or above everything, for a first head).

        Whatever stood above the parent was reorganised away: the hashes of that.
        """
        gone = []
        while self._heads and self._heads[-1].hash != head.parent:
            gone.append(self._heads.pop().hash)
        self._hashes.difference_update(gone)
        self._left.update(dict.fromkeys(gone))
        self._left.pop(head.hash, None)
        while len(self._left) > self.depth:
            del self._left[next(iter(self._left))]
        self._push(head)
        self.root_is_owed = False
        if head.event is not None and self._shape is None:
            self._shape = tuple(head.fields)
        return frozenset(gone)

    def _push(self, head: Head) -> None:
        # only numbers and hashes are needed from now on
        self._heads.append(Head(head.number, head.hash, head.parent, {}))
        self._hashes.add(head.hash)
        if len(self._heads) > self.depth:
            self._hashes.discard(self._heads.popleft().hash)

    def header(self, head: Head) -> bytes:
        """The header of a fetched block, with the keys that this client has seen in its heads so far."""
        if self._shape is not None:
            return orjson.dumps({key: head.fields[key] for key in self._shape if key in head.fields})
        return orjson.dumps({key: value for key, value in head.fields.items() if key not in _BODY})


class Deliver(NamedTuple):
    """These heads are next, in this order. `fork` is the number of the last block that stays.

    `gone` are the hashes of the blocks that do not.
    """

    heads: list[Head]
    fork: int
    gone: frozenset[str] = frozenset()


# blocks below all that was told, from which no node that is healthy still comes up: it tells another chain
_FAR_BELOW = 128


class Fetch(NamedTuple):
    """These blocks are missing: each by number or by hash."""

    wanted: list[int | str]


class Wait(NamedTuple):
    """Nothing to do until a head or a block arrives."""


class TooFar(NamedTuple):
    """The gap or the reorg is deeper than may be filled."""

    reason: str


Step: TypeAlias = Deliver | Fetch | Wait | TooFar


class Refill:
    """One link's heads on their way into the chain. Call `step` until it says Wait."""

    def __init__(self, chain: Chain, limit: int) -> None:
        self._chain = chain
        self._limit = limit
        self._waiting: deque[Head] = deque()
        self._blocks: dict[str, Head] = {}
        self._outstanding = 0
        self._ranged = False
        # whether the node has come to where the client is
        self._met = False
        # the lowest number of a block at which the node was found although the client has left it
        self._astray: int | None = None
        # the number of the last head that the node gave
        self.newest: int | None = None

    @property
    def is_idle(self) -> bool:
        return not self._waiting

    def offer(self, head: Head) -> None:
        """A head that the node announced, or its latest block."""
        if self.is_behind(head.hash):
            self._astray = head.number if self._astray is None else min(self._astray, head.number)
            self.newest = head.number - 1
        else:
            self._waiting.append(head)
            self.newest = head.number

    def is_behind(self, block_hash: str) -> bool:
        """Whether the node is at a block that the client has left, which another node told, and will leave it, too.

        If it does not, its next head will lead back there.
        """
        return not self._met and self._chain.has_left(block_hash)

    @property
    def is_lost(self) -> bool:
        """Whether the node was found at a block that the client has left, and has not come to where the client is."""
        return self._astray is not None and not self._met

    def is_astray(self, block_hash: str) -> bool:
        """Whether this block may stand on one that the client has left: what the node says of it is too early."""
        return self.is_behind(block_hash) or (self.is_lost and not self._chain.knows(block_hash))

    def found(self) -> int | None:
        """From which block on the node's logs are to be compared, once it has come to where the client is after all."""
        first = self._astray if self._met else None
        if first is not None:
            self._astray = None
        return first

    def _meets(self, head: Head) -> None:
        # by what it announces: until that is heard another link tells, and goes on from its latest block
        self._met = self._met or head.event is not None

    def fetched(self, block: Head) -> None:
        """A block that `step` wanted."""
        self._outstanding -= 1
        self._blocks[block.hash] = block

    def step(self) -> Step:
        chain = self._chain
        while self._waiting:
            head = self._waiting[0]
            tip = chain.tip
            if chain.knows(head.hash):
                self._waiting.popleft()
                if tip is None or head.hash != tip.hash:
                    continue  # a copy: this node, or the one before, has told it already
                self._meets(head)
                if not chain.root_is_owed or head.event is None:
                    continue  # so is this
                chain.root_is_owed = False
                return Deliver([head], head.number - 1)
            if tip is None or head.parent == tip.hash:
                self._waiting.popleft()
                self._meets(head)
                return Deliver([head], head.number - 1, chain.extend(head))
            if chain.is_older(head.number):
                if chain.floor - head.number > max(self._limit, _FAR_BELOW):
                    return TooFar(f"{chain.floor - head.number} blocks below all that was told: another chain")
                self._waiting.popleft()  # the node is behind, and will come up
                continue
            return self._join(head, tip)
        return Wait()

    def _join(self, head: Head, tip: Head) -> Step:
        """Walk from `head` down to the chain; deliver the way back up, or say what is missing on it."""
        if self._outstanding:
            return Wait()
        if head.number - tip.number > self._limit:
            return TooFar(f"{head.number - tip.number} blocks behind, {self._limit} may be filled")
        path = [head]
        while not self._chain.knows(path[-1].parent):
            lowest = path[-1]
            if len(path) > 2 * self._limit:
                return TooFar("the blocks that the node gives do not lead back to what was told")
            if lowest.number <= self._chain.floor:
                if self._chain.is_cut:
                    return TooFar(f"a reorg deeper than the {self._limit} blocks that are remembered")
                break  # below the first head that was ever delivered: the new branch begins in its place
            parent = self._blocks.get(lowest.parent)
            if parent is None:
                return self._want(lowest, tip)
            path.append(parent)
        self._waiting.popleft()
        self._blocks.clear()
        self._ranged = False
        self._meets(head)
        path.reverse()
        gone = [self._chain.extend(step) for step in path]
        return Deliver(path, path[0].number - 1, gone[0])

    def _want(self, lowest: Head, tip: Head) -> Step:
        # first the whole gap at once, by number; whatever does not fit then (a reorg meanwhile) parent by parent
        numbers: list[int | str] = list(range(tip.number + 1, lowest.number))
        wanted: list[int | str] = [lowest.parent] if self._ranged or not numbers else numbers
        self._ranged = True
        self._outstanding = len(wanted)
        return Fetch(wanted)
