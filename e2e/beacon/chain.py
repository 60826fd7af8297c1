"""The canonical chain and every payload ever built, so that a node which comes back is given what it missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Behind the head by this many blocks a block counts as safe, by twice as many as finalized. A reorg stays above.
SAFE_DISTANCE = 32


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `slot` counts every block ever made head; `at` is the Unix time at which it became head."""

    number: int
    hash: str
    parent: str
    timestamp: int
    slot: int
    at: float


@dataclass(frozen=True, slots=True)
class Payload:
    """A built block as the Engine API hands it out, not yet part of the chain.

    `execution` is the ExecutionPayload, `beacon_root` the parentBeaconBlockRoot it was built with.
    """

    execution: dict[str, Any]
    beacon_root: str
    requests: list[str]

    @property
    def number(self) -> int:
        return int(self.execution["blockNumber"], 16)

    @property
    def parent(self) -> str:
        return str(self.execution["parentHash"])

    @property
    def transactions(self) -> list[str]:
        return list(self.execution["transactions"])

    @property
    def has_logs(self) -> bool:
        return int(self.execution["logsBloom"], 16) != 0

    def parameters(self) -> bytes:
        """The JSON text of the parameters of engine_newPayloadV4 (no blobs: no versioned hashes)."""
        return orjson.dumps([self.execution, [], self.beacon_root, self.requests])


class Chain:
    """Block numbers are positions in the canonical chain; genesis is number 0 and has no payload."""

    def __init__(self, genesis: Block, spool: IO[bytes]) -> None:
        """`spool` takes the payloads: on disk, because a day of them at a block a second is some 300 MB."""
        self._canonical = [genesis]
        self._blocks = {genesis.hash: genesis}
        self._slot = genesis.slot
        self._spool = spool
        self._places: dict[str, tuple[int, int]] = {}

    @property
    def head(self) -> Block:
        return self._canonical[-1]

    def adopt(self, payload: Payload, at: float) -> list[Block]:
        """Make `payload` the head; the blocks it displaces, lowest first. ValueError: its parent is not canonical."""
        parent = self._canonical[payload.number - 1]
        if parent.hash != payload.parent:
            raise ValueError(f"the parent of block {payload.number}, {payload.parent}, is not canonical")
        self._slot += 1
        execution = payload.execution
        block = Block(
            payload.number, execution["blockHash"], parent.hash, int(execution["timestamp"], 16), self._slot, at
        )
        displaced = self._canonical[block.number :]
        self._canonical[block.number :] = [block]
        self._blocks[block.hash] = block
        self._places[block.hash] = self._write(payload.parameters())
        return displaced

    def canonical(self, first: int, last: int) -> Sequence[Block]:
        """The canonical blocks from `first` to `last`, both included, as far as they exist."""
        return self._canonical[max(first, 0) : last + 1]

    def knows(self, block_hash: str) -> bool:
        return block_hash in self._blocks

    def path_from(self, block_hash: str) -> list[Block]:
        """The blocks to give to a node whose head is `block_hash`, lowest first: all canonical ones that it lacks."""
        block = self._blocks[block_hash]
        while block.number > self.head.number or self._canonical[block.number].hash != block.hash:
            block = self._blocks[block.parent]
        return self._canonical[block.number + 1 :]

    def parameters(self, block: Block) -> bytes:
        """The JSON text of the parameters of engine_newPayloadV4 for `block`."""
        offset, length = self._places[block.hash]
        self._spool.seek(offset)
        return self._spool.read(length)

    def transactions(self, block: Block) -> list[str]:
        """The raw transactions in `block`, 0x-prefixed."""
        execution = orjson.loads(self.parameters(block))[0]
        return list(execution["transactions"])

    def forkchoice(self, head: Block) -> dict[str, str]:
        """The ForkchoiceState that makes the canonical block `head` the head."""
        safe = self._canonical[max(head.number - SAFE_DISTANCE, 0)]
        finalized = self._canonical[max(head.number - 2 * SAFE_DISTANCE, 0)]
        return {"headBlockHash": head.hash, "safeBlockHash": safe.hash, "finalizedBlockHash": finalized.hash}

    def _write(self, data: bytes) -> tuple[int, int]:
        offset = self._spool.seek(0, 2)
        self._spool.write(data)
        return offset, len(data)
