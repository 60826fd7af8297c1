"""A WebSocket client that may break every rule: it writes the bytes it is told to and reads frames one by one."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import NamedTuple, Self
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x11\x22\x33\x44"


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """The close code; 1005 where there is none."""
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 1005


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """One frame as a client writes it, unless told otherwise."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size = len(payload)
    if size < 126:
        length = struct.pack("!B", size | (0x80 if masked else 0))
    elif size < 1 << 16:
        length = struct.pack("!BH", 126 | (0x80 if masked else 0), size)
    else:
        length = struct.pack("!BQ", 127 | (0x80 if masked else 0), size)
    if masked:
        mask = (MASK * (size // 4 + 1))[:size]
        payload = MASK + (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)
    return bytes([first]) + length + payload


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Wire:
    """An open connection to the proxy's WebSocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self.head = head

    @classmethod
    async def open(cls, url: str, target: str = "/el/ws", headers: str = "", with_it: bytes = b"") -> Self:
        """Upgrade; `with_it` is sent in one piece with the request."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
            + with_it
        )
        return cls(reader, writer, await reader.readuntil(b"\r\n\r\n"))

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drained(self, data: bytes) -> None:
        """Write, and wait until the proxy has taken most of what was written."""
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> Frame:
        """The next frame; raises IncompleteReadError where the connection ends instead."""
        async with asyncio.timeout(5):
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            return Frame(first & 0x0F, await self._reader.readexactly(size))

    def vanish(self, repair: int) -> None:
        """Be gone without a word: `repair` is the socket option that makes it so. Raises PermissionError."""
        seen = self._writer.get_extra_info("socket")
        seen.setsockopt(socket.IPPROTO_TCP, repair, 1)
        self._writer.transport.abort()

    async def ended(self) -> bool:
        """Wait until the proxy closes the connection; ConnectionResetError if it has not read all by then."""
        async with asyncio.timeout(5):
            return await self._reader.read() == b""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()
