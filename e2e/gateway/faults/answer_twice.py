"""answer_twice: the same answer comes two times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault

if TYPE_CHECKING:
    from e2e.gateway.calls import Delivery
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class AnswerTwice(MethodFault):
    kind = "answer_twice"

    def delivering(self, link: Link, delivery: Delivery) -> None:
        if self.hits(*delivery.methods):
            delivery.copies = 2
            self.bite("repeated", link, methods=delivery.methods)
