"""The part of the Beacon API that a proxy asks a consensus node for.

Source: https://ethereum.github.io/beacon-APIs/. Roots that no execution node knows are hashes of the block's own.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from e2e.beacon.chain import Block
    from e2e.beacon.driver import Driver

SLOTS_PER_EPOCH = 32
TOPICS = frozenset({"head", "block", "chain_reorg"})
#: A reader of events that is this many behind is cut off, as real consensus clients do.
MAX_BACKLOG = 1024


class BeaconApi:
    """One endpoint, named `name`. Several may serve the same driver."""

    def __init__(self, name: str, driver: Driver) -> None:
        self._name = name
        self._driver = driver
        self._topics: dict[asyncio.Queue[bytes | None], frozenset[str]] = {}
        driver.on_head(self._tell)

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/eth/v1/node/health", self._health),
                web.get("/eth/v1/node/syncing", self._syncing),
                web.get("/eth/v1/node/version", self._version),
                web.get("/eth/v1/beacon/headers/head", self._head),
                web.get("/eth/v1/events", self._events),
            ]
        )
        app.on_shutdown.append(self._end_streams)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(status=200)

    async def _syncing(self, _: web.Request) -> web.Response:
        el_offline = not any(one.state == "following" for one in self._driver.followers)
        data = {
            "head_slot": str(self._driver.chain.head.slot),
            "sync_distance": "0",
            "is_syncing": False,
            "is_optimistic": False,
            "el_offline": el_offline,
        }
        return web.json_response({"data": data})

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"data": {"version": f"vixy-e2e/{self._name}"}})

    async def _head(self, _: web.Request) -> web.Response:
        block = self._driver.chain.head
        message = {
            "slot": str(block.slot),
            "proposer_index": "0",
            "parent_root": root("block", block.parent),
            "state_root": root("state", block.hash),
            "body_root": root("body", block.hash),
        }
        header = {"message": message, "signature": "0x" + "00" * 96}
        data = {"root": root("block", block.hash), "canonical": True, "header": header}
        return web.json_response({"execution_optimistic": False, "finalized": False, "data": data})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        topics = frozenset(topic for value in request.query.getall("topics", []) for topic in value.split(","))
        if not topics or not topics <= TOPICS:
            message = f"topics must be some of {', '.join(sorted(TOPICS))}; got {', '.join(sorted(topics)) or 'none'}"
            return web.json_response({"code": 400, "message": message}, status=400)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
        await response.prepare(request)
        backlog: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_BACKLOG)
        self._topics[backlog] = topics
        try:
            while (event := await backlog.get()) is not None:
                await response.write(event)
        except ConnectionError:
            pass  # the reader left
        finally:
            self._topics.pop(backlog, None)
        return response

    def _tell(self, block: Block, displaced: int) -> None:
        events = _events_of(block, displaced)
        for backlog, topics in list(self._topics.items()):
            for topic, data in events.items():
                if topic in topics:
                    self._put(backlog, b"event: " + topic.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n")

    def _put(self, backlog: asyncio.Queue[bytes | None], event: bytes) -> None:
        if backlog.full():
            self._end(backlog)
        else:
            backlog.put_nowait(event)

    def _end(self, backlog: asyncio.Queue[bytes | None]) -> None:
        self._topics.pop(backlog, None)
        while not backlog.empty():
            backlog.get_nowait()
        backlog.put_nowait(None)

    async def _end_streams(self, _: web.Application) -> None:
        for backlog in list(self._topics):
            self._end(backlog)


def root(kind: str, block_hash: str) -> str:
    """A consensus root for an execution block: 0x-prefixed, the same for the same block."""
    return "0x" + hashlib.sha256(f"{kind} {block_hash}".encode()).hexdigest()


def _events_of(block: Block, displaced: int) -> dict[str, dict[str, Any]]:
    slot, block_root, state_root = str(block.slot), root("block", block.hash), root("state", block.hash)
    events: dict[str, dict[str, Any]] = {
        "block": {"slot": slot, "block": block_root, "execution_optimistic": False},
        "head": {
            "slot": slot,
            "block": block_root,
            "state": state_root,
            "epoch_transition": block.slot % SLOTS_PER_EPOCH == 0,
            "previous_duty_dependent_root": root("duty", block.parent),
            "current_duty_dependent_root": root("duty", block.hash),
            "execution_optimistic": False,
        },
    }
    if displaced:
        events["chain_reorg"] = {
            "slot": slot,
            "depth": str(displaced),
            "new_head_block": block_root,
            "new_head_state": state_root,
            "epoch": str(block.slot // SLOTS_PER_EPOCH),
            "execution_optimistic": False,
        }
    return events
