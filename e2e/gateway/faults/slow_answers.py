"""slow_answers: some answers come later than others, so that they also change their order. Events are not delayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault

if TYPE_CHECKING:
    from e2e.gateway.calls import Delivery
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class SlowAnswers(MethodFault):
    """`delay` ± `jitter` in ms. Past the proxy's own time-out the answer comes when nobody waits for it any more."""

    kind = "slow_answers"

    delay: int = 1000
    jitter: int = 0

    def delivering(self, link: Link, delivery: Delivery) -> None:
        if self.hits(*delivery.methods):
            delay = max(0.0, self.delay + self.random.uniform(-self.jitter, self.jitter))
            delivery.delay += delay / 1000
            self.bite("delayed", link, methods=delivery.methods, ms=round(delay))
