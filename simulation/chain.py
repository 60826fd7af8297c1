"""The chain that the nodes follow: blocks with logs, forks, and one node's view of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from random import Random

ADDRESSES = ("0x" + "a1" * 20, "0x" + "b2" * 20)
TOPICS = ("0x" + "01" * 32, "0x" + "02" * 32)
FIRST = 64


class Log:
    """`text` is the log as JSON, `gone` the same with removed: true."""

    __slots__ = ("address", "gone", "text", "topic")

    def __init__(self, block_hash: str, number: int, position: int, rng: Random) -> None:
        self.address = rng.choice(ADDRESSES)
        self.topic = rng.choice(TOPICS)
        fields = {
            "address": self.address,
            "topics": [self.topic],
            "data": "0x",
            "blockNumber": hex(number),
            "blockHash": block_hash,
            "logIndex": hex(position),
            "removed": False,
        }
        self.text = orjson.dumps(fields)
        self.gone = self.text.replace(b'"removed":false', b'"removed":true')


class Block:
    """`header` is what newHeads announces, `full` what eth_getBlockBy… answers, both as JSON."""

    __slots__ = ("full", "hash", "header", "logs", "number", "parent")

    def __init__(self, parent: Block | None, rng: Random) -> None:
        self.parent = parent
        self.number: int = FIRST if parent is None else parent.number + 1
        self.hash = f"0x{rng.getrandbits(256):064x}"
        above = "0x" + "00" * 32 if parent is None else parent.hash
        self.header = b'{"number":"0x%x","hash":"%b","parentHash":"%b","timestamp":"0x%x","gasUsed":"0x5208"}' % (
            self.number,
            self.hash.encode(),
            above.encode(),
            self.number * 2,
        )
        self.full = self.header[:-1] + b',"size":"0x220","transactions":[],"uncles":[]}'
        count = rng.choice((0, 0, 1, 1, 2, 3))
        self.logs = tuple(Log(self.hash, self.number, position, rng) for position in range(count))


class Chain:
    """The canonical chain, as the block driver builds it. `logs` are those of every block that ever was, by hash."""

    def __init__(self, rng: Random, height: int = 6) -> None:
        self._rng = rng
        self.logs: dict[str, tuple[Log, ...]] = {}
        self.tip = self._block(None)
        for _ in range(height):
            self.grow()

    def grow(self) -> Block:
        self.tip = self._block(self.tip)
        return self.tip

    def _block(self, parent: Block | None) -> Block:
        block = Block(parent, self._rng)
        self.logs[block.hash] = block.logs
        return block

    def reorg(self, depth: int) -> list[Block]:
        """Replace the last `depth` blocks by one more; the new ones, oldest first."""
        base = self.tip
        for _ in range(depth):
            if base.parent is not None:
                base = base.parent
        blocks = []
        for _ in range(depth + 1):
            base = self._block(base)
            blocks.append(base)
        self.tip = base
        return blocks


class View:
    """One node's canonical chain, and every block that it has ever had."""

    def __init__(self, tip: Block) -> None:
        self._line = _line(tip, None)
        self._base = self._line[0].number
        self._known = {block.hash: block for block in self._line}

    @property
    def tip(self) -> Block:
        return self._line[-1]

    def at(self, number: int) -> Block | None:
        position = number - self._base
        return self._line[position] if 0 <= position < len(self._line) else None

    def by_hash(self, block_hash: str) -> Block | None:
        return self._known.get(block_hash)

    def move(self, tip: Block) -> tuple[list[Block], list[Block]]:
        """Make `tip` the head: what went (newest first) and what came (oldest first)."""
        came = _line(tip, self)
        fork = came[0].number - 1 if came else tip.number
        gone = self._line[fork - self._base + 1 :]
        gone.reverse()
        del self._line[fork - self._base + 1 :]
        self._line += came
        for block in came:
            self._known[block.hash] = block
        return gone, came


def _line(tip: Block, view: View | None) -> list[Block]:
    """The blocks from `tip` down to what `view` has in its canonical chain, oldest first."""
    line = []
    block: Block | None = tip
    while block is not None and (view is None or view.at(block.number) is not block):
        line.append(block)
        block = block.parent
    line.reverse()
    return line
