"""The WebSocket lane: an upgrade request, its response, then frames both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.gateway.dialogue import Talk
from e2e.gateway.frames import FrameScanner
from e2e.gateway.head import END, HEAD_LIMIT, Head, read_head, without
from e2e.gateway.piece import Opaque, Piece, Scanner
from e2e.gateway.stream import Stream

if TYPE_CHECKING:
    from e2e.gateway.link import Link
    from e2e.gateway.piece import Message


class Handshake:
    """The head of an upgrade request or of the response to one; it carries no JSON."""

    def __init__(self, head: Head) -> None:
        self.head = head

    def payload(self) -> bytes | None:
        return None

    def with_payload(self, payload: bytes, size: int | None = None) -> bytes:  # noqa: ARG002 (as the protocol has it)
        raise TypeError(f"a handshake carries no payload, so not {payload[:40]!r}")


class UpgradeScanner:
    """Reads one head and then frames, or nothing at all if the head is no handshake.

    The request loses its Sec-WebSocket-Extensions: a compressed frame could be passed on but not be read.
    """

    def __init__(self, *, request: bool) -> None:
        self._request = request
        self._head = b""
        self._after: Scanner | None = None

    def feed(self, data: bytes) -> list[Piece]:
        if self._after is not None:
            return self._after.feed(data)
        self._head += data
        at = self._head.find(END) + len(END)
        if at < len(END):
            return self._too_long() if len(self._head) > HEAD_LIMIT else []
        raw, data = self._head[:at], self._head[at:]
        self._head = b""
        head = read_head(raw)
        upgrades = head.field(b"upgrade").lower() == b"websocket" if self._request else head.status == 101
        self._after = FrameScanner(masked=self._request) if upgrades else Opaque()
        if self._request:
            raw = without(raw, b"sec-websocket-extensions")
        pieces = [Piece(raw, Handshake(head))]
        return pieces + self._after.feed(data) if data else pieces

    def rest(self) -> bytes:
        return self._head if self._after is None else self._after.rest()

    def _too_long(self) -> list[Piece]:
        self._after = Opaque()
        return self._after.feed(self._head)


class WsDialogue:
    """What passes over one WebSocket link."""

    def __init__(self, link: Link) -> None:
        self.upgraded = False
        self.waiting = 0
        self._link = link
        self._talk = Talk(link)
        self.upstream = Stream(
            UpgradeScanner(request=True), self._talk.wanted, self._note_upstream, self._rewrite_upstream
        )
        self.downstream = Stream(
            UpgradeScanner(request=False), self._wanted_downstream, self._note_downstream, self._talk.rewrite_downstream
        )

    def _note_upstream(self, message: Message) -> None:
        if isinstance(message, Handshake):
            self._link.lane.counters.last_head = message.head
        else:
            self._talk.note_upstream(message)

    def _rewrite_upstream(self, message: Message, raw: bytes) -> bytes:
        if not isinstance(message, Handshake):
            return self._talk.rewrite_upstream(message, raw)
        self._note_upstream(message)
        for fault in self._link.rewriters:
            response = fault.upgrading(self._link, message.head)
            if response is not None:
                self._link.refuse(response)
                return b""
        return raw

    def _wanted_downstream(self) -> bool:
        return self.upgraded and self._talk.wanted()

    def _note_downstream(self, message: Message) -> None:
        if isinstance(message, Handshake):
            self.upgraded = message.head.status == 101
            if self.upgraded:
                self._link.lane.upgraded(self._link)
        else:
            self._talk.note_downstream()
