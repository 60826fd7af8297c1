"""The canonical chain as the block driver built it, replaced branches included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Block


@dataclass(slots=True)
class Chain:
    """`canonical` maps a number to its block at the end of the run; `known` holds replaced blocks too, by hash.

    `holes` are numbers of which the driver said nothing: where there are any, nothing can be called missing.
    """

    canonical: dict[int, Block] = field(default_factory=dict)
    known: dict[str, Block] = field(default_factory=dict)
    reorgs: list[float] = field(default_factory=list)
    holes: list[int] = field(default_factory=list)
    tip: Block | None = None

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Chain:
        chain = cls()
        for block in blocks:
            chain._add(block)
        return chain

    def _add(self, block: Block) -> None:
        if self.tip is not None and block.parent != self.tip.hash:
            if block.number > self.tip.number + 1:
                self.holes.extend(range(self.tip.number + 1, block.number))
            else:
                self.reorgs.append(block.at)
                for number in range(block.number, self.tip.number + 1):
                    self.canonical.pop(number, None)
        self.canonical[block.number] = block
        self.known.setdefault(block.hash, block)
        self.tip = block

    def replaced(self, block_hash: str) -> bool:
        """Whether this block was canonical once and is not at the end."""
        block = self.known.get(block_hash)
        return block is not None and self.canonical.get(block.number, block).hash != block_hash
