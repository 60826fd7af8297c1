"""syncing: the node says of itself that it still catches up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.calls import Reply
from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class Syncing(Fault):
    """`current` and `highest`: the block numbers that eth_syncing shows."""

    kind = "syncing"
    rewrites = True

    current: int = 1
    highest: int = 1000

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if call.method != "eth_syncing":
            return call
        self.bite("claimed", link, current=self.current, highest=self.highest)
        blocks = {"startingBlock": 0, "currentBlock": self.current, "highestBlock": self.highest}
        return Reply("result", {name: hex(number) for name, number in blocks.items()})
