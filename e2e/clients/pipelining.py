"""An HTTP client that posts over one connection without waiting for answers, or by halves, and reads when told to."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httptools

from e2e.clients import jsontext
from e2e.ledger.entries import Failed, Received, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.clients.websocket import Request
    from e2e.ledger.recorder import Recorder

ROOM: Final = 64 * 1024  # bytes that its own buffers take, about; what else waits for it waits at the proxy's end
REST: Final = 0.001  # seconds between two reads: slower than any node, so that the proxy has to wait all the time


def post_head(url: str, framing: str) -> bytes:
    """Return the head of a post of JSON; `framing`: the field that says how long its body is."""
    where = urlsplit(url)
    lines = (f"POST {where.path} HTTP/1.1", f"Host: {where.netloc}", "Content-Type: application/json", framing)
    return "\r\n".join((*lines, "", "")).encode()


class PipeliningClient:
    """One connection to `url`, as RFC 9112 has it in section 9.3.2. It never judges."""

    def __init__(self, name: str, url: str, recorder: Recorder) -> None:
        self.name = name
        self.url = url
        self._recorder = recorder
        self._parser = httptools.HttpResponseParser(self)
        self._owed: deque[int] = deque()
        self._rest = b""
        self._body = bytearray()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, or raise OSError."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        connection.setblocking(False)
        try:
            where = urlsplit(self.url)
            await asyncio.get_running_loop().sock_connect(connection, (where.hostname, where.port))
            self._reader, self._writer = await asyncio.open_connection(sock=connection, limit=ROOM // 2)
        except OSError:
            connection.close()
            raise

    async def post(self, requests: Sequence[Request]) -> None:
        """Send requests, a body each."""
        for request in requests:
            self._write(*self._message(request))

    async def begin(self, request: Request) -> None:
        """Send a request up to the middle of its body."""
        head, body = self._message(request)
        half = len(body) // 2
        self._write(head, body[:half])
        self._rest = body[half:]

    async def finish(self) -> None:
        """Send what is left of the request that was begun."""
        self._write(self._rest)
        self._rest = b""

    def _message(self, request: Request) -> tuple[bytes, bytes]:
        """Write a request down; return its head and its body."""
        assert request.id is not None, "an answer without an id is nobody's"  # noqa: S101 (a slip of a step's)
        op, request_id = self._recorder.next_op(), jsontext.as_recorded(request.id)
        self._owed.append(op)
        self._recorder.record(
            Sent(self._recorder.now(), self.name, op, request_id, request.method, request.params, "http")
        )
        body = jsontext.encode(request.id, request.method, request.params).encode()
        return post_head(self.url, f"Content-Length: {len(body)}"), body

    def _write(self, *parts: bytes) -> None:
        assert self._writer is not None, f"{self.name} is not connected"  # noqa: S101 (as above)
        self._writer.write(b"".join(parts))

    async def read(self, within: float) -> None:
        """Read until every request has its answer; those that have none when the connection or the time ends failed."""
        assert self._reader is not None, f"{self.name} is not connected"  # noqa: S101 (as above)
        why = "the connection was closed"
        try:
            async with asyncio.timeout(within):
                while self._owed and (data := await self._reader.read(ROOM)):
                    self._parser.feed_data(data)
                    await asyncio.sleep(REST)
        except (OSError, httptools.HttpParserError) as error:  # TimeoutError is an OSError
            why = f"{type(error).__name__}: {error}"
        while self._owed:
            self._recorder.record(Failed(self._recorder.now(), self.name, self._owed.popleft(), why))

    async def close(self) -> None:
        """Be gone, whatever is owed."""
        if self._writer is not None:
            self._writer.transport.abort()

    # ---- httptools callbacks

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        op, now = self._owed.popleft(), self._recorder.now()
        for answer_id, frame in jsontext.frames(bytes(self._body)):
            status = self._parser.get_status_code()
            self._recorder.record(Received(now, self.name, answer_id, frame, "http", op, status))
        self._body.clear()
