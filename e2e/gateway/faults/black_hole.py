"""black_hole: no byte passes either way and nothing says so. New connections are accepted, into the same silence.

As with packets lost on the way, what was sent meanwhile arrives once the hole is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class BlackHole(Fault):
    kind = "black_hole"

    async def begin(self) -> None:
        self.bite("silent")
        for link in self.lane.links.values():
            self.accepted(link)

    def accepted(self, link: Link) -> None:
        self.bite("held", link)
        link.hold(self.id)

    async def end(self) -> None:
        for link in list(self.lane.links.values()):
            link.release(self.id)
