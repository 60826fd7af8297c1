"""syncing: the node says of itself that it still catches up: over JSON-RPC, and in the Beacon API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from e2e.gateway.calls import Reply
from e2e.gateway.faults.fault import Fault
from e2e.gateway.head import response, status_line

if TYPE_CHECKING:
    from e2e.gateway.calls import Call
    from e2e.gateway.http1 import Exchange
    from e2e.gateway.link import Link

HEALTH: Final = b"/eth/v1/node/health"
SYNCING: Final = b"/eth/v1/node/syncing"
SAYS_SO: Final = 206  # the Beacon API's status of a node that syncs, but serves


@dataclass(kw_only=True)
class Syncing(Fault):
    """`current` and `highest`: the block numbers (of the Beacon API: slots) that the node names."""

    kind = "syncing"
    rewrites = True

    current: int = 1
    highest: int = 1000

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if call.method != "eth_syncing":
            return call
        self._claim(link)
        blocks = {"startingBlock": 0, "currentBlock": self.current, "highestBlock": self.highest}
        return Reply("result", {name: hex(number) for name, number in blocks.items()})

    def requesting(self, link: Link, request: Exchange) -> bytes | None:
        method, _, rest = request.head.start.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method != b"GET" or path not in {HEALTH, SYNCING}:
            return None
        self._claim(link)
        if path == HEALTH:
            return f"{status_line(SAYS_SO)}\r\nContent-Length: 0\r\n\r\n".encode()
        distance = str(self.highest - self.current)
        told = {"head_slot": str(self.current), "sync_distance": distance, "is_syncing": True}
        body = orjson.dumps({"data": told | {"is_optimistic": False, "el_offline": False}})
        return response(200, "application/json", body)

    def _claim(self, link: Link) -> None:
        self.bite("claimed", link, current=self.current, highest=self.highest)
