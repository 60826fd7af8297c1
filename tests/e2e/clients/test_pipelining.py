"""The HTTP client that waits for nobody, against a real server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from e2e.clients.pipelining import PipeliningClient
from e2e.clients.websocket import Request
from e2e.ledger.entries import Entry, Failed, Received, Sent
from e2e.ledger.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
SOON = 2.0  # seconds
REQUESTS = [Request("1", "eth_chainId"), Request("2", "eth_blockNumber")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Node:
    """Answers each request with itself; `heard` is all that came."""

    def __init__(self) -> None:
        self.heard = b""
        self.more = asyncio.Event()
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                self._take(data, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.gone.set()

    def _take(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        self.heard += data
        self.more.set()
        while b"\r\n\r\n" in self.heard:
            head, _, rest = self.heard.partition(b"\r\n\r\n")
            size = int(head.rpartition(b"Content-Length: ")[2])
            if len(rest) < size:
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (size, rest[:size]))
            self.heard = rest[size:]


@asynccontextmanager
async def open_client() -> AsyncIterator[tuple[PipeliningClient, Recorder, Node]]:
    node, recorder = Node(), Recorder()
    async with await asyncio.start_server(node.serve, "127.0.0.1", 0) as server:
        client = PipeliningClient("p", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/el", recorder)
        await client.open()
        yield client, recorder, node
        await client.close()
        await node.gone.wait()


def kinds(recorder: Recorder) -> list[type[Entry]]:
    return [type(entry) for entry in recorder.entries()]


async def test_answers_are_those_to_the_requests_in_turn() -> None:
    async with open_client() as (client, recorder, _):
        await client.post(REQUESTS)
        await client.read(SOON)
        sent = [(each.op, each.id) for each in recorder.entries() if isinstance(each, Sent)]
        received = [(each.op, each.id) for each in recorder.entries() if isinstance(each, Received)]
        assert sent == received
        assert [request_id for _, request_id in sent] == ["1", "2"]


async def test_a_request_goes_out_by_halves() -> None:
    async with open_client() as (client, recorder, node):
        await client.begin(REQUESTS[0])
        async with asyncio.timeout(SOON):
            while b"\r\n\r\n{" not in node.heard:
                await node.more.wait()
                node.more.clear()
        assert not node.heard.endswith(b"}"), "the other half is still here"
        await client.finish()
        await client.read(SOON)
        assert kinds(recorder) == [Sent, Received]


async def test_what_has_no_answer_in_time_has_failed() -> None:
    async with open_client() as (client, recorder, _):
        await client.begin(REQUESTS[0])
        await client.read(0.01)
        assert kinds(recorder) == [Sent, Failed]
        (failed,) = [each for each in recorder.entries() if isinstance(each, Failed)]
        assert "Timeout" in failed.reason
