"""bandwidth: no more than so many bytes a second; as toxiproxy's toxic of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link

_SLICE = 0.02  # seconds' worth of bytes that leave together


@dataclass(kw_only=True)
class Bandwidth(ByteFault):
    """`rate` in KB/s, for each link and direction by itself."""

    kind = "bandwidth"

    rate: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.rate > 0, "rate is above 0")

    def shaper_of(self, link: Link) -> Shaper:
        return _Narrow(self, link)


class _Narrow(Shaper):
    def __init__(self, fault: Bandwidth, link: Link) -> None:
        self._fault = fault
        self._link = link
        self._free = 0.0  # when the line has sent all it was given

    def shape(self, at: float, data: bytes) -> Parcels:
        rate = self._fault.rate * 1000
        size = max(1, int(rate * _SLICE))
        parcels: Parcels = []
        self._free = max(self._free, at)
        for start in range(0, len(data), size):
            part = data[start : start + size]
            self._free += len(part) / rate
            parcels.append((self._free, part))
        self._fault.bite_bytes("narrowed", self._link)
        return parcels
