"""The logs that one subscription was told, and what another node's view of the same blocks adds to or takes from them.

Live logs pass as they come, once each. After a switch the new node is asked for the logs of the last blocks: what it
has and the client has not is added; what the client has and the new chain has not was reorganised away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

# Heads and logs of one block reach us in either order: a block counts as told in full when this many stand above it.
OVERLAP = 4

Identity: TypeAlias = tuple[str, str]


class Log(NamedTuple):
    """A log: `block` is the number of its block, `position` its place in it."""

    identity: Identity
    block: int
    position: int
    removed: bool
    fields: dict[str, Any]


def read_log(fields: Any) -> Log | None:
    """A log object of the execution API; None where it is not one (pending logs have no block)."""
    try:
        identity = (str(fields["blockHash"]), str(fields["logIndex"]))
        block, position = int(fields["blockNumber"], 16), int(fields["logIndex"], 16)
        return Log(identity, block, position, bool(fields.get("removed")), fields)
    except (KeyError, TypeError, ValueError):
        return None


class LogBook:
    """What one logs subscription has delivered of the last `depth` blocks."""

    def __init__(self, depth: int) -> None:
        self._depth = max(depth, OVERLAP)  # what is asked for again must be known
        self._told: dict[Identity, Log] = {}
        # the block that the newest told log of each height was in
        self._blocks: dict[int, str] = {}
        # the first block whose logs are owed; None until a head was seen
        self.first_block: int | None = None
        # the first block whose logs some link was to be asked for and has not given yet
        self._missed: int | None = None

    def accept(self, log: Log) -> bool:
        """Whether a live log is news for the client; it counts as told from now on."""
        if log.removed:
            return self._told.pop(log.identity, None) is not None
        if log.identity in self._told:
            return False
        self._told[log.identity] = log
        self._blocks[log.block] = log.identity[0]
        return True

    def announced_first(self, log: Log) -> None:
        """`log` came live: if it is the first of all, the node knew the subscription too late for any block below."""
        if not self._told and not log.removed:
            self.first_block = max(self.first_block or 0, log.block)

    def displaced_by(self, log: Log, *, told_head: bool) -> list[Log]:
        """What was told of another branch at the height of the live log `log` and above; no longer told.

        `told_head`: the client was told the head of its block, so that logs above it may well be of the same branch.
        Empty where the node itself has told the reorg, as it does of blocks that it had.
        """
        block = log.identity[0]
        if log.removed or log.identity in self._told:
            return []
        other = self._blocks.get(log.block, block) != block
        if not other and (told_head or max(self._blocks, default=0) <= log.block):
            return []
        return self._remove(
            told for told in self._told.values() if told.block >= log.block and told.identity[0] != block
        )

    def remove_blocks(self, blocks: frozenset[str]) -> list[Log]:
        """What was told of the blocks with these hashes; no longer told."""
        return self._remove(log for log in self._told.values() if log.identity[0] in blocks)

    def _remove(self, logs: Iterable[Log]) -> list[Log]:
        """Newest first, as a node tells it."""
        gone = sorted(logs, key=lambda log: (log.block, log.position), reverse=True)
        for log in gone:
            del self._told[log.identity]
            self._blocks.pop(log.block, None)
        return gone

    def owe_from(self, first: int) -> None:
        """Another branch begins at `first`: all of it is news, even below the first block that was owed of the old."""
        if self.first_block is not None:
            self.first_block = min(self.first_block, first)

    def forget_below(self, tip: int) -> None:
        """Drop what is deeper below the head `tip` than any reorg that is filled."""
        floor = tip - self._depth
        while self._told:
            oldest = next(iter(self._told))
            if self._told[oldest].block >= floor:
                return
            self._blocks.pop(self._told.pop(oldest).block, None)

    def misses_from(self, first: int) -> int:
        """From `first` on the logs have to be asked for; the block from which they are missing by now.

        It outlives the link that is asked: heads go on while the logs are waited for, so the next one could not tell
        from the heads how far the logs were told.
        """
        self._missed = first if self._missed is None else min(self._missed, first)
        return self._missed

    def misses_nothing(self) -> None:
        """What is missing will be told live, or was told."""
        self._missed = None

    def range_from(self, tip: int, fork: int) -> int:
        """The first block to ask a new node for, when heads were told up to `tip` and both chains share `fork`."""
        first = max(tip - OVERLAP + 1, self.first_block or 0)
        # of another branch all is news, even below the first block that was owed of the old one
        return self.misses_from(min(first, fork + 1) if fork < tip else first)

    def reconcile(self, seen: list[Log], first: int, last: int) -> tuple[list[Log], list[Log]]:
        """What to take back and what to add, in this order, so that the client knows exactly `seen`.

        `seen` are the new node's logs of the blocks first..last. What is added is in the order of the chain.
        """
        self.misses_nothing()
        theirs = {log.identity for log in seen}
        strange = [log for log in self._told.values() if log.identity not in theirs]
        # what stands on a block that this node has not is on that branch, too, however high
        lowest = min((log.block for log in strange if first <= log.block <= last), default=float("inf"))
        gone = self._remove(log for log in strange if log.block >= lowest)
        added = sorted((log for log in seen if self.accept(log)), key=lambda log: (log.block, log.position))
        return gone, added


def log_text(log: Log) -> bytes:
    """The log as a notification's result."""
    return orjson.dumps({**log.fields, "removed": log.removed})
