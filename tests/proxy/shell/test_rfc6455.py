"""RFC 6455 over the real listener: what is allowed is answered, what is not is closed with the right code."""

from __future__ import annotations

import asyncio
import struct

import orjson
import pytest

from proxy.config import WebSocketLimits
from proxy.shell import websocket
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import running
from tests.proxy.shell.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, close, frame

pytestmark = pytest.mark.anyio
CALL = b'{"jsonrpc":"2.0","id":"x","method":"eth_blockNumber","params":[]}'
LIMIT = 4096

ANSWERED = {
    "a text": [frame(TEXT, CALL)],
    "a binary": [frame(BINARY, CALL)],
    "fragments": [frame(TEXT, CALL[:9], fin=False), frame(0, CALL[9:20], fin=False), frame(0, CALL[20:])],
    "an empty first and last fragment": [frame(TEXT, fin=False), frame(0, CALL, fin=False), frame(0)],
    "a fragment that splits a character": [
        frame(TEXT, CALL.replace(b"x", "é".encode())[:29], fin=False),
        frame(0, CALL.replace(b"x", "é".encode())[29:]),
    ],
    "an unasked pong": [frame(PONG, b"?"), frame(TEXT, CALL)],
    "a message as long as allowed": [frame(TEXT, CALL[:-2] + b" " * (LIMIT - len(CALL)) + CALL[-2:])],
}

# nobody knows where the next frame would begin, or there is none
CUT = {
    "no mask": (frame(TEXT, CALL, masked=False), 1002),
    "a reserved opcode": (frame(3, b""), 1002),
    "a reserved control opcode": (frame(0xB, b""), 1002),
    "a ping in fragments": (frame(PING, b"", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"p" * 126), 1002),
    "a length longer than need be": (b"\x81\xfe" + struct.pack("!H", 5) + b"\0\0\0\0hello", 1002),
    "a length with the highest bit": (b"\x81\xff" + struct.pack("!Q", 1 << 63), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close code that is never sent": (close(1005), 1002),
    "a close code of nobody": (close(999), 1002),
    "a close reason that is no text": (close(1000, b"\xff\xfe"), 1007),
    "a frame over the limit": (frame(TEXT, b" " * (LIMIT + 1)), 1009),
}

CLOSED = {
    "a reserved bit": (frame(TEXT, CALL, rsv=4), 1002),
    "a reserved bit in a continuation": (frame(TEXT, fin=False) + frame(0, CALL, rsv=1), 1002),
    "a continuation of nothing": (frame(0, CALL), 1002),
    "a message inside a message": (frame(TEXT, b"{", fin=False) + frame(TEXT, CALL), 1002),
    "a message that is no text": (frame(TEXT, b'{"id": "\xc3\x28"}'), 1007),
    "a message that breaks off in a character": (frame(TEXT, b'"\xc3'), 1007),
    "fragments over the limit": (frame(TEXT, b" " * LIMIT, fin=False) + frame(0, b" " * LIMIT), 1009),
}


@pytest.mark.parametrize("frames", ANSWERED.values(), ids=ANSWERED.keys())
@pytest.mark.parametrize("together", [True, False], ids=["in one piece", "byte for byte"])
async def test_answered(frames: list[bytes], *, together: bool) -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        for data in [b"".join(frames)] if together else [bytes([byte]) for byte in b"".join(frames)]:
            wire.write(data)
            await asyncio.sleep(0)
        answer = await wire.read()
        assert answer.opcode == TEXT
        assert orjson.loads(answer.payload)["result"] == hex(node.chain.head.number)


async def test_pings_are_answered_also_inside_a_message() -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(frame(TEXT, CALL[:5], fin=False) + frame(PING, b"now") + frame(0, CALL[5:]))
        assert await wire.read() == (PONG, b"now")
        assert (await wire.read()).opcode == TEXT


@pytest.mark.parametrize(("data", "code"), CUT.values(), ids=CUT.keys())
async def test_frames_that_are_none_are_told_why_and_the_connection_ends(data: bytes, code: int) -> None:
    limits = WebSocketLimits(ws_max_frame_size=LIMIT)
    async with FakeNode() as node, running([node], websocket=limits) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(data)
        answer = await wire.read()
        assert (answer.opcode, answer.code) == (CLOSE, code)
        assert await wire.ended()


@pytest.mark.parametrize(("data", "code"), CLOSED.values(), ids=CLOSED.keys())
async def test_messages_that_are_none_are_told_why_and_the_clients_own_close_ends_it(
    data: bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_GRACE", 60.0)  # however late the client's close comes
    limits = WebSocketLimits(ws_max_frame_size=LIMIT)
    async with FakeNode() as node, running([node], websocket=limits) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(data)
        answer = await wire.read()
        assert (answer.opcode, answer.code) == (CLOSE, code)
        wire.write(close(code))
        assert await wire.ended()


@pytest.mark.parametrize("data", [close(1000, b"bye"), close(1001), close(4321), frame(CLOSE)])
async def test_a_close_is_answered_and_the_connection_ends(data: bytes) -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(data)
        assert (await wire.read()).opcode == CLOSE
        assert await wire.ended()
        assert await proxy.metric("vixy_ws_connections_active") == 0


async def test_an_upgrade_and_its_first_message_in_one_piece() -> None:
    calls = frame(TEXT, CALL) * 40
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url, with_it=calls) as wire:
        assert b"101" in wire.head.splitlines()[0]
        for _ in range(40):
            assert (await wire.read()).opcode == TEXT


@pytest.mark.parametrize(
    "headers",
    ["Connection: keep-alive, Upgrade", "Connection: keep-alive\r\nConnection: upgrade", f"Cookie: {'c' * 40_000}"],
    ids=["as Firefox", "in two lines", "long"],
)
async def test_an_upgrade_may_have_other_words_and_be_long(headers: str) -> None:
    if not headers.startswith("Connection"):
        headers += "\r\nConnection: Upgrade"
    async with FakeNode() as node, running([node]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(
            f"GET /el/ws HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\n{headers}\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = await reader.readline()
        writer.close()
        assert b" 101 " in answer


@pytest.mark.parametrize(
    ("header", "status"),
    [("Sec-WebSocket-Version: 12\r\n", b"400"), ("Sec-WebSocket-Key: short\r\n", b"400")],
)
async def test_a_wrong_handshake_is_refused(header: str, status: bytes) -> None:
    name = header.partition(":")[0]
    async with FakeNode() as node, running([node]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        given = {
            "Host": "proxy",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        }
        lines = "".join(f"{key}: {value}\r\n" for key, value in given.items() if key != name)
        writer.write(f"GET /el/ws HTTP/1.1\r\n{lines}{header}\r\n".encode())
        assert status in await reader.readline()
        assert await reader.read()
        writer.close()
        assert len(proxy.server.gate) == 0
