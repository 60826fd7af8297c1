"""A fake execution node: real HTTP and WebSocket on free loopback ports, and a will of the test's.

async with FakeNode("a", chain) as node:
    node.http.canned["eth_call"] = Canned(status=429, headers=[(b"Retry-After", b"1")])
    await node.ws.refuse()      # the lane is shut; `open` opens it again on the same port
    node.hold()                 # SIGSTOP; `release` is SIGCONT
    await node.die()            # SIGKILL; `boot` starts it again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from proxy.nodes import Node, Tier
from tests.fakes.chain import Chain
from tests.fakes.http_lane import HttpLane
from tests.fakes.rpc import Rpc
from tests.fakes.ws_lane import WsLane

if TYPE_CHECKING:
    from types import TracebackType


class FakeNode:
    """`rpc` is what it knows, `http` and `ws` are its two lanes; `chain` may be shared with others."""

    def __init__(self, name: str = "a", chain: Chain | None = None, tier: Tier = Tier.PRIMARY) -> None:
        self.name = name
        self.tier = tier
        self.chain = chain or Chain.of_length(10)
        self.rpc = Rpc(name, self.chain)
        self.http = HttpLane(self.rpc)
        self.ws = WsLane(self.rpc)

    async def __aenter__(self) -> Self:
        await self.boot()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.die()

    @property
    def node(self) -> Node:
        """The node as a config names it."""
        return Node(self.name, self.tier, self.http.url, self.ws.url)

    async def boot(self) -> None:
        self.release()
        await self.http.open()
        await self.ws.open()
        self.chain.followers.append(self.ws)

    async def die(self) -> None:
        if self.ws in self.chain.followers:
            self.chain.followers.remove(self.ws)
        await self.http.die()
        await self.ws.die()

    def hold(self) -> None:
        self.http.hold()
        self.ws.hold()

    def release(self) -> None:
        self.http.release()
        self.ws.release()

    def heard(self, method: str) -> int:
        """How often `method` was asked, on both lanes."""
        return self.http.count(method) + self.ws.count(method)
