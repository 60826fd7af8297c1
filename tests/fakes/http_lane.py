"""The HTTP side of a fake node: a real server that does as it is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import httptools
import orjson

from tests.fakes.lane import Lane, break_with_reset, unacknowledged

if TYPE_CHECKING:
    import socket

    from tests.fakes.rpc import Rpc


@dataclass(slots=True)
class Heard:
    """One HTTP request as it arrived."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass(slots=True)
class Canned:
    """A response to give instead of the right one. `body` None: the right body. `times` None: for ever."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes | None = None
    times: int | None = None


class HttpLane(Lane):
    """`canned` gives responses by JSON-RPC method ('*': any; for other requests by path); `pages` are bodies by path.

    `cut_after` resets the connection after that many bytes of a body, `stop_after` only stops there; `close_idle`
    (seconds) closes connections that rest; `requests_per_connection` closes a connection when it is asked more often,
    without an answer, as if both had happened at once; `chunked` frames bodies in chunks of that many bytes;
    `streams` are paths whose body never ends.
    """

    scheme = "http"

    def __init__(self, rpc: Rpc) -> None:
        super().__init__(rpc)
        self.requests: list[Heard] = []
        self.canned: dict[str, Canned] = {}
        self.cut_after: int | None = None
        self.stop_after: int | None = None
        self.close_idle: float | None = None
        self.requests_per_connection: int | None = None
        self.chunked: int | None = None
        self.pages: dict[str, bytes] = {}
        self.streams: set[str] = set()
        self.subscribers: list[asyncio.Transport] = []
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def _listen(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=listening)

    async def refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    def transports(self) -> list[asyncio.Transport]:
        return [connection.transport for connection in self._connections]

    def joined(self, connection: _Connection) -> None:
        self.accepts += 1
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    def push(self, data: bytes) -> None:
        """Send a piece to every open stream."""
        for transport in self.subscribers:
            transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def take_canned(self, *keys: str) -> Canned | None:
        for key in (*keys, "*"):
            canned = self.canned.get(key)
            if canned is None:
                continue
            if canned.times is not None:
                canned.times -= 1
                if canned.times <= 0:
                    del self.canned[key]
            return canned
        return None

    async def body_for(self, heard: Heard) -> tuple[bytes | None, list[str]]:
        """The right body, and the names under which a canned response may stand for it."""
        value = orjson.loads(heard.body) if heard.body else {}
        if isinstance(value, dict) and "method" not in value:
            path = heard.target.decode().partition("?")[0]
            await asyncio.sleep(self.delays.get(path, self.delay))
            await self._running.wait()
            return self.pages.get(path, b"{}"), [path]
        if isinstance(value, list):
            answers = [await self.answer(item, None) for item in value]
            return orjson.dumps([answer for answer in answers if answer is not None]), []
        answer = await self.answer(value, None)
        keys = [str(value.get("method"))]
        if value.get("method") in self.ignored:
            return None, keys
        return (orjson.dumps(answer) if answer is not None else b""), keys


class _Connection(asyncio.Protocol):
    def __init__(self, lane: HttpLane) -> None:
        self._lane = lane
        self._parser = httptools.HttpRequestParser(self)
        self._heard = Heard(b"", b"", [])
        self._work: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._served = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._lane.joined(self)
        if self._lane.held:
            self.transport.pause_reading()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lane.left(self)
        if self._work is not None:
            self._work.cancel()
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._heard = Heard(b"", b"", [])
        if self._idle is not None:
            self._idle.cancel()

    def on_url(self, url: bytes) -> None:
        self._heard.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._heard.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._heard.body += data

    def on_message_complete(self) -> None:
        self._heard.method = self._parser.get_method()
        self._served += 1
        most = self._lane.requests_per_connection
        if most is not None and self._served > most:
            self.transport.close()
            return
        self._lane.requests.append(self._heard)
        self._work = asyncio.get_running_loop().create_task(self._respond(self._heard))

    async def _respond(self, heard: Heard) -> None:
        lane = self._lane
        path = heard.target.decode().partition("?")[0]
        if path in lane.streams:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.transport.write(head)
            lane.subscribers.append(self.transport)
            return
        body, keys = await lane.body_for(heard)
        if body is None:
            return
        canned = lane.take_canned(*keys) or Canned()
        headers = canned.headers or [(b"Content-Type", b"application/json")]
        self._write(canned.status, headers, body if canned.body is None else canned.body, heard.method == b"HEAD")
        if lane.close_idle is not None:
            self._idle = asyncio.get_running_loop().call_later(lane.close_idle, self.transport.close)

    def _write(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes, head_only: bool) -> None:
        lane = self._lane
        lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        if lane.chunked is None:
            lines += b"Content-Length: %d\r\n" % len(body)
            framed = body
        else:
            lines += b"Transfer-Encoding: chunked\r\n"
            size = lane.chunked
            pieces = [body[at : at + size] for at in range(0, len(body), size)]
            framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        framed = framed[: lane.stop_after if lane.cut_after is None else lane.cut_after]
        self.transport.write(b"HTTP/1.1 %d Told So\r\n%b\r\n%b" % (status, lines, b"" if head_only else framed))
        if lane.cut_after is not None:
            self._reset_when_all_is_there()

    def _reset_when_all_is_there(self) -> None:
        """A reset takes away what was not sent yet: how much the other side saw would depend on who was quicker."""
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() or unacknowledged(self.transport.get_extra_info("socket")):
            asyncio.get_running_loop().call_later(0.005, self._reset_when_all_is_there)
        else:
            break_with_reset(self.transport)
