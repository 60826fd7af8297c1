"""reset: every open link gets a RST, both ways, at once; new links are welcome (unless `refuse` is added)."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.gateway.faults.fault import Fault


@dataclass(kw_only=True)
class Reset(Fault):
    kind = "reset"
    instant = True

    async def begin(self) -> None:
        for link in list(self.lane.links.values()):
            self.bite("reset", link)
            link.reset()
