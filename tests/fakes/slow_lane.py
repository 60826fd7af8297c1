"""A line to the WebSocket side of a fake node over which little passes at a time."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from proxy.nodes import Node
    from tests.fakes.node import FakeNode

_TICK = 0.02  # seconds


class SlowLane:
    """A `node` as `running` takes it. `rate`: bytes a second from the node; `open`: set while anything passes."""

    def __init__(self, node: FakeNode, rate: int) -> None:
        self._node = node
        self._portion = int(rate * _TICK)
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.passed = 0

    @property
    def node(self) -> Node:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return replace(self._node.node, ws_url=f"ws://127.0.0.1:{port}")

    async def __aenter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # a line holds little of what is sent
        self._server = await asyncio.start_server(self._carry, sock=listening)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_node, to_node = await asyncio.open_connection("127.0.0.1", self._node.ws.port)
        self._ways |= {
            asyncio.create_task(self._pass(reader, to_node, 1 << 16)),
            asyncio.create_task(self._pass(from_node, writer, self._portion)),
        }

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, portion: int) -> None:
        try:
            while data := await reader.read(portion):
                await self.open.wait()
                writer.write(data)
                self.passed += len(data)
                await asyncio.sleep(_TICK)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
