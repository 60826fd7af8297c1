"""A fake consensus node: the Beacon API paths that a proxy asks for, on the fake HTTP lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import orjson

from proxy.nodes import ConsensusNode
from tests.fakes.chain import Chain
from tests.fakes.http_lane import HttpLane
from tests.fakes.rpc import Rpc

if TYPE_CHECKING:
    from types import TracebackType


class FakeBeacon:
    """`slot` is its head; `http.canned['/eth/v1/node/health']` says how well it is."""

    def __init__(self, name: str = "cl-1", slot: int = 10) -> None:
        self.name = name
        self.http = HttpLane(Rpc(name, Chain()))
        self.http.streams.add("/eth/v1/events")
        self.at(slot)

    def at(self, slot: int) -> None:
        head = {"data": {"header": {"message": {"slot": str(slot)}}}}
        self.http.pages["/eth/v1/beacon/headers/head"] = orjson.dumps(head)

    @property
    def node(self) -> ConsensusNode:
        return ConsensusNode(self.name, self.http.url)

    async def __aenter__(self) -> Self:
        await self.http.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.release()
        await self.http.die()
