"""probe_failure: one of every so many calls of the method that health probes use is swallowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call, Reply
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class ProbeFailure(Fault):
    """`every`: the n-th call of `method` is swallowed, and the 2n-th, and so on, counted over all links of the lane."""

    kind = "probe_failure"
    rewrites = True

    method: str = "eth_blockNumber"
    every: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.every > 0, "every is above 0")
        self._seen = 0

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if call.method != self.method:
            return call
        self._seen += 1
        if self._seen % self.every:
            return call
        self.bite("swallowed", link, method=call.method)
        return None
