"""The load: N connections, each sends the next request when the last one was answered. Prints one JSON line.

`python -m bench.load --url ws://… --connections 100 --seconds 3`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

_REQUEST = b'{"jsonrpc":"2.0","id":%d,"method":"eth_blockNumber","params":[]}'
_WARM_UP = 0.2  # seconds: all connections ask their first question in the same instant, of a relay that has not run yet


class Tally:
    """What all connections of a run have seen. Latencies are in seconds, without those of the warm-up."""

    def __init__(self, until: float) -> None:
        self.since = until
        self.until = until
        self.requests = 0
        self.latencies: list[float] = []
        self.running = 0
        self.finished = asyncio.Event()

    def answered(self, sent: float, now: float) -> None:
        self.requests += 1
        if sent >= self.since:
            self.latencies.append(now - sent)

    def done(self) -> None:
        self.running -= 1
        if self.running == 0:
            self.finished.set()


class WsLoad(WSListener):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._sent = 0.0
        self._id = 0

    def begin(self, transport: WSTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._id += 1
        self._sent = time.perf_counter()
        self._transport.send(WSMsgType.TEXT, _REQUEST % self._id)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        now = time.perf_counter()
        self._tally.answered(self._sent, now)
        if now < self._tally.until:
            self._next()
        else:
            transport.send_close()
            transport.disconnect()

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self._tally.done()

    def pause_writing(self) -> None:
        """One request at a time."""

    def resume_writing(self) -> None:
        """See pause_writing."""


class HttpLoad(asyncio.Protocol):
    def __init__(self, tally: Tally, path: str) -> None:
        self._tally = tally
        self._path = path.encode()
        self._data = b""
        self._id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self) -> None:
        self._id += 1
        body = _REQUEST % self._id
        self._sent = time.perf_counter()
        self._transport.write(
            b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (self._path, len(body), body)
        )

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._data.rstrip().endswith(b"}"):
            return
        self._data = b""
        now = time.perf_counter()
        self._tally.answered(self._sent, now)
        if now < self._tally.until:
            self.begin()
        else:
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._tally.done()


async def main(url: str, connections: int, seconds: float, *, idle: bool) -> None:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    tally = Tally(0.0)
    opened: list[tuple[WsLoad, WSTransport] | HttpLoad] = []
    for _ in range(connections):
        if parts.scheme == "ws":
            transport, listener = await ws_connect(
                lambda: WsLoad(tally), url, read_buffer_init_size=2048, websocket_handshake_timeout=None
            )
            assert isinstance(listener, WsLoad)  # noqa: S101 - made one line above
            opened.append((listener, transport))
        else:
            where = parts.hostname or "127.0.0.1", parts.port or 80
            _, protocol = await loop.create_connection(lambda: HttpLoad(tally, parts.path), *where)
            opened.append(protocol)
    print("open", flush=True)
    if idle:
        await loop.create_future()
    tally.running = connections
    started = time.perf_counter()
    tally.since = started + _WARM_UP
    tally.until = tally.since + seconds
    for one in opened:
        if isinstance(one, HttpLoad):
            one.begin()
        else:
            one[0].begin(one[1])
    await tally.finished.wait()
    took = time.perf_counter() - started
    ordered = sorted(tally.latencies)
    figures = {
        "requests": tally.requests,
        "rate": tally.requests / took,
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[len(ordered) * 99 // 100],
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--idle", action="store_true", help="open the connections and hold them")
    given = parser.parse_args()
    uvloop.run(main(given.url, given.connections, given.seconds, idle=given.idle))
