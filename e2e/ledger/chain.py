"""The canonical chain as the block driver built it, replaced branches included."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from e2e.ledger.entries import Block


UNRECORDED = 2.0
"""Seconds around a reorg in which a block may have come and gone between two looks of the block driver's recorder."""


@dataclass(slots=True)
class Chain:
    """`canonical` maps a number to its block at the end of the run; `known` holds replaced blocks too, by hash.

    `times_canonical` counts how often a block became canonical. `adopted` are the blocks that became canonical as part
    of another branch, but for its tip, which every node announces.
    `ordered` are the times at which the nemesis had it reorganised: where a replaced block was never recorded, no reorg
    was seen.
    `holes` are numbers of which the driver said nothing: where there are any, nothing can be called missing.
    """

    canonical: dict[int, Block] = field(default_factory=dict)
    known: dict[str, Block] = field(default_factory=dict)
    times_canonical: dict[str, int] = field(default_factory=dict)
    adopted: set[str] = field(default_factory=set)
    reorgs: list[float] = field(default_factory=list)
    ordered: list[float] = field(default_factory=list)
    holes: list[int] = field(default_factory=list)
    tip: Block | None = None
    _old_tip: int = -1

    @classmethod
    def of(cls, blocks: Iterable[Block], ordered: Iterable[float] = ()) -> Chain:
        chain = cls(ordered=[*ordered])
        for block in blocks:
            chain._add(block)
        return chain

    def _add(self, block: Block) -> None:
        if self.tip is not None and block.parent != self.tip.hash:
            if block.number > self.tip.number + 1:
                self.holes.extend(range(self.tip.number + 1, block.number))
            else:
                self.reorgs.append(block.at)
                self._old_tip = self.tip.number
                for number in range(block.number, self.tip.number + 1):
                    self.canonical.pop(number, None)
        if block.number <= self._old_tip:
            self.adopted.add(block.hash)
        self.canonical[block.number] = block
        self.known.setdefault(block.hash, block)
        self.times_canonical[block.hash] = self.times_canonical.get(block.hash, 0) + 1
        self.tip = block

    def heard_of(self, told: Mapping[str, float]) -> None:
        """Make blocks as old as the first word of them, or of a later one: the record may be a second late.

        `told`: when somebody was first told of a head, by its hash. What came back in a reorg stays as it is.
        """
        oldest = math.inf
        for number in sorted(self.canonical, reverse=True):
            block = self.canonical[number]
            if self.times_canonical[block.hash] > 1:
                continue
            oldest = min(oldest, block.at, told.get(block.hash, math.inf))
            if oldest < block.at:
                self.canonical[number] = self.known[block.hash] = replace(block, at=oldest)

    def replaced(self, block_hash: str) -> bool:
        """Whether this block was canonical once and is not at the end."""
        block = self.known.get(block_hash)
        return block is not None and self.canonical.get(block.number, block).hash != block_hash

    def unrecorded(self, block_hash: str, at: float) -> bool:
        """Whether a block of which somebody was told at that time may have come and gone without being recorded."""
        return block_hash not in self.known and any(abs(turn - at) < UNRECORDED for turn in self.reorgs + self.ordered)
