"""The seam to picows: what the pinned version must go on doing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest
from picows import WSListener

from proxy.shell import picows_seam
from tests.fakes.lane import break_with_reset
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import call, running, until
from tests.proxy.shell.wire import TEXT, Wire, frame

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


async def test_what_waits_for_a_reader_stays_what_it_is() -> None:
    """Answers of every size that picows treats in a way of its own, all of them waiting behind one another."""
    sizes = [1, 125, 126, 8000, 8180, 8200, 70_000, 300_000] * 12
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        for number, size in enumerate(sizes):
            wire.write(frame(TEXT, orjson.dumps(call("eth_call", {"gas": hex(size)}, "latest", id_=number))))
        seen = {}
        for _ in sizes:
            answer = orjson.loads((await wire.read()).payload)
            seen[answer["id"]] = answer["result"]
        assert [len(seen[number]) for number in range(len(sizes))] == [2 + 2 * size for size in sizes]
        assert {result.strip("0xab") for result in seen.values()} == {""}


async def test_memory_that_is_given_back_is_none_of_a_message() -> None:
    """Long messages, each followed at once by part of the next: both ways, in one go."""
    sizes = [picows_seam.SIZEABLE + 1, 10, 2_000_000, 5000, 3_000_000, 70_000, 1] * 2
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        asked = [
            call("eth_call", {"gas": hex(size), "data": "0x" + "cd" * (size % 1_500_000)}, "latest", id_=number)
            for number, size in enumerate(sizes)
        ]
        wire.write(b"".join(frame(TEXT, orjson.dumps(one)) for one in asked))
        answers = [orjson.loads((await wire.read()).payload) for _ in sizes]
        assert {one["id"]: one["result"] for one in answers} == {
            number: "0x" + "ab" * size for number, size in enumerate(sizes)
        }
        assert [one["params"] for one in node.ws.heard if one["method"] == "eth_call"] == [
            one["params"] for one in asked
        ]


async def test_a_cancelled_dial_leaves_nothing_open() -> None:
    async with FakeNode() as node:
        node.ws.mute = True
        dial = asyncio.create_task(picows_seam.connect(node.ws.url, WSListener(), [], 1000))
        await until(lambda: node.ws.handshakes)
        dial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dial


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Switching"])
@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("end", [lambda transport: transport.close(), break_with_reset])
async def test_a_dial_fails_as_soon_as_its_connection_is_closed(
    said: bytes, waits: bool, end: Callable[[asyncio.BaseTransport], None]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if waits:
            await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        end(writer.transport)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionError):
            await picows_seam.connect(f"ws://127.0.0.1:{port}", WSListener(), [], 1000)
