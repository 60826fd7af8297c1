"""What the HTTP and the WebSocket side of a fake node have in common: a port that can be shut, and connections that
can be hurt."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.rpc import Rpc

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Lane(ABC):
    """`accepts` counts connections since the start; `heard` the JSON-RPC requests, in order.

    `delay` (seconds) holds back every answer, `delays` those of single methods. `hold` stands for SIGSTOP: nothing is
    read or written until `release`.
    """

    scheme: str

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self.port = 0
        self.accepts = 0
        self.heard: list[dict[str, Any]] = []
        self.delay = 0.0
        self.delays: dict[str, float] = {}
        # methods that are heard and never answered
        self.ignored: set[str] = set()
        self._running = asyncio.Event()
        self._running.set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def methods(self) -> list[str]:
        """What was asked, in order, probes of the monitor aside: those have the id 1."""
        return [str(request.get("method")) for request in self.heard if request.get("id") != 1]

    def count(self, method: str) -> int:
        return sum(request.get("method") == method for request in self.heard)

    # ---- the port

    async def open(self) -> None:
        """Listen: on a free port the first time, on the same one ever after."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        await self._listen(listening)

    @abstractmethod
    async def _listen(self, listening: socket.socket) -> None: ...

    @abstractmethod
    async def refuse(self) -> None:
        """Close the port, leave open connections alone; `open` undoes it."""
        ...

    @abstractmethod
    def transports(self) -> list[asyncio.Transport]:
        """The open connections."""
        ...

    def reset(self) -> None:
        """Break every open connection with a TCP reset."""
        for transport in self.transports():
            break_with_reset(transport)

    async def die(self) -> None:
        """As SIGKILL: the port closed, every connection reset."""
        await self.refuse()
        self.reset()

    # ---- SIGSTOP

    @property
    def held(self) -> bool:
        return not self._running.is_set()

    def hold(self) -> None:
        self._running.clear()
        for transport in self.transports():
            if transport.is_reading():
                transport.pause_reading()

    def release(self) -> None:
        self._running.set()
        for transport in self.transports():
            if not transport.is_reading():
                transport.resume_reading()

    async def answer(self, request: dict[str, Any], subscribe: Callable[[list[Any]], str | int] | None) -> Any:
        """The answer object to one request, after its delay; None if there is to be none."""
        self.heard.append(request)
        method = str(request.get("method"))
        pause = self.delays.get(method, self.delay)
        if pause:
            await asyncio.sleep(pause)
        await self._running.wait()
        if method in self.ignored or "id" not in request:
            return None
        return self.rpc.answer(request, subscribe)


def unacknowledged(connection: socket.socket) -> int:
    """Bytes that the kernel was given to send and that have not arrived yet."""
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def break_with_reset(transport: asyncio.BaseTransport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:  # what is lost is told of a moment after it is closed
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    if isinstance(transport, asyncio.Transport) or hasattr(transport, "abort"):
        transport.abort()
