"""slicer: bytes arrive in small pieces; as toxiproxy's toxic of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Slicer(ByteFault):
    """`average_size` ± `size_variation` in bytes, `delay` in microseconds between pieces."""

    kind = "slicer"

    average_size: int = 64
    size_variation: int = 0
    delay: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.average_size > self.size_variation >= 0, "average_size is above size_variation")

    def shaper_of(self, link: Link) -> Shaper:
        return _Slices(self, link)


class _Slices(Shaper):
    def __init__(self, fault: Slicer, link: Link) -> None:
        self._fault = fault
        self._link = link
        self._chance = fault.chance(link)

    def shape(self, at: float, data: bytes) -> Parcels:
        fault = self._fault
        parcels: Parcels = []
        start = 0
        while start < len(data):
            size = fault.average_size + self._chance.randint(-fault.size_variation, fault.size_variation)
            parcels.append((at + len(parcels) * fault.delay / 1e6, data[start : start + size]))
            start += size
        fault.bite_bytes("sliced", self._link)
        return parcels
