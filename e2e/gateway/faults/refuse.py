"""refuse: nobody listens, so the kernel refuses every connection. Links that are open stay open."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.gateway.faults.fault import Fault


@dataclass(kw_only=True)
class Refuse(Fault):
    kind = "refuse"

    async def begin(self) -> None:
        self.lane.refuse(self.id)
        self.bite("refusing")

    async def end(self) -> None:
        await self.lane.accept(self.id)
