"""refuse_subscription: eth_subscribe is answered with an error, for some kinds or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.calls import Reply, error
from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.calls import Call
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class RefuseSubscription(Fault):
    """`kinds`: 'newHeads', 'logs', 'newPendingTransactions', …; none means all. `code` is geth's own for this."""

    kind = "refuse_subscription"
    lanes = ("ws",)
    rewrites = True

    kinds: tuple[str, ...] = ()
    code: int = -32601

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        asked = call.subscription
        if asked is None or (self.kinds and asked not in self.kinds):
            return call
        self.bite("refused", link, subscription=asked)
        return error(self.code, f'no "{asked}" subscription in eth namespace')
