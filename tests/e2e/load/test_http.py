"""Which kept connection a post goes out on."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from e2e.load import http
from e2e.load.http import HttpPool, _Connection
from e2e.load.plan import Shot
from e2e.load.tally import Tally


class Server:
    """Answers every post on every connection, and counts those."""

    def __init__(self) -> None:
        self.connections: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        body = b'{"jsonrpc":"2.0","id":0,"result":"0x1"}'
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.rpartition(b"Content-Length:")[2]))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()


class Pool(HttpPool):
    """Says when a post was answered."""

    answered = asyncio.Event()

    def freed(self, connection: _Connection) -> None:
        super().freed(connection)
        if self.outstanding == 0:
            self.answered.set()


def test_no_post_goes_out_on_a_connection_that_was_idle_for_long() -> None:
    """The server may be closing it at that moment."""

    async def play() -> list[int]:
        clock, seen, server = 0.0, [], Server()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        pool = Pool(url, Tally(lambda _: None), lambda: clock)
        for pause in (0.0, http.MOST_IDLE, http.MOST_IDLE + 1):
            clock += pause
            pool.answered.clear()
            assert pool.fire(Shot(clock, "http", -1, (("eth_blockNumber", []),)))
            await asyncio.wait_for(pool.answered.wait(), 10)
            seen.append(len(server.connections))
        pool.leave()
        listening.close()
        await asyncio.wait([each for each in server.connections if each is not None])
        return seen

    first, second, third = asyncio.run(play())
    assert first == second == 1
    assert third > 1
