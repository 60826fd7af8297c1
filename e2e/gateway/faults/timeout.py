"""timeout: all data vanishes, and the link is closed after a while; as toxiproxy's toxic of that name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Timeout(ByteFault):
    """`timeout` in ms; 0: the link is closed only when the fault is taken away, for its stream has a hole then."""

    kind = "timeout"

    timeout: int = 0

    def hit(self, link: Link) -> None:
        if self.timeout:
            asyncio.get_running_loop().call_later(self.timeout / 1000, self._close, link)

    def _close(self, link: Link) -> None:
        if self.hits(link):
            self.bite("closed", link)
            link.close()

    def shaper_of(self, link: Link) -> Shaper:
        return _Vanish(self, link)

    async def end(self) -> None:
        for link in list(self.lane.links.values()):
            self._close(link)


class _Vanish(Shaper):
    def __init__(self, fault: Timeout, link: Link) -> None:
        self._fault = fault
        self._link = link

    def shape(self, at: float, data: bytes) -> Parcels:  # noqa: ARG002 (nothing leaves)
        self._fault.bite_bytes("vanished", self._link)
        return []
