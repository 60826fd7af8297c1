"""The truth about the chain: every block that became canonical, as the block driver says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.ledger.entries import Block

if TYPE_CHECKING:
    from e2e.ledger.recorder import Recorder
    from e2e.testbed.protocol import Head, Testbed


REMEMBERED: Final = 256
"""Blocks that are compared with: a reorg is never so deep, and a run may last for days."""


class ChainFollower:
    """Records each block once, in order; after a reorg the blocks of the new branch from the fork on."""

    def __init__(self, testbed: Testbed, recorder: Recorder) -> None:
        self._testbed = testbed
        self._recorder = recorder
        self._known: dict[int, str] = {}

    def look(self) -> None:
        """Record what is new since the last look."""
        head = self._testbed.head()
        if self._known.get(head.number) == head.hash:
            return
        for block in self._fresh(head):
            self._known[block.number] = block.hash
            self._known.pop(block.number - REMEMBERED, None)
            self._recorder.record(Block(self._recorder.now(), block.number, block.hash, block.parent))

    def _fresh(self, head: Head) -> list[Head]:
        """Go back from the head to a block that is known, or by one if nothing is.

        Nothing where the head that was named is gone already, in the middle of a reorg: the next look tells.
        """
        if not self._known:
            return [head]
        first = min(head.number, max(self._known) + 1)
        blocks = self._testbed.blocks(first, head.number)
        while blocks and first - 1 in self._known and blocks[0].parent != self._known[first - 1]:
            first -= 1
            blocks = self._testbed.blocks(first, head.number)
        return blocks
