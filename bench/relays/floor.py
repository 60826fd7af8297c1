"""The floor: picows on both sides and not one line more than passing frames on. HTTP: httptools on both sides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import httptools
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect, ws_create_server

from bench.relays.arguments import Arguments, arguments

if TYPE_CHECKING:
    from picows import WSUpgradeRequest


class Side(WSListener):
    """One side of a relayed connection."""

    def __init__(self) -> None:
        self.other: WSTransport | None = None
        self.waiting: list[bytes] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            if self.other is None:
                self.waiting.append(frame.get_payload_as_bytes())
            else:
                self.other.send(WSMsgType.TEXT, frame.get_payload_as_memoryview())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        if self.other is not None:
            self.other.disconnect()

    def pause_writing(self) -> None:
        """The load is closed-loop."""

    def resume_writing(self) -> None:
        """See pause_writing."""


class Client(Side):
    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._upstream = upstream

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._task = asyncio.get_running_loop().create_task(self._dial(transport))

    async def _dial(self, transport: WSTransport) -> None:
        upstream, side = await ws_connect(Side, self._upstream)
        assert isinstance(side, Side)  # noqa: S101 - made two lines above
        side.other = transport
        for message in self.waiting:
            upstream.send(WSMsgType.TEXT, message)
        self.other = upstream


class HttpSide(asyncio.Protocol):
    """A client's connection and the one that it is forwarded on."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._upstream: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._upstream is None:
            self._task = asyncio.get_running_loop().create_task(self._dial())
        else:
            self._forward(self._upstream)

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: HttpUpstream(self.transport), *self._where)
        self._upstream = transport
        self._forward(transport)

    def _forward(self, upstream: asyncio.Transport) -> None:
        body, self._body = self._body, b""
        upstream.write(b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._upstream is not None:
            self._upstream.close()


class HttpUpstream(asyncio.Protocol):
    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        self._client.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def main(given: Arguments) -> None:
    def accept(_request: WSUpgradeRequest) -> WSListener:
        return Client(given.ws)

    loop = asyncio.get_running_loop()
    ws = await ws_create_server(accept, "127.0.0.1", 0)
    http = await loop.create_server(lambda: HttpSide(*given.http_address), "127.0.0.1", 0)
    print(ws.sockets[0].getsockname()[1], http.sockets[0].getsockname()[1], flush=True)
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(main(arguments()))
