"""idle_close: a kept-alive HTTP connection is closed once nothing was asked for a while, as many servers do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class IdleClose(Fault):
    """`idle` in ms."""

    kind = "idle_close"
    lanes = ("http",)

    idle: int = 1000

    async def begin(self) -> None:
        for link in self.lane.links.values():
            self._look(link)

    def accepted(self, link: Link) -> None:
        self._look(link)

    def _look(self, link: Link) -> None:
        if link.number not in self.lane.links or self.id not in self.lane.faults:
            return
        loop = asyncio.get_running_loop()
        left = link.last_active + self.idle / 1000 - loop.time()
        if left <= 0 and not link.busy:
            self.bite("closed", link)
            link.close()
        else:
            loop.call_later(max(left, 0.01), self._look, link)
