"""One client connection: requests in, answered in order, one at a time.

Limits: the head of a request in bytes and time, its body in bytes and time, an idle connection in time, a client that
does not read its answer in time. Whatever breaks them is told so where it still can be, and its connection closed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol, cast

from proxy.shell.reading import Phase, RequestReader

if TYPE_CHECKING:
    from proxy.shell.headers import Heads, RequestHead
    from proxy.shell.reading import Request

HEAD_LIMIT: Final = 10.0  # seconds, as all limits here
BODY_LIMIT: Final = 10.0
SLOWEST_BODY: Final = 64 * 1024  # bytes a second, on top of BODY_LIMIT
IDLE_LIMIT: Final = 120.0
WRITE_LIMIT: Final = 30.0
LINGER: Final = 2.0
NEVER: Final = float("inf")


class Exchange(Protocol):
    """Whoever answers the present request."""

    def client_gone(self) -> None: ...
    def time_is_up(self) -> None:
        """The proxy ends: answer now, or break off."""
        ...

    def client_slow(self, *, slow: bool) -> None: ...


class Host(Protocol):
    """What a connection needs from its listener."""

    max_body_size: int
    draining: bool
    heads: Heads[RequestHead]

    def opened(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection) -> None: ...
    def handle(self, request: Request, connection: Connection) -> None:
        """Answer `request` on `connection`, at once or later."""
        ...

    def refuse(self, status: int, target: bytes, connection: Connection) -> None:
        """Answer what could not be read as a request, at once: 400, 405, 408, 413, 431."""
        ...


class Connection(asyncio.Protocol):
    """Offers `respond`, or `begin`, `feed`* and `finish`, to whoever answers; `exchange` hears of the client."""

    __slots__ = (
        "_chunked",
        "_endless",
        "_eof",
        "_expected",
        "_host",
        "_last",
        "_paused",
        "_queue",
        "_reader",
        "_refusal",
        "_slow",
        "busy",
        "deadline",
        "exchange",
        "request",
        "transport",
    )

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader = RequestReader(self, host.heads, host.max_body_size)
        self._queue: deque[Request] = deque()
        # what could not be read is answered after what could
        self._refusal: tuple[int, bytes] | None = None
        self._eof = False
        # a client waits for word to go on with its body, and for the answers before
        self._expected = False
        self._chunked = False
        self._endless = False
        self._paused = False
        self._last = False
        # has yet to take an answer: its next request waits, or the answers to a whole queue would pile up here
        self._slow = False
        self.transport: asyncio.Transport | None = None
        self.busy = False
        self.request: Request | None = None
        self.exchange: Exchange | None = None
        self.deadline = NEVER

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.deadline = time.monotonic() + IDLE_LIMIT
        self._host.opened(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = None
        self._queue.clear()
        self._reader.let_go()
        self._host.closed(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.client_gone()

    def pause_writing(self) -> None:
        self._slow = True
        self.deadline = time.monotonic() + WRITE_LIMIT
        if self.exchange is not None:
            self.exchange.client_slow(slow=True)

    def resume_writing(self) -> None:
        self._slow = False
        self.deadline = NEVER if self.busy else time.monotonic() + IDLE_LIMIT
        if self.exchange is not None:
            self.exchange.client_slow(slow=False)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)

    def eof_received(self) -> bool:
        # a client may close its side and still read the answers to what it sent, but not events for ever
        self._eof = True
        return self.busy and not self._endless

    @property
    def descriptor(self) -> int:
        """The number of its socket; -1: none any more."""
        taken = self.transport.get_extra_info("socket") if self.transport is not None else None
        return -1 if taken is None else int(taken.fileno())

    @property
    def receiving(self) -> bool:
        """Whether a request is on its way of which the head is here."""
        return self._reader.phase is Phase.BODY

    # ---- reading.Owner

    def head_began(self) -> None:
        if not (self.busy or self._slow):
            self.deadline = time.monotonic() + HEAD_LIMIT

    def head_read(self, head: RequestHead) -> None:
        if not (self.busy or self._slow):
            most = self._host.max_body_size if head.length is None else head.length
            self.deadline = time.monotonic() + BODY_LIMIT + most / SLOWEST_BODY
        if head.expects:
            self._expected = True
            self._next()

    def arrived(self, request: Request) -> None:
        self._expected = False
        if not (self.busy or self._slow or self._queue):
            self._serve(request)
            return
        self._queue.append(request)
        if not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def refused(self, status: int, target: bytes) -> None:
        self._refusal = (status, target)
        self._next()

    # ---- one at a time

    def _serve(self, request: Request) -> None:
        self.busy = True
        self.request = request
        self.deadline = NEVER
        self._host.handle(request, self)

    def _next(self) -> None:
        if self.busy or self._slow or self.transport is None:
            return
        if self._queue:
            self._serve(self._queue.popleft())
        elif self._refusal is not None:
            (status, target), self._refusal = self._refusal, None
            self.busy = self._last = True
            self.request = None
            self._host.refuse(status, target, self)
        elif self._expected:
            self._expected = False
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif self._paused:
            self._paused = False
            self.transport.resume_reading()

    def hand_over(self) -> asyncio.Transport:
        """Give the transport away; this connection is over for its listener."""
        transport, self.transport = cast("asyncio.Transport", self.transport), None
        self._reader.let_go()
        self._host.closed(self)
        if self._paused:
            transport.resume_reading()
        return transport

    # ---- answers

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def respond(
        self, status: int, reason: bytes, lines: bytes, body: bytes, *, bodiless: bool = False, last: bool = False
    ) -> None:
        """A whole answer. `lines` are header lines without framing, unless `bodiless`: those keep what they say.

        `last`: the connection ends with it.
        """
        self._last = self._last or last
        head = self._begin_head(status, reason, lines)
        if bodiless:
            self.write(head + b"\r\n")
        elif self.request is not None and self.request.head.method == b"HEAD":
            self.write(b"%bContent-Length: %d\r\n\r\n" % (head, len(body)))
        else:
            self.write(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
        self._answered()

    def begin(self, status: int, reason: bytes, lines: bytes, length: bytes | None, *, endless: bool) -> None:
        """Begin an answer that comes in pieces; `length` None: not known in advance; `endless`: a stream of events."""
        if endless and self._eof and self.transport is not None:
            self.transport.abort()
            return
        self._endless = endless
        old = self.request is not None and self.request.head.old
        self._chunked = length is None and not old
        self._last = self._last or (length is None and old)
        head = self._begin_head(status, reason, lines)
        if length is not None:
            head += b"Content-Length: %b\r\n" % length
        elif self._chunked:
            head += b"Transfer-Encoding: chunked\r\n"
        self.write(head + b"\r\n")

    def feed(self, data: bytes) -> None:
        self.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def finish(self) -> None:
        if self._chunked:
            self.write(b"0\r\n\r\n")
        self._answered()

    def end_stream(self) -> None:
        """End a stream of events in good order; anything else goes on."""
        if self._endless and self.exchange is not None:
            self.exchange.client_gone()
            self._last = True
            self.finish()

    def break_off(self) -> None:
        """End an answer that cannot be completed, so that the client sees that it is not complete."""
        self.exchange = None
        if self.transport is not None:
            self.transport.abort()

    def time_is_up(self) -> None:
        """Wait for nothing any more."""
        if self.exchange is not None and not self._slow:
            self.exchange.time_is_up()
        else:
            self.break_off()

    def _begin_head(self, status: int, reason: bytes, lines: bytes) -> bytes:
        head = self.request.head if self.request is not None else None
        if head is None or self._last or self._host.draining or not head.keep_alive:
            self._last = True
            lines += b"Connection: close\r\n"
        elif head.old:
            lines += b"Connection: keep-alive\r\n"
        return b"HTTP/1.1 %d %b\r\n%b" % (status, reason, lines)

    def _answered(self) -> None:
        self.busy = self._endless = False
        self.request = None
        self.exchange = None
        if self.transport is None:
            return
        if self._last or (self._eof and not self._queue and self._refusal is None):
            self.close_politely()
            return
        if not self._slow:
            self.deadline = time.monotonic() + IDLE_LIMIT
        if self._queue or self._paused or self._expected or self._refusal is not None:
            # not at once: a long queue answered at once would be a deep recursion
            asyncio.get_running_loop().call_soon(self._next)

    # ---- ends

    def close_politely(self) -> None:
        """Send what is written, then close.

        If a request was refused half-way, its rest is read for a while: closing on unread bytes would reset the
        connection, and that could cost the client the answer.
        """
        if self.transport is None:
            return
        whole = self._reader.phase is Phase.IDLE
        self._reader.stop()
        self._queue.clear()
        if whole or self._eof:
            self.deadline = min(self.deadline, time.monotonic() + WRITE_LIMIT)  # to read what is left
            self.transport.close()
            return
        self.deadline = time.monotonic() + LINGER
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def expire(self, now: float) -> None:
        """Enforce the deadline."""
        if now < self.deadline or self.transport is None:
            return
        if self._reader.phase in (Phase.HEAD, Phase.BODY) and not (self.busy or self._slow):
            self._reader.stop()
            self.refused(408, b"")
        else:
            self.transport.abort()
