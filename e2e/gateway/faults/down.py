"""down: as toxiproxy's disabled proxy: nobody listens, and every link is closed."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.gateway.faults.fault import Fault


@dataclass(kw_only=True)
class Down(Fault):
    kind = "down"

    async def begin(self) -> None:
        self.lane.refuse(self.id)
        self.bite("refusing")
        for link in list(self.lane.links.values()):
            self.bite("closed", link)
            link.close()

    async def end(self) -> None:
        await self.lane.accept(self.id)
