"""The node of the benchmark: answers every request at once, over WebSocket and HTTP on one port, as cheaply as it can.

`python -m bench.node` prints its port on stdout.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

if TYPE_CHECKING:
    from picows import WSUpgradeRequest

_ID = re.compile(rb'"id":\s*([^,}]+)')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def answer(request: bytes) -> bytes:
    """A JSON-RPC answer in geth's layout: a block number, whatever was asked; false to eth_syncing."""
    match = _ID.search(request)
    result = b"false" if b"eth_syncing" in request else b'"0x10"'
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (match[1] if match else b"null", result)


class WsNode(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, answer(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()

    def pause_writing(self) -> None:
        """The load is closed-loop: nothing piles up."""

    def resume_writing(self) -> None:
        """See pause_writing."""


class HttpNode(asyncio.Protocol):
    """POSTs with a Content-Length, kept alive, not pipelined."""

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or (length and len(body) < int(length[1])):
            return
        self._data = b""
        text = answer(body)
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
        )


def _accept(_request: WSUpgradeRequest) -> WSListener:
    return WsNode()


async def main() -> None:
    loop = asyncio.get_running_loop()
    ws = await ws_create_server(_accept, "127.0.0.1", 0)
    http = await loop.create_server(HttpNode, "127.0.0.1", 0)
    print(ws.sockets[0].getsockname()[1], http.sockets[0].getsockname()[1], flush=True)
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(main())
