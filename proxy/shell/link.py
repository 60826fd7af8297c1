"""One HTTP/1.1 connection to a node: a request at a time, its response as it comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

import httptools

from proxy.shell.headers import Heads, ResponseHead, read_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.shell.headers import Headers

MAX_HEAD: Final = 1 << 18  # bytes in a row that are no body: of heads, or of trailers


class Failure(NamedTuple):
    """Why no whole response came.

    `written`: (part of) the request may have reached the node. `stale`: the connection had served before and broke
    without a byte of this response, as one does that the node had just closed for being idle. `refused`: nobody
    listens there.
    """

    reason: str
    written: bool = True
    stale: bool = False
    refused: bool = False


class Receiver(Protocol):
    """Who waits for a response: `on_head`, `on_body`*, `on_end`; or `on_whole` for a small one that came at once.

    Or `on_failure` at any point before the end.
    """

    def on_written(self, link: Link) -> None: ...
    def on_head(self, head: ResponseHead) -> None: ...
    def on_body(self, data: bytes) -> None: ...
    def on_end(self) -> None: ...
    def on_whole(self, head: ResponseHead, body: bytes) -> None: ...
    def on_failure(self, failure: Failure) -> None: ...


class Link(asyncio.Protocol):
    """`freed` is called when the link can take another request, or is closed for good (`closed`).

    `heads` may be shared by all links to a node.
    """

    __slots__ = (
        "_chunk",
        "_ended",
        "_freed",
        "_head",
        "_head_only",
        "_headers",
        "_heads",
        "_heard",
        "_no_body",
        "_parser",
        "_paused",
        "_reason",
        "_receiver",
        "_reusable",
        "_transport",
        "_until_eof",
        "closed",
        "idle_since",
        "served",
    )

    def __init__(self, freed: Callable[[Link], None], heads: Heads[ResponseHead]) -> None:
        self._freed = freed
        self._heads = heads
        self._head: ResponseHead | None = None
        self._chunk = b""
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        # whose response was read to its end, while the piece that brought the end is still being read
        self._ended: Receiver | None = None
        self._reusable = False
        self._no_body = 0
        self._headers: Headers = []
        self._reason = b""
        self._heard = False
        self._head_only = False
        self._until_eof = False
        self._paused = False
        self.closed = False
        self.served = 0
        self.idle_since = 0.0

    def send(self, request: bytes, receiver: Receiver, *, head_only: bool = False) -> None:
        """Write `request`; `head_only`: its response has no body (HEAD)."""
        transport = cast("asyncio.Transport", self._transport)
        self._receiver = receiver
        self._headers = []
        self._heard = False
        self._head_only = head_only
        transport.write(request)
        receiver.on_written(self)

    @property
    def usable(self) -> bool:
        return not self.closed and self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        """Give the response up, and the connection with it; the receiver hears nothing more."""
        self._receiver = None
        if self._transport is not None:
            self._transport.abort()
        self._close()

    def pause_reading(self) -> None:
        if self.usable and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and self.usable and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)  # until the connection is lost: it refers to this

    def data_received(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            # an idle connection has nothing to say but that it closes (some send a 408 first)
            self.abort()
            return
        self._chunk = b""
        if not self._heard:
            self._heard = True
            self._chunk = data
            end = data.find(b"\r\n\r\n") + 4
            head = self._heads.get(data[:end])
            if head is not None and not self._head_only and len(data) - end == int(head.length or 0):
                self._complete(reusable=True, whole=(head, data[end:]))
                return
        self._no_body += len(data)
        self._parse(data)
        if self._ended is not None:
            # not before all was read: what a node says unasked must not be taken for the answer to the next request
            self._receiver, self._ended = self._ended, None
            self._complete(reusable=self._reusable)
        elif self._no_body > MAX_HEAD and self._receiver is not None:
            self._break("a head without end")

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._break("a switch to another protocol")
        except httptools.HttpParserError as error:
            self._reusable = False
            if self._ended is None:
                self._break(f"not HTTP: {error}")

    def eof_received(self) -> None:
        if self._until_eof and self._receiver is not None:
            self._complete(reusable=False)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._receiver is not None:
            self._break("connection reset" if exc is not None else "connection closed")
        self._close()
        del self._parser

    # ---- httptools callbacks

    def on_message_begin(self) -> None:
        self._reason = b""
        if self._receiver is None:
            self._reusable = False

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._receiver is None:
            return
        bodiless = self._head_only or status in (204, 304)
        self._until_eof = not bodiless and not self._parser.should_keep_alive() and not self._framed()
        self._head = read_response(status, self._reason, self._headers, bodiless=bodiless)
        self._receiver.on_head(self._head)
        if self._head_only:
            # the parser cannot be told that no body follows, so it ends with this response
            self._complete(reusable=False)

    def on_body(self, data: bytes) -> None:
        self._no_body = 0
        if self._receiver is not None:
            self._receiver.on_body(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._headers = []
        elif self._receiver is not None:
            reusable = self._reusable = self._parser.should_keep_alive()
            head = self._head
            if reusable and self._chunk and head is not None and head.length is not None and not head.bodiless:
                self._heads.learn(self._chunk, int(head.length), head)
            self._ended, self._receiver = self._receiver, None
            self._no_body = 0

    # ---- ends

    def _framed(self) -> bool:
        return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers)

    def _complete(self, *, reusable: bool, whole: tuple[ResponseHead, bytes] | None = None) -> None:
        receiver, self._receiver = self._receiver, None
        transport = cast("asyncio.Transport", self._transport)
        self.served += 1
        # a node that answers before it has read the whole request may never read the rest
        early = transport.get_write_buffer_size() > 0
        if reusable and not early and self.usable:
            self.resume_reading()  # the client was slow to the very end: the next one need not be
            self._freed(self)
        elif not self.closed:
            if early:
                transport.abort()
            else:
                transport.close()
            self._close()
        if receiver is not None and whole is not None:
            receiver.on_whole(*whole)
        elif receiver is not None:
            receiver.on_end()

    def _break(self, reason: str) -> None:
        receiver, self._receiver = self._receiver, None
        if self._transport is not None:
            self._transport.abort()
        self._close()
        if receiver is not None:
            receiver.on_failure(Failure(reason, stale=self.served > 0 and not self._heard))

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self._freed(self)
