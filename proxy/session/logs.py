"""The logs that one subscription was told, and what another node's view of the same blocks adds to or takes from them.

Live logs pass as they come, once each. After a switch the new node is asked for the logs of the last blocks: what it
has and the client has not is added; what the client has and the new chain has not was reorganised away.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import orjson

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
        identity = (fields["blockHash"], fields["logIndex"])
        block, position = int(fields["blockNumber"], 16), int(fields["logIndex"], 16)
        return Log(identity, block, position, bool(fields.get("removed")), fields)
    except (KeyError, TypeError, ValueError):
        return None


class LogBook:
    """What one logs subscription has delivered of the last `depth` blocks."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._told: dict[Identity, Log] = {}
        # the first block whose logs are owed; None until a head was seen
        self.first_block: int | None = None

    def accept(self, log: Log) -> bool:
        """Whether a live log is news for the client; it counts as told from now on."""
        if log.removed:
            return self._told.pop(log.identity, None) is not None
        if log.identity in self._told:
            return False
        self._told[log.identity] = log
        return True

    def forget_below(self, tip: int) -> None:
        """Drop what is deeper below the head `tip` than any reorg that is filled."""
        floor = tip - self._depth
        while self._told:
            oldest = next(iter(self._told))
            if self._told[oldest].block >= floor:
                return
            del self._told[oldest]

    def range_from(self, tip: int, fork: int) -> int:
        """The first block to ask a new node for, when heads were told up to `tip` and both chains share `fork`."""
        first = min(tip - OVERLAP, fork) + 1
        return max(first, self.first_block or 0, 0)

    def reconcile(self, seen: list[Log], first: int, last: int) -> list[Log]:
        """What to tell so that the client knows exactly `seen`, the new node's logs of the blocks first..last.

        Removed logs come first, newest first, then the new ones in the order of the chain.
        """
        theirs = {log.identity for log in seen}
        gone = [log for log in self._told.values() if first <= log.block <= last and log.identity not in theirs]
        gone.sort(key=lambda log: (log.block, log.position), reverse=True)
        for log in gone:
            del self._told[log.identity]
        added = sorted((log for log in seen if self.accept(log)), key=lambda log: (log.block, log.position))
        return [log._replace(removed=True) for log in gone] + added


def log_text(log: Log) -> bytes:
    """The log as a notification's result."""
    return orjson.dumps({**log.fields, "removed": log.removed})
