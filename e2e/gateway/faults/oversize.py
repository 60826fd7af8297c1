"""oversize: answers are padded (with spaces, so they mean the same) beyond what a proxy should take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault

if TYPE_CHECKING:
    from e2e.gateway.calls import Delivery
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Oversize(MethodFault):
    """`bytes`: the size of the payload (the frame's, or the body's); `sent`: those that come, 0 for all."""

    kind = "oversize"

    bytes: int = 33 * 2**20
    sent: int = 0
    times: int = 1

    def delivering(self, link: Link, delivery: Delivery) -> None:
        if self.hits(*delivery.methods):
            delivery.payload = delivery.payload.ljust(self.sent or self.bytes)
            delivery.size = self.bytes
            self.bite("padded", link, methods=delivery.methods, bytes=self.bytes)
