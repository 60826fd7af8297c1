"""method_failure: calls of some methods are answered with a JSON-RPC error; the node does not see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.calls import Reply, error
from e2e.gateway.faults.method_fault import MethodFault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class MethodFailure(MethodFault):
    """`code` and `message` of the error."""

    kind = "method_failure"

    code: int = -32603
    message: str = "injected failure"

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        if not self.hits(call.method):
            return call
        self.bite("failed", link, method=call.method)
        return error(self.code, self.message)
