"""The HTTP lane: requests and their responses, in order, over one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.gateway.dialogue import Talk
from e2e.gateway.http1 import Exchange, HttpScanner
from e2e.gateway.stream import Stream

if TYPE_CHECKING:
    from e2e.gateway.link import Link
    from e2e.gateway.piece import Message


class HttpDialogue:
    """What passes over one HTTP link."""

    def __init__(self, link: Link) -> None:
        self.upgraded = False
        self.waiting = 0
        self._link = link
        self._talk = Talk(link)
        self._requests = HttpScanner()
        self._responses = HttpScanner()
        self.upstream = Stream(self._requests, self._talk.wanted, self._note_request, self._rewrite_request)
        self.downstream = Stream(self._responses, self._talk.wanted, self._note_response, self._rewrite_response)

    def _note_request(self, message: Message) -> None:
        self._asked(message)
        self._talk.note_upstream(message)

    def _rewrite_request(self, message: Message, raw: bytes) -> bytes:
        assert isinstance(message, Exchange)  # noqa: S101 (for the types: this scanner makes no other)
        for fault in self._link.rewriters:
            response = fault.requesting(self._link, message)
            if response is not None:
                self._talk.note_upstream(message)
                self._link.to_proxy.write(response)
                return b""
        text = self._talk.rewrite_upstream(message, raw)
        if text:
            self._asked(message)
        return text

    def _asked(self, message: Message) -> None:
        assert isinstance(message, Exchange)  # noqa: S101 (for the types: this scanner makes no other)
        self.waiting += 1
        self._link.lane.counters.last_head = message.head
        self._responses.expect(message.head.start.partition(b" ")[0])

    def _note_response(self, message: Message) -> None:
        if self._final(message):
            self._talk.note_downstream()

    def _rewrite_response(self, message: Message, raw: bytes) -> bytes:
        return self._talk.rewrite_downstream(message, raw) if self._final(message) else raw

    def _final(self, message: Message) -> bool:
        assert isinstance(message, Exchange)  # noqa: S101 (for the types: this scanner makes no other)
        status = message.head.status
        if status == 101:
            self._requests.give_up()
            self._responses.give_up()
        if 100 <= status < 200:
            return False
        self.waiting -= 1
        return True
