"""close: every open WebSocket gets a close frame, as from a server that leaves; new links are welcome."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.gateway.faults.fault import Fault


@dataclass(kw_only=True)
class Close(Fault):
    """`reason` is at most 123 bytes."""

    kind = "close"
    lanes = ("ws",)
    instant = True

    code: int = 1001
    reason: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(0 <= self.code < 2**16, "code is 0 to 65535")
        self.require(len(self.reason.encode()) <= 123, "reason is at most 123 bytes")

    async def begin(self) -> None:
        for link in list(self.lane.links.values()):
            self.bite("closed", link, code=self.code)
            link.part(self.code, self.reason)
