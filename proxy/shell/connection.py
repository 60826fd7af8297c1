"""One client connection: requests in, answered in order, one at a time.

Limits: the head of a request in bytes and time, its body in bytes and time, an idle connection in time, a client that
does not read its answer in time. Whatever breaks them is told so where it still can be, and its connection closed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, cast

import httptools

if TYPE_CHECKING:
    from proxy.shell.endpoint import Headers

MAX_HEAD: Final = 64 * 1024
HEAD_LIMIT: Final = 10.0
BODY_LIMIT: Final = 10.0
SLOWEST_BODY: Final = 64 * 1024  # bytes a second, on top of BODY_LIMIT
IDLE_LIMIT: Final = 120.0
WRITE_LIMIT: Final = 30.0
LINGER: Final = 2.0
NEVER: Final = float("inf")


@dataclass(slots=True)
class Request:
    """A whole request. `path` is without query and trailing slashes; `rest` holds what came after an upgrade's head."""

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    headers: Headers
    body: bytes = b""
    keep_alive: bool = True
    old: bool = False
    rest: bytes | None = None

    def head(self) -> bytes:
        """The head as text, up to and with the empty line."""
        lines = b"".join([b"%b: %b\r\n" % pair for pair in self.headers])
        return b"%b %b HTTP/1.%d\r\n%b\r\n" % (self.method, self.target, 0 if self.old else 1, lines)


