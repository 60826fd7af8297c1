"""Bytes of a client in, whole requests out, within limits of size."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

import httptools

from proxy.shell.headers import Heads, RequestHead, read_request

if TYPE_CHECKING:
    from proxy.shell.headers import Headers

MAX_HEAD: Final = 64 * 1024


class Request:
    """A whole request. `rest` is what came after the head of an upgrade to WebSocket; None for all others."""

    __slots__ = ("body", "head", "rest")

    def __init__(self, head: RequestHead, body: bytes, rest: bytes | None = None) -> None:
        self.head = head
        self.body = body
        self.rest = rest


class Phase(Enum):
    """What is being read at present."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    OVER = auto()


class Owner(Protocol):
    """Who is told what was read."""

    def head_began(self) -> None: ...
    def head_read(self, head: RequestHead) -> None: ...
    def arrived(self, request: Request) -> None: ...
    def refused(self, status: int, target: bytes) -> None:
        """What came cannot be served (400, 405, 413, 431); nothing that follows is read."""
        ...


class RequestReader:
    """`heads` may be shared by all readers of a listener. After an upgrade or a refusal nothing more is read."""

    __slots__ = (
        "_began_here",
        "_body",
        "_chunk",
        "_head",
        "_head_size",
        "_headers",
        "_heads",
        "_max_body_size",
        "_owner",
        "_parser",
        "_target",
        "_upgrade",
        "phase",
    )

    def __init__(self, owner: Owner, heads: Heads[RequestHead], max_body_size: int) -> None:
        self._owner = owner
        self._heads = heads
        self._max_body_size = max_body_size
        self._parser = httptools.HttpRequestParser(self)
        self._headers: Headers = []
        self._head: RequestHead | None = None
        self._target = b""
        self._body = bytearray()
        self._chunk = b""
        self._head_size = 0
        self._began_here = False
        self._upgrade: RequestHead | None = None
        self.phase = Phase.IDLE

    def feed(self, data: bytes) -> None:
        if self.phase is Phase.IDLE:
            end = data.find(b"\r\n\r\n") + 4
            head = self._heads.get(data[:end])
            if head is not None and len(data) == end + (head.length or 0):
                self._owner.arrived(Request(head, data[end:]))
                return
        elif self.phase is Phase.OVER:
            return
        while data:
            data = self._parse(data)

    def _parse(self, data: bytes) -> bytes:
        """What is to be read once more."""
        self._chunk = data
        self._began_here = self.phase is Phase.IDLE
        self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._after_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            raise  # an error of ours: the loop tells of it and closes the connection
        except httptools.HttpParserError:
            self._refuse(400)
        if self._head_size > MAX_HEAD and self.phase in (Phase.HEAD, Phase.BODY):
            self._refuse(431)
        return b""

    def stop(self) -> None:
        """Read nothing more."""
        self.phase = Phase.OVER

    def let_go(self) -> None:
        """The connection is over. Owner, parser and this refer to one another: nobody need find that out later."""
        self.phase = Phase.OVER
        del self._owner, self._parser

    # ---- httptools callbacks

    def on_message_begin(self) -> None:
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.HEAD
        self._headers = []
        self._target = b""
        self._body = bytearray()
        self._head_size = 0
        self._owner.head_began()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.BODY
        if len(self._chunk) > MAX_HEAD and sum(len(n) + len(v) for n, v in self._headers) > MAX_HEAD:
            self._refuse(431)
            return
        parser = self._parser
        if parser.get_method() == b"CONNECT":  # the parser takes whatever follows for a tunnel
            self._refuse(405)
            return
        head = self._head = read_request(
            parser.get_method(),
            self._target,
            self._headers,
            keep_alive=parser.should_keep_alive(),
            old=parser.get_http_version() == "1.0",
        )
        if parser.should_upgrade():
            self._upgrade = head
        elif (head.length or 0) > self._max_body_size:
            self._refuse(413)
        else:
            self._owner.head_read(head)

    def on_body(self, data: bytes) -> None:
        self._head_size = 0  # trailers may follow
        if len(self._body) + len(data) > self._max_body_size:
            self._refuse(413)
        elif self.phase is not Phase.OVER:
            self._body += data

    def on_message_complete(self) -> None:
        head = self._head
        if self.phase is Phase.OVER or self._upgrade is not None or head is None:
            return
        self.phase = Phase.IDLE
        body, self._body = bytes(self._body), bytearray()
        if self._began_here and head.length is not None and not head.expects:
            self._heads.learn(self._chunk, head.length, head)
        self._owner.arrived(Request(head, body))

    def _after_upgrade(self, rest: bytes) -> bytes:
        """The parser stops at every offer of another protocol, whether we take it or not. What is to be read anew."""
        head, self._upgrade = self._upgrade, None
        if head is None or self.phase is Phase.OVER:
            return b""
        if any(name.lower() == b"upgrade" and value.lower() == b"websocket" for name, value in head.headers):
            self.phase = Phase.OVER
            self._owner.arrived(Request(head, b"", rest))
            return b""
        # h2c and the like: a server may go on as if nothing had been offered, so the request is read once more
        self._parser = httptools.HttpRequestParser(self)
        self.phase = Phase.IDLE
        return head.text(without=b"upgrade") + rest

    def _refuse(self, status: int) -> None:
        if self.phase is not Phase.OVER:
            self.phase = Phase.OVER
            self._body = bytearray()
            self._owner.refused(status, self._target)
