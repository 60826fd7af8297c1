"""stalled_head: the node answers as ever, but for it the chain stands still: its head does not move, no event comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from e2e.gateway.faults.fault import Fault
from e2e.gateway.spans import with_member

if TYPE_CHECKING:
    from e2e.gateway.calls import Answer
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class StalledHead(Fault):
    """The first answer to eth_blockNumber under the fault is given again and again; all subscriptions are silent."""

    kind = "stalled_head"
    rewrites = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._head: Any = None

    def answering(self, link: Link, answer: Answer) -> None:
        if answer.value.get("method") == "eth_subscription":
            answer.raw = b""
            self.bite("silenced", link)
        elif answer.method == "eth_blockNumber" and "result" in answer.value:
            if self._head is None:
                self._head = answer.value["result"]
            answer.raw = with_member(answer.raw, b"result", orjson.dumps(self._head))
            self.bite("stalled", link, head=self._head)
