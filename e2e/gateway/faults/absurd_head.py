"""absurd_head: eth_blockNumber is answered with a block that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.calls import Reply
from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class AbsurdHead(Fault):
    """`block`: the number claimed, as a node writes it."""

    kind = "absurd_head"
    rewrites = True

    block: str = hex(2**60)

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if call.method != "eth_blockNumber":
            return call
        self.bite("claimed", link, block=self.block)
        return Reply("result", self.block)
