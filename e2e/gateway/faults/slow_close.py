"""slow_close: the end of a stream is passed on late; as toxiproxy's toxic of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.byte_fault import ByteFault
from e2e.gateway.pipe import Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class SlowClose(ByteFault):
    """`delay` in ms between the last byte and FIN. A RST is not delayed."""

    kind = "slow_close"

    delay: int = 1000

    def shaper_of(self, link: Link) -> Shaper:
        return _Linger(self, link)


class _Linger(Shaper):
    def __init__(self, fault: SlowClose, link: Link) -> None:
        self._fault = fault
        self._link = link

    def end_delay(self) -> float:
        self._fault.bite("lingering", self._link)
        return self._fault.delay / 1000
