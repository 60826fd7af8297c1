"""What passes over one link, in both directions, understood as far as its lane needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from e2e.gateway.calls import parse
from e2e.gateway.http1 import Exchange
from e2e.gateway.rewrite import Rewriter

if TYPE_CHECKING:
    from e2e.gateway.link import Link
    from e2e.gateway.piece import Message
    from e2e.gateway.stream import Stream


class Dialogue(Protocol):
    """A link's two streams. `waiting` counts the requests whose answers have not passed yet (HTTP)."""

    upstream: Stream
    downstream: Stream
    upgraded: bool
    waiting: int


class Talk:
    """JSON-RPC over one link, whatever carries it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rewriter = Rewriter(link)
        self.wanted = self._rewriter.wanted

    def note_upstream(self, message: Message) -> None:
        payload = message.payload()
        if payload is not None:
            self._link.lane.note_requests(self._link, parse(payload) or ())

    def note_downstream(self) -> None:
        self._link.lane.counters.to_proxy += 1

    def rewrite_upstream(self, message: Message, raw: bytes) -> bytes:
        """Return what goes to the node for `raw`, the bytes of `message`; empty for nothing."""
        self.note_upstream(message)
        payload = message.payload()
        if payload is None:
            return raw
        text = self._rewriter.upstream(payload)
        if text is None:
            return b""
        return raw if text is payload else message.with_payload(text)

    def rewrite_downstream(self, message: Message, raw: bytes) -> bytes:
        """Return what goes to the proxy now for `raw`, the bytes of `message`; empty for nothing, or for later."""
        self.note_downstream()
        payload = message.payload()
        if payload is None:
            return raw
        delivery = self._rewriter.downstream(payload)
        if delivery.head and isinstance(message, Exchange):
            raw = message.with_head(delivery.head).with_payload(delivery.payload)
        elif delivery.payload is not payload:
            raw = message.with_payload(delivery.payload, delivery.size)
        if delivery.delay:
            self._link.send_late(delivery.delay, raw * delivery.copies)
            return b""
        return raw * delivery.copies
