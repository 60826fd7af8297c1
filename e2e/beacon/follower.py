"""One node kept on the canonical chain.

Each node has a task of its own that does everything for it in order, so a node that is slow, paused or gone delays
nobody else. What geth 1.17.7 was seen to do:

- newHeads speaks only for the block that a forkchoiceUpdated names. Given blocks 11 to 16 and then one
  forkchoiceUpdated for 16, it sends the logs of all six, in order, and the head of 16 alone. Hence a node that missed
  blocks gets a forkchoiceUpdated for each of them, and its subscribers every head.
- A forkchoiceUpdated to an older canonical block rewinds the node and sends that block's head and logs again.
- newPayload without a known parent is answered SYNCING, and a forkchoiceUpdated to it starts a sync from peers.
- After SIGKILL a node stands some blocks lower than before (state is flushed late) and takes them again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from e2e.beacon.chain import Block, Payload
from e2e.beacon.engine import EngineClient, EngineError, EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from e2e.beacon.chain import Chain
    from e2e.beacon.transactions import Outstanding

State = Literal["lost", "silent", "behind", "following"]

#: Between two looks at a node that is gone, and between two tries at one that refuses a block.
RETRY_PAUSE = 0.1
#: A node that has nothing to do is looked at this often: it may have been restarted since the last block.
IDLE_LOOK = 0.25
#: A request that waits longer for its answer makes the node `silent`.
SILENCE = 0.5
#: A transaction that a node has held for so many blocks without its being included is offered again.
OFFER_AGAIN = 3

log = logging.getLogger(__name__)


class OutOfStepError(Exception):
    """The node did not take a block that should follow its head: it is not where we thought it was."""


@dataclass(slots=True)
class Preparation:
    """Payloads that a node builds on `parent`: the one to publish and its sibling (see `driver`)."""

    parent: Block
    roots: list[str]
    ids: list[str] = field(default_factory=list)


class Bell:
    """Wakes all who wait. `rings` counts, so that a ring between a look at the chain and the wait is not missed."""

    def __init__(self) -> None:
        self.rings = 0
        self._event = asyncio.Event()

    def ring(self) -> None:
        self.rings += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, heard: int, limit: float) -> None:
        """Until more than `heard` rings were rung, at most `limit` seconds."""
        if self.rings != heard:
            return
        try:
            await asyncio.wait_for(self._event.wait(), limit)
        except TimeoutError:
            return


class Follower:
    """Keeps one node on `chain` and lets the driver build on it."""

    def __init__(self, name: str, engine: EngineClient, chain: Chain, outstanding: Outstanding, bell: Bell) -> None:
        self.name = name
        self._state: State = "lost"
        self.head = ""
        self._engine = engine
        self._chain = chain
        self._outstanding = outstanding
        self._bell = bell
        # Engine calls of one node never overlap and are never abandoned: a forkchoiceUpdated that a paused node
        # carries out late must still come before all later ones.
        self._lane = asyncio.Lock()
        self._asked_at: float | None = None
        self._offered: dict[str, int] = {}

    @property
    def state(self) -> State:
        """lost: nobody answers; silent: a request waits for its answer; behind: it refuses a block; else following."""
        if self._asked_at is not None and time.monotonic() - self._asked_at > SILENCE:
            return "silent"
        return self._state

    @property
    def can_build(self) -> bool:
        """It stands on the canonical head and nothing that it was asked is unanswered."""
        return self._state == "following" and self.head == self._chain.head.hash and not self._lane.locked()

    async def run(self) -> None:
        """Follow the chain for ever."""
        while True:
            try:
                await self._join()
                while await self._step():
                    pass
            except EngineUnavailableError as error:
                self._leave("lost", error)
            except (EngineError, OutOfStepError) as error:
                self._leave("behind", error)
            await asyncio.sleep(RETRY_PAUSE)

    async def prepare(self, parent: Block, attributes: list[dict[str, Any]]) -> Preparation:
        """Start to build a payload for each of `attributes` on `parent`, the node's head. Raises OutOfStepError."""
        preparation = Preparation(parent, [one["parentBeaconBlockRoot"] for one in attributes])
        async with self._turn():
            if self.head != parent.hash:
                raise OutOfStepError(f"{self.name} has left block {parent.number} {parent.hash}")
            for one in attributes:
                status, payload_id = await self._engine.forkchoice_updated(self._chain.forkchoice(parent), one)
                _expect_valid(status, parent)
                preparation.ids.append(str(payload_id))
        return preparation

    async def collect(self, preparation: Preparation) -> list[Payload]:
        """What was built, in the order of the attributes."""
        payloads = []
        async with self._turn():
            for payload_id, root in zip(preparation.ids, preparation.roots, strict=True):
                answer = await self._engine.get_payload(payload_id)
                payloads.append(Payload(answer["executionPayload"], root, answer["executionRequests"]))
        return payloads

    async def _join(self) -> None:
        """Find out where the node stands (after a kill it may have lost its newest blocks) and bring it to the head."""
        latest = await self._engine.latest()
        while not self._chain.knows(latest.hash):
            latest = await self._engine.block(latest.parent)
        head, missed = self._chain.head, self._chain.path_from(latest.hash)
        if missed:
            log.info("%s stands at block %d, %d to give", self.name, latest.number, len(missed))
            await self._feed(missed)
        else:
            # A node that lacks nothing is told so: it takes part in gossip only after its first forkchoiceUpdated.
            async with self._turn():
                await self._set_head(head)
        self._offered.clear()
        await self._offer()
        self._state = "following"

    async def _step(self) -> bool:
        """Give the node what is new, else look whether it still stands where we left it. False: it does not."""
        heard = self._bell.rings
        missed = self._chain.path_from(self.head)
        await self._feed(missed)
        offered = await self._offer()
        if missed or offered:
            return True
        await self._bell.wait(heard, IDLE_LOOK)
        if self.head != self._chain.head.hash:
            return True
        async with self._turn():
            return (await self._engine.latest()).hash == self.head

    async def _feed(self, blocks: list[Block]) -> None:
        for block in blocks:
            async with self._turn():
                _expect_valid(await self._engine.new_payload(self._chain.parameters(block)), block)
                await self._set_head(block)

    async def _set_head(self, block: Block) -> None:
        status, _ = await self._engine.forkchoice_updated(self._chain.forkchoice(block))
        _expect_valid(status, block)
        self.head = block.hash

    async def _offer(self) -> bool:
        """Submit what waits for a block and this node was not given lately. Says whether there was any."""
        number = self._chain.head.number
        waiting = {raw: self._offered.get(raw, -OFFER_AGAIN) for raw in self._outstanding.in_order()}
        fresh = [raw for raw, offered in waiting.items() if number - offered >= OFFER_AGAIN]
        self._offered = waiting | dict.fromkeys(fresh, number)
        if fresh:
            async with self._turn():
                await self._engine.send_transactions(fresh)
        return bool(fresh)

    def _leave(self, state: State, why: Exception) -> None:
        if self._state != state:
            log.info("%s is %s: %s", self.name, state, why)
        self._state, self.head = state, ""

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with self._lane:
            self._asked_at = time.monotonic()
            try:
                yield
            finally:
                self._asked_at = None


def _expect_valid(status: dict[str, Any], block: Block) -> None:
    if status["status"] != "VALID":
        raise OutOfStepError(f"block {block.number} {block.hash}: {status}")
