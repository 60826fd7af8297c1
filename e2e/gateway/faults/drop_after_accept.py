"""drop_after_accept: a new link is taken and then dropped (RST) a little later. Links that are open go on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class DropAfterAccept(Fault):
    """`after` in ms; counted from the end of the WebSocket handshake, or (`handshake` False) from the connect.

    Unlike with `refuse`, the gateway sees and counts each attempt. Over HTTP there is no handshake to wait for.
    """

    kind = "drop_after_accept"

    after: int = 10
    handshake: bool = True

    def accepted(self, link: Link) -> None:
        if not self.handshake or self.lane.name == "http":
            self._drop_later(link)

    def upgraded(self, link: Link) -> None:
        if self.handshake:
            self._drop_later(link)

    def _drop_later(self, link: Link) -> None:
        asyncio.get_running_loop().call_later(self.after / 1000, self._drop, link)

    def _drop(self, link: Link) -> None:
        if link.number in self.lane.links:
            self.bite("dropped", link)
            link.reset()
