"""reset_peer: every link, also a new one, gets a RST after a while; as toxiproxy's toxic of that name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class ResetPeer(ByteFault):
    """`timeout` in ms after the fault meets the link."""

    kind = "reset_peer"

    timeout: int = 0

    def hit(self, link: Link) -> None:
        asyncio.get_running_loop().call_later(self.timeout / 1000, self._reset, link)

    def _reset(self, link: Link) -> None:
        if self.hits(link) and self.id in self.lane.faults:
            self.bite("reset", link)
            link.reset()
