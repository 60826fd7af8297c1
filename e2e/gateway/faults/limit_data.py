"""limit_data: the link is closed after so many bytes, in the middle of whatever it is; as toxiproxy's toxic."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class LimitData(ByteFault):
    """`bytes` are counted for each link and direction by itself, from when the fault meets the link."""

    kind = "limit_data"

    bytes: int = 1000

    def shaper_of(self, link: Link) -> Shaper:
        return _Limit(self, link)


class _Limit(Shaper):
    def __init__(self, fault: LimitData, link: Link) -> None:
        self._fault = fault
        self._link = link
        self._left = fault.bytes

    def shape(self, at: float, data: bytes) -> Parcels:
        passed = data[: self._left]
        self._left -= len(passed)
        if len(passed) < len(data):
            self._fault.bite_bytes("cut", self._link)
            asyncio.get_running_loop().call_soon(self._link.close)  # once what passed was written
        return [(at, passed)] if passed else []
