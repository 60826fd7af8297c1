"""method_timeout: calls of some methods are swallowed: the node does not see them and no answer ever comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call, Reply
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class MethodTimeout(MethodFault):
    kind = "method_timeout"

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if not self.hits(call.method):
            return call
        self.bite("swallowed", link, method=call.method)
        return None