class Phase(Enum):
    """What the parser reads at present."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()


class Exchange(Protocol):
    """Whoever answers the present request."""

    def client_gone(self) -> None: ...
    def client_slow(self, *, slow: bool) -> None: ...


class Host(Protocol):
    """What a connection needs from its listener."""

    max_body_size: int
    draining: bool

    def opened(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection) -> None: ...
    def handle(self, request: Request, connection: Connection) -> None:
        """Answer `request` on `connection`, at once or later."""
        ...

    def refuse_body(self, connection: Connection) -> None:
        """Answer a request whose body is over the limit."""
        ...


class Connection(asyncio.Protocol):
    """Offers `respond`, or `begin`, `feed`* and `finish`, to whoever answers; `exchange` hears of the client."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Request] = deque()
        self._headers: Headers = []
        self._target = b""
        self._body: list[bytes] = []
        self._size = 0
        self._phase = Phase.IDLE
        self._chunk_size = 0
        self._head_size = 0
        self._upgrade: Request | None = None
        self._discarding = False
        self._eof = False
        self._chunked = False
        self._paused = False
        self.transport: asyncio.Transport | None = None
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
        self._host.closed(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.client_gone()

    def pause_writing(self) -> None:
        self.deadline = time.monotonic() + WRITE_LIMIT
        if self.exchange is not None:
            self.exchange.client_slow(slow=True)

    def resume_writing(self) -> None:
        self.deadline = NEVER if self.request is not None else time.monotonic() + IDLE_LIMIT
        if self.exchange is not None:
            self.exchange.client_slow(slow=False)

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            return
        self._chunk_size = len(data)
        began_before = self._phase is Phase.HEAD
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(400)
            return
        if self._phase is Phase.HEAD and began_before:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self._refuse(431)

    def eof_received(self) -> bool:
        # a client may close its side and still read the answers to what it sent
        self._eof = True
        return self.request is not None

    # ---- httptools callbacks

    def on_message_begin(self) -> None:
        self._headers = []
        self._target = b""
        self._body = []
        self._size = 0
        self._phase = Phase.HEAD
        self._head_size = 0
        if self.request is None:
            self.deadline = time.monotonic() + HEAD_LIMIT

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._phase = Phase.BODY
        if self._chunk_size > MAX_HEAD and sum(len(n) + len(v) for n, v in self._headers) > MAX_HEAD:
            self._refuse(431)
            return
        if self._parser.should_upgrade():
            return
        length, expects = 0, False
        for name, value in self._headers:
            lower = name.lower()
            if lower == b"content-length":
                length = int(value)
            elif lower == b"expect":
                expects = value.lower() == b"100-continue"
        if self.request is None:
            self.deadline = time.monotonic() + BODY_LIMIT + length / SLOWEST_BODY
        if length > self._host.max_body_size:
            self._too_large()
        elif expects:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._host.max_body_size:
            self._too_large()
        elif not self._discarding:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._discarding:
            return
        self._phase = Phase.IDLE
        request = self._complete_request()
        if self._parser.should_upgrade():
            self._upgrade = request
            return
        self._queue.append(request)
        if self.request is None:
            self._next()
        elif not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    # ---- requests

    def _complete_request(self) -> Request:
        target, query = self._target, b""
        if not target.startswith(b"/"):
            target = _origin_form(target)
        path, mark, query = target.partition(b"?")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return Request(
            self._parser.get_method(),
            target,
            path.rstrip(b"/") or b"/",
            query if mark else b"",
            self._headers,
            body,
            self._parser.should_keep_alive(),
            self._parser.get_http_version() == "1.0",
        )

    def _after_upgrade(self, rest: bytes) -> None:
        upgrade, self._upgrade = self._upgrade, None
        self._parser = httptools.HttpRequestParser(self)
        if upgrade is None:
            return
        if not _wants_websocket(upgrade.headers):
            # an offer of a protocol that we do not take (h2c): the parser stopped, so it reads the request once more
            headers = [pair for pair in upgrade.headers if pair[0].lower() != b"upgrade"]
            self.data_received(replace(upgrade, headers=headers).head() + rest)
            return
        upgrade.rest = rest
        if self.transport is not None:
            self.transport.pause_reading()
        self._queue.append(upgrade)
        if self.request is None:
            self._next()

    def _next(self) -> None:
        if self._queue and self.transport is not None:
            self.request = self._queue.popleft()
            self.deadline = NEVER
            self._host.handle(self.request, self)
        elif self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()

    def hand_over(self) -> asyncio.Transport:
        """Give the transport away; this connection is over for its listener."""
        transport, self.transport = cast("asyncio.Transport", self.transport), None
        self.request = None
        self._host.closed(self)
        transport.resume_reading()
        return transport

    # ---- answers

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def respond(self, status: int, reason: bytes, lines: bytes, body: bytes, *, bodiless: bool = False) -> None:
        """A whole answer. `lines` are header lines without framing, unless `bodiless`: those keep what they say."""
        head = self._head(status, reason, lines)
        if bodiless:
            self.write(head + b"\r\n")
        elif self.request is not None and self.request.method == b"HEAD":
            self.write(b"%bContent-Length: %d\r\n\r\n" % (head, len(body)))
        else:
            self.write(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
        self._answered()

    def begin(self, status: int, reason: bytes, lines: bytes, length: bytes | None) -> None:
        """Begin an answer that comes in pieces; `length` None: not known in advance."""
        head = self._head(status, reason, lines)
        self._chunked = False
        if length is not None:
            head += b"Content-Length: %b\r\n" % length
        elif self.request is not None and not self.request.old:
            self._chunked = True
            head += b"Transfer-Encoding: chunked\r\n"
        elif self.request is not None:
            self.request.keep_alive = False
        self.write(head + b"\r\n")

    def feed(self, data: bytes) -> None:
        self.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def finish(self) -> None:
        if self._chunked:
            self.write(b"0\r\n\r\n")
        self._answered()

    def break_off(self) -> None:
        """End an answer that cannot be completed, so that the client sees that it is not complete."""
        self.exchange = None
        if self.transport is not None:
            self.transport.abort()

    def _head(self, status: int, reason: bytes, lines: bytes) -> bytes:
        request = self.request
        keep = request is not None and request.keep_alive and not self._host.draining
        if not keep:
            lines += b"Connection: close\r\n"
        elif request is not None and request.old:
            lines += b"Connection: keep-alive\r\n"
        return b"HTTP/1.1 %d %b\r\n%b" % (status, reason, lines)

    def _answered(self) -> None:
        request, self.request = self.request, None
        self.exchange = None
        if request is None or self.transport is None:
            return
        eof = self._eof and not self._queue
        if not request.keep_alive or self._discarding or self._host.draining or eof:
            self.close_politely()
            return
        self.deadline = time.monotonic() + IDLE_LIMIT
        if self._queue or self._paused:
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
        self._discarding = True
        self._queue.clear()
        if self._phase is Phase.IDLE or self._eof:
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
        if self._phase is not Phase.IDLE and self.request is None and not self._discarding:
            self._refuse(408)
        else:
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        """Answer what cannot be parsed, after the answers that are owed."""
        if self.request is not None or self._discarding:
            self._discarding = True
            return
        self._discarding = True
        self.request = Request(b"", b"", b"", b"", [], keep_alive=False)
        self.respond(status, HTTPStatus(status).phrase.encode(), b"", b"")

    def _too_large(self) -> None:
        if not self._discarding and self.request is None:
            self.request = Request(b"POST", self._target, self._target, b"", self._headers, keep_alive=False)
            self._host.refuse_body(self)
        self._discarding = True
        self._body = []


def _wants_websocket(headers: Headers) -> bool:
    return any(name.lower() == b"upgrade" and value.lower() == b"websocket" for name, value in headers)


def _origin_form(target: bytes) -> bytes:
    """'http://host/path?query' as '/path?query'; b'*' and the like stay as they are."""
    _, mark, rest = target.partition(b"://")
    if not mark:
        return target
    slash = rest.find(b"/")
    return rest[slash:] if slash >= 0 else b"/"
