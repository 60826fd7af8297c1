"""What one lane of one node has seen, counted from outside of the proxy."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from e2e.gateway.head import Head

DIALS_KEPT: Final = 100_000


@dataclass(slots=True)
class Counters:
    """Messages are WebSocket messages or HTTP requests and responses; handshakes and control frames do not count.

    `dials` are the times (monotonic seconds) at which the proxy connected; `opened` counts the links whose node
    took them. `methods` and `subscriptions` count calls, each of a batch by itself, as the proxy wrote them.
    """

    accepted: int = 0
    opened: int = 0
    dial_failures: int = 0
    to_node: int = 0
    to_proxy: int = 0
    bytes_to_node: int = 0
    bytes_to_proxy: int = 0
    methods: Counter[str] = field(default_factory=Counter)
    subscriptions: Counter[str] = field(default_factory=Counter)
    dials: deque[float] = field(default_factory=lambda: deque(maxlen=DIALS_KEPT))
    last_head: Head | None = None

    def to_json(self) -> dict[str, Any]:
        """Return all but the times of dials; `last_head` as start line and fields of the proxy's last request head."""
        head = self.last_head
        return {
            "accepted": self.accepted,
            "opened": self.opened,
            "dial_failures": self.dial_failures,
            "to_node": self.to_node,
            "to_proxy": self.to_proxy,
            "bytes_to_node": self.bytes_to_node,
            "bytes_to_proxy": self.bytes_to_proxy,
            "methods": dict(self.methods),
            "subscriptions": dict(self.subscriptions),
            "last_head": None
            if head is None
            else [head.start.decode("latin-1"), *([k.decode("latin-1"), v.decode("latin-1")] for k, v in head.fields)],
        }
