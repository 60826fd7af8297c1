"""latency: everything arrives later, in order; as toxiproxy's toxic of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Latency(ByteFault):
    """`latency` ± `jitter` ms."""

    kind = "latency"

    latency: int = 0
    jitter: int = 0

    def shaper_of(self, link: Link) -> Shaper:
        return _Late(self, link)


class _Late(Shaper):
    def __init__(self, fault: Latency, link: Link) -> None:
        self._fault = fault
        self._link = link
        self._chance = fault.chance(link)

    def shape(self, at: float, data: bytes) -> Parcels:
        fault = self._fault
        delay = max(0, fault.latency + self._chance.uniform(-fault.jitter, fault.jitter))
        fault.bite_bytes("delayed", self._link)
        return [(at + delay / 1000, data)]
