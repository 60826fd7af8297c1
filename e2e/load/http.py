"""The HTTP side of the load: as many kept connections as it takes, one post at a time on each."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import httptools

from e2e.clients import jsontext
from e2e.load.book import Book, Flight
from e2e.traffic.ids import POLICIES
from e2e.traffic.profiles import echoed

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.load.plan import Shot
    from e2e.load.tally import Tally

MOST: Final = 64  # connections; a shot that finds all of them busy waits, and its latency counts on
WAITING: Final = 1024  # shots; what comes on top is not sent
# seconds; a server may close what was idle for long just when a post is on its way there (RFC 9112, section 9.3.1)
MOST_IDLE: Final = 60.0


class HttpPool:
    """Posts to `url`. `fire` like a WebSocket lane's. Use on one loop."""

    def __init__(self, url: str, tally: Tally, now: Callable[[], float]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        self._tally = tally
        self._now = now
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[Shot] = deque()
        self._leaving = False
        self._ids = POLICIES["sequential"](lambda _: False)

    @property
    def outstanding(self) -> int:
        """Requests that were posted, and those that wait for a connection."""
        return sum(len(each.book.flights) for each in self._all) + sum(len(shot.calls) for shot in self._waiting)

    def fire(self, shot: Shot) -> bool:
        """Post, or keep it until a connection is free; False if too many wait already."""
        connection = self._kept()
        if connection is not None:
            self._post(connection, shot)
            return True
        if len(self._waiting) >= WAITING or self._leaving:
            return False
        self._waiting.append(shot)
        self._open_one()
        return True

    def _kept(self) -> _Connection | None:
        """The connection that became idle last; None, and all are dropped, if even that was long ago."""
        if self._idle and self._now() - self._idle[-1].idle_since <= MOST_IDLE:
            return self._idle.pop()
        while self._idle:
            self._idle.pop().drop()
        return None

    def expire(self, before: float) -> None:
        """Give up posts that were sent before that time, and what waited for so long."""
        for connection in list(self._all):
            if any(flight.sent < before for flight in connection.book.flights.values()):
                connection.book.expire(before)
                connection.drop()
        while self._waiting and self._waiting[0].at < before:
            self._tally.unsent["no connection"] += len(self._waiting.popleft().calls)

    def leave(self) -> None:
        """Close everything; what is open was never answered."""
        self._leaving = True
        for task in self._opening:
            task.cancel()
        while self._waiting:
            self._tally.unsent["no connection"] += len(self._waiting.popleft().calls)
        for connection in list(self._all):
            connection.book.end(cut=False)
            connection.drop()

    def freed(self, connection: _Connection) -> None:
        """A connection can take the next post."""
        if self._waiting:
            self._post(connection, self._waiting.popleft())
        else:
            connection.idle_since = self._now()
            self._idle.append(connection)

    def gone(self, connection: _Connection) -> None:
        """A connection is closed."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._waiting and not self._leaving:
            self._open_one()

    def _post(self, connection: _Connection, shot: Shot) -> None:
        now = self._now()
        texts = []
        for method, params in shot.calls:
            request_id = next(self._ids)
            connection.book.asked(request_id, Flight(method, echoed(params), shot.at, now))
            texts.append(jsontext.encode(request_id, method, params))
        body = texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"
        connection.send(f"{self._head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode(), now)

    def _open_one(self) -> None:
        if len(self._all) + len(self._opening) < MOST:
            task = asyncio.get_running_loop().create_task(self._dial())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _dial(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(self._connection, self._host, self._port)
        except OSError as error:
            if self._waiting:
                self._tally.unsent[type(error).__name__] += len(self._waiting.popleft().calls)

    def _connection(self) -> _Connection:
        return _Connection(self, Book("http", "http", self._tally), self._now)

    def opened(self, connection: _Connection) -> None:
        """A connection is there."""
        self._all.add(connection)
        self.freed(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, pool: HttpPool, book: Book, now: Callable[[], float]) -> None:
        self.book = book
        self._pool = pool
        self._now = now
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._transport: asyncio.Transport
        self.idle_since = 0.0

    def send(self, request: bytes, now: float) -> None:
        self.book.ring.note(now, ">", request[request.find(b"\r\n\r\n") + 4 :])
        self._transport.write(request)

    def drop(self) -> None:
        self._transport.abort()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.book.refuse("not HTTP", data[:80].decode(errors="replace"))
            self.drop()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.book.end(cut=True)
        self._pool.gone(self)

    # ---- httptools

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        status, raw = self._parser.get_status_code(), b"".join(self._body)
        self._body = []
        if status == 200:
            self.book.hear(raw, self._now())
            self.book.end(cut=False)  # what this body did not answer nothing will
        else:
            self.book.refuse(f"HTTP {status}", raw[:120].decode(errors="replace"))
        if self._parser.should_keep_alive():
            self._pool.freed(self)
        else:
            self._transport.close()
