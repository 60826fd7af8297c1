"""A chain that several fake nodes may share: blocks with parents and logs, mined and reorganised on demand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

ADDRESS = "0x" + "c0" * 20
TOPIC = "0x" + "7e" * 32


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: str
    parent: str

    def header(self) -> dict[str, Any]:
        return {
            "number": hex(self.number),
            "hash": self.hash,
            "parentHash": self.parent,
            "timestamp": hex(1_700_000_000 + self.number),
            "logsBloom": "0x" + "0" * 512,
        }

    def log(self, *, removed: bool = False) -> dict[str, Any]:
        """The one log of this block."""
        return {
            "address": ADDRESS,
            "topics": [TOPIC],
            "data": self.hash,
            "blockNumber": hex(self.number),
            "blockHash": self.hash,
            "transactionHash": _digest("tx", self.hash),
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": removed,
        }


class Follower(Protocol):
    def moved(self, removed: Sequence[Block], added: Sequence[Block]) -> None:
        """The canonical chain lost `removed` (newest first) and gained `added` (oldest first)."""
        ...


@dataclass(slots=True)
class Chain:
    blocks: list[Block] = field(default_factory=lambda: [Block(0, _digest("genesis"), "0x" + "0" * 64)])
    followers: list[Follower] = field(default_factory=list)
    forks: int = 0

    @classmethod
    def of_length(cls, length: int) -> Chain:
        chain = cls()
        chain.mine(length)
        return chain

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def mine(self, count: int = 1) -> Block:
        """Add blocks one by one; followers hear of each."""
        for _ in range(count):
            added = self._append()
            for follower in self.followers:
                follower.moved((), (added,))
        return self.head

    def reorg(self, depth: int) -> Block:
        """Replace the last `depth` blocks by one more of others."""
        removed = tuple(reversed(self.blocks[-depth:]))
        del self.blocks[-depth:]
        self.forks += 1
        added = tuple(self._append() for _ in range(depth + 1))
        for follower in self.followers:
            follower.moved(removed, added)
        return self.head

    def _append(self) -> Block:
        parent = self.blocks[-1]
        block = Block(parent.number + 1, _digest(parent.hash, self.forks), parent.hash)
        self.blocks.append(block)
        return block


def _digest(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()
