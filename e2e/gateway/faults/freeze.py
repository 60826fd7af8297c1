"""freeze: a new connection is accepted and then nothing: no handshake, no answer. Links that are open go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Freeze(Fault):
    kind = "freeze"

    def accepted(self, link: Link) -> None:
        self.bite("held", link)
        link.hold(self.id)

    async def end(self) -> None:
        for link in list(self.lane.links.values()):
            link.release(self.id)
