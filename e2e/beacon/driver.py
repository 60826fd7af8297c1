"""Makes a block per slot on any node that is alive, and a reorg on demand.

Every slot two payloads are built on the same parent: the block, and a sibling kept in reserve. A reorg publishes the
sibling of an old block and builds on. Without the reserve a node would have to be rewound to the old parent to build
there, and geth then says that parent's head and logs once more to its subscribers.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import itertools
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

from e2e.beacon.chain import SAFE_DISTANCE, Block, Chain, Payload
from e2e.beacon.engine import EngineError, EngineUnavailableError
from e2e.beacon.follower import Bell, Follower, OutOfStepError
from e2e.beacon.transactions import Trader

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from e2e.beacon.transactions import Outstanding

#: A node gets this long to begin building, and again to hand out what it built; then another one is asked, and given
#: twice as long, up to a limit: on a starved machine all nodes are slow, and none would ever be in time.
BUILD_DEADLINE = 0.25
LONGEST_DEADLINE = 4.0
#: At least this long a node builds, so that the pool's transactions are in the payload.
BUILD_TIME = 0.05
#: Between two looks for a node that can build.
BUILD_PAUSE = 0.01
#: So often a payload without logs is thrown away and built again.
REBUILDS = 5
TRANSFERS_PER_SLOT = 3
REORG_LIMIT = 20.0
FEE_RECIPIENT = "0x00000000000000000000000000000000be4c0000"

T = TypeVar("T")
log = logging.getLogger(__name__)


class ReorgError(Exception):
    """The reorg asked for is not possible; the message says which is."""


class Driver:
    """`followers` in the order of preference for building, last ones first: backups build, primaries have clients."""

    def __init__(
        self, chain: Chain, followers: Sequence[Follower], outstanding: Outstanding, bell: Bell, block_time: float
    ) -> None:
        self.chain = chain
        self.followers = tuple(followers)
        #: Set to False, no further block appears, other than those of a reorg.
        self.producing = True
        self._outstanding = outstanding
        self._trader: Trader | None = None
        self._bell = bell
        self._block_time = block_time
        self._making = asyncio.Lock()
        self._deadline = BUILD_DEADLINE
        self._builds = itertools.count()
        self._reserve: OrderedDict[int, Payload] = OrderedDict()
        self._complaint = ""
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._listeners: list[Callable[[Block, int], None]] = []

    def on_head(self, listener: Callable[[Block, int], None]) -> None:
        """Call `listener(block, displaced)` for every new head; `displaced`: how many blocks a reorg took away."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Produce for ever, one block per slot; a slot that was missed stays missed."""
        due = time.monotonic()
        while True:
            async with self._making:
                await self._make_block(due, on_demand=False)
            due = max(due + self._block_time, time.monotonic())
            await asyncio.sleep(due - min(BUILD_DEADLINE, self._block_time / 2) - time.monotonic())

    async def trade(self, chain_id: int) -> None:
        """Sign transactions for ever, evenly spread over time, so that pending ones keep flowing."""
        signer = await asyncio.to_thread(importlib.import_module, "e2e.beacon.signer")
        self._trader = Trader(self._outstanding, chain_id, signer.sign)
        while True:
            self._trader.transfer()
            self._bell.ring()
            await asyncio.sleep(self._block_time / TRANSFERS_PER_SLOT)

    async def reorg(self, depth: int) -> Block:
        """Replace the last `depth` blocks by others, one more of them; returns the new head. Raises ReorgError."""
        if not 1 <= depth < SAFE_DISTANCE:
            raise ReorgError(f"a reorg replaces 1 to {SAFE_DISTANCE - 1} blocks, not {depth}")
        try:
            async with asyncio.timeout(REORG_LIMIT), self._making:
                return await self._reorg(depth)
        except TimeoutError:
            raise ReorgError(f"no node built the new blocks within {REORG_LIMIT:g} s") from None

    async def _reorg(self, depth: int) -> Block:
        # A young chain, or one whose sibling there is used up, grows until there is one.
        while (sibling := self._reserve.get(self.chain.head.number - depth + 1)) is None:
            await self._make_block(time.monotonic() + BUILD_TIME, on_demand=True)
        self._publish(sibling)
        for _ in range(depth):
            await self._make_block(time.monotonic() + BUILD_TIME, on_demand=True)
        return self.chain.head

    async def _make_block(self, due: float, *, on_demand: bool) -> None:
        """Build on the head and publish at `due` (monotonic), or as soon after as some node can.

        Not `on_demand`: only as long as blocks are produced at all.
        """
        rebuilds = 0
        while True:
            payloads = await self._build(due) if on_demand or self.producing else None
            if not (on_demand or self.producing):
                return
            if payloads is None:
                await asyncio.sleep(BUILD_PAUSE)
                continue
            logs_are_due = self._trader is not None and self._trader.calls_waiting > 0
            if not logs_are_due or rebuilds >= REBUILDS or all(payload.has_logs for payload in payloads):
                block, sibling = payloads
                self._publish(block)
                self._reserve[sibling.number] = sibling
                return
            rebuilds += 1
            due = time.monotonic() + 2 * BUILD_TIME

    async def _build(self, due: float) -> list[Payload] | None:
        """The block and its sibling, built by the first node that does so in time; None: none did."""
        parent = self.chain.head
        builder = next((one for one in reversed(self.followers) if one.can_build), None)
        if builder is None:
            return None
        payloads = None
        if (preparation := await self._in_time(builder.prepare(parent, self._attributes(parent)))) is not None:
            await asyncio.sleep(max(due - time.monotonic(), BUILD_TIME))
            payloads = await self._in_time(builder.collect(preparation))
        self._deadline = BUILD_DEADLINE if payloads else min(2 * self._deadline, LONGEST_DEADLINE)
        return payloads

    def _attributes(self, parent: Block) -> list[dict[str, Any]]:
        timestamp = max(parent.timestamp + 1, int(time.time()))
        return [
            {
                "timestamp": hex(timestamp),
                "prevRandao": _digest("randao", next(self._builds)),
                "suggestedFeeRecipient": FEE_RECIPIENT,
                "withdrawals": [],
                "parentBeaconBlockRoot": _digest("parent", parent.slot),
            }
            for _ in ("block", "sibling")
        ]

    def _publish(self, payload: Payload) -> None:
        displaced = self.chain.adopt(payload, time.time())
        for block in displaced:
            self._outstanding.displaced(self.chain.transactions(block))
        # Above the new head, reserves have parents that are canonical no more; at its height the reserve may be itself.
        self._reserve = OrderedDict((number, one) for number, one in self._reserve.items() if number < payload.number)
        while len(self._reserve) >= SAFE_DISTANCE:
            self._reserve.popitem(last=False)
        log.info("block %d %s: %d transactions", payload.number, self.chain.head.hash, len(payload.transactions))
        self._outstanding.included(payload.transactions)
        if self._trader is not None:
            self._trader.call()
        self._bell.ring()
        for listener in self._listeners:
            listener(self.chain.head, len(displaced))

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result, or None if there is none in time; then the work still runs to its end (see `Follower`)."""
        task = asyncio.create_task(work)
        await asyncio.wait({task}, timeout=self._deadline)
        if not task.done():
            self._abandoned.add(task)
            task.add_done_callback(self._forget)
            return None
        try:
            return task.result()
        except (EngineError, EngineUnavailableError, OutOfStepError) as error:
            self._complain(error)
            return None

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain(error)

    def _complain(self, error: BaseException) -> None:
        """Say why a payload was not built, unless that was said last time."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            log.info("a payload was not built: %s", error)


def _digest(purpose: str, number: int) -> str:
    return "0x" + hashlib.sha256(f"{purpose} {number}".encode()).hexdigest()
