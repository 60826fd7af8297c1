"""The listener as raw bytes see it."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest

from proxy.shell import connection as limits
from proxy.shell import listener
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, running, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

BODY = b'{"jsonrpc":"2.0","id":%d,"method":"eth_chainId"}'


def post(number: int = 1, headers: bytes = b"", version: bytes = b"1.1") -> bytes:
    body = BODY % number
    return b"POST /el HTTP/%b\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (version, headers, len(body), body)


class Raw:
    """A client that writes bytes and reads whole responses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def response(self) -> tuple[bytes, bytes]:
        """Head and body; the body must have a Content-Length."""
        head = await self.head()
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        return head, await self.reader.readexactly(int(length[1]))

    async def ended(self, within: float = 5) -> bytes:
        """What is still sent until the other side closes."""
        async with asyncio.timeout(within):
            return await self.reader.read()


@asynccontextmanager
async def raw(proxy: Running) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1 << 24)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[FakeNode, Running, Raw]]:
    async with FakeNode() as node, running([node]) as proxy, raw(proxy) as client:
        yield node, proxy, client


async def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_order() -> None:
    async with served() as (node, _, client):
        client.write(b"".join(post(number) for number in range(2000)))
        for number in range(2000):
            head, body = await client.response()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b'"id":%d,' % number in body
        assert node.http.count("eth_chainId") == 2000


async def test_a_slow_answer_does_not_let_the_next_pass() -> None:
    async with served() as (node, _, client):
        node.http.delays["eth_getLogs"] = 0.2
        first = BODY.replace(b"eth_chainId", b"eth_getLogs") % 1
        client.write(b"POST /el HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(first), first) + post(2))
        assert b'"id":1,' in (await client.response())[1]
        assert b'"id":2,' in (await client.response())[1]


async def test_requests_may_arrive_byte_by_byte() -> None:
    async with served() as (_, _, client):
        for byte in post(5):
            client.write(bytes([byte]))
            await asyncio.sleep(0)
        assert b'"id":5,' in (await client.response())[1]


async def test_chunked_bodies() -> None:
    async with served() as (node, _, client):
        body = BODY % 3
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
        client.write(b"POST /el HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert b'"id":3,' in (await client.response())[1]
        assert node.http.requests[-1].body == body


async def test_expect_100_continue() -> None:
    async with served() as (node, _, client):
        head, _, body = post(1, b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        client.write(head + b"\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.write(body)
        assert (await client.response())[0].startswith(b"HTTP/1.1 200 ")
        assert b"expect" not in {name.lower() for name, _ in node.http.requests[-1].headers}


async def test_word_to_go_on_comes_after_the_answers_before() -> None:
    async with served() as (node, _, client):
        node.http.hold()
        head, _, body = post(2, b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        client.write(post(1) + head + b"\r\n\r\n")
        await until(lambda: node.http.count("eth_chainId"))
        node.http.release()
        assert b'"id":1,' in (await client.response())[1]
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.write(body)
        assert b'"id":2,' in (await client.response())[1]


async def test_http_1_0_knows_no_100_continue() -> None:
    async with served() as (_, _, client):
        client.write(post(1, b"Expect: 100-continue\r\n", b"1.0"))
        assert b'"id":1,' in (await client.response())[1]


async def test_connect_is_no_method_of_ours() -> None:
    async with served() as (_, _, client):
        client.write(b"CONNECT node.example:443 HTTP/1.1\r\nHost: node.example:443\r\n\r\nwhatever follows")
        assert (await client.head()).startswith(b"HTTP/1.1 405 ")
        assert await client.ended() == b""


async def test_connection_close_is_honoured() -> None:
    async with served() as (_, _, client):
        client.write(post(1, b"Connection: close\r\n"))
        head, _ = await client.response()
        assert b"\r\nConnection: close\r\n" in head
        assert await client.ended(within=0.5) == b""


async def test_http_1_0() -> None:
    async with served() as (_, _, client):
        client.write(post(1, b"Connection: keep-alive\r\n", b"1.0"))
        assert b"\r\nConnection: keep-alive\r\n" in (await client.response())[0]
        client.write(post(2, b"", b"1.0"))
        assert b"\r\nConnection: close\r\n" in (await client.response())[0]
        assert await client.ended(within=0.5) == b""


async def test_a_client_that_closes_its_side_still_gets_its_answer() -> None:
    async with served() as (node, _, client):
        node.http.delay = 0.1
        client.write(post(1))
        client.writer.write_eof()
        assert b'"id":1,' in (await client.response())[1]
        assert await client.ended(within=0.5) == b""


async def test_a_client_that_closes_its_side_still_hears_what_was_wrong() -> None:
    async with served() as (node, _, client):
        node.http.delay = 0.1
        client.write(post(1) + b"POST /el HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        client.writer.write_eof()
        assert b'"id":1,' in (await client.response())[1]
        assert (await client.head()).startswith(b"HTTP/1.1 413 ")


async def test_offers_of_h2c_may_be_many() -> None:
    async with served() as (_, _, client):
        client.write(b"GET /health HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * 1500)
        for _ in range(1500):
            assert (await client.head()).startswith(b"HTTP/1.1 200 ")
            await client.reader.readexactly(len(b'{"status":"ok"}'))


async def test_an_offer_of_h2c_is_ignored() -> None:
    async with served() as (_, _, client):
        client.write(post(1, b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n") + post(2))
        assert b'"id":1,' in (await client.response())[1]
        assert b'"id":2,' in (await client.response())[1]


async def test_an_error_of_ours_leaves_no_client_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as (_, proxy, client):
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
        monkeypatch.setattr(proxy.server._listener, "handle", None)
        client.write(post(1))
        assert await client.ended() == b""
        assert len(told) == 1


async def test_absolute_form() -> None:
    async with served() as (_, _, client):
        client.write(post(1).replace(b"POST /el", b"POST http://proxy.example/el"))
        assert b'"id":1,' in (await client.response())[1]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/3.9\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_400(request_bytes: bytes) -> None:
    async with served() as (_, proxy, client):
        client.write(request_bytes)
        assert (await client.head()).startswith(b"HTTP/1.1 400 ")
        client.writer.write_eof()
        await client.ended()
        await until(lambda: len(proxy.server._listener) == 0)


async def test_request_smuggling_is_refused() -> None:
    async with served() as (_, _, client):
        client.write(b"POST /el HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("whole", [True, False])
async def test_a_head_over_the_limit_gets_431(*, whole: bool) -> None:
    async with served() as (_, _, client):
        client.write(b"POST /el HTTP/1.1\r\nX-Long: " + b"x" * 100_000 + (b"\r\n\r\n" if whole else b""))
        if not whole:
            await asyncio.sleep(0.05)
            client.write(b"x" * 100_000)
        assert (await client.head()).startswith(b"HTTP/1.1 431 ")


async def test_a_body_over_the_limit_is_refused_before_it_is_sent() -> None:
    async with served() as (_, _, client):
        client.write(b"POST /el HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        head, body = await client.response()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b'"bounded"' in body


async def test_a_chunked_body_over_the_limit_gets_its_413_although_the_client_goes_on_sending() -> None:
    async with FakeNode() as node, running([node], max_body_size=100_000) as proxy, raw(proxy) as client:
        client.write(b"POST /el HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            client.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        head, _ = await client.response()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert await client.ended() == b""
        # it is still listened to: a reset could have cost it the answer
        assert len(proxy.server._listener) == 1
        client.writer.transport.abort()
        await until(lambda: len(proxy.server._listener) == 0)


async def test_trailers_without_end_get_431() -> None:
    async with served() as (node, _, client):
        client.write(b"POST /el HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        for number in range(50):
            client.write(b"X-%d: " % number + b"x" * 10_000 + b"\r\n")
            await asyncio.sleep(0)
        client.write(b"\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 431 ")
        assert not node.http.methods()


async def test_a_body_in_chunks_has_the_time_of_the_biggest() -> None:
    async with served() as (_, proxy, client):
        client.write(b"POST /el HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: len(proxy.server._listener) == 1)
        (connection,) = proxy.server._listener._connections
        await until(lambda: connection.receiving)
        slowest = proxy.server._listener.max_body_size / limits.SLOWEST_BODY
        assert connection.deadline - time.monotonic() > slowest


@pytest.mark.parametrize("part", [b"", b"POST /el HT", b"POST /el HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"])
async def test_slow_loris(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_LIMIT", "BODY_LIMIT", "IDLE_LIMIT", "LINGER"):
        monkeypatch.setattr(limits, name, 0.2)
    monkeypatch.setattr(listener, "_SWEEP", 0.05)
    async with served() as (_, proxy, client):
        began = time.monotonic()
        if part:
            client.write(part)
            assert (await client.head()).startswith(b"HTTP/1.1 408 ")
        assert b"HTTP" not in await client.ended(within=2)
        assert time.monotonic() - began < 1
        await until(lambda: len(proxy.server._listener) == 0)


async def test_a_client_that_does_not_read_is_cut_off_and_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRITE_LIMIT", 0.5)
    monkeypatch.setattr(listener, "_SWEEP", 0.05)
    async with FakeNode() as node, running([node]) as proxy:
        node.http.canned["eth_chainId"] = Canned(body=b"x" * 60_000_000)
        async with raw(proxy) as client:
            cast("asyncio.Transport", client.writer.transport).pause_reading()
            client.write(post(1))
            await until(lambda: len(proxy.server._listener) == 1)
            (served_client,) = proxy.server._listener._connections
            await asyncio.sleep(0.3)
            assert served_client.transport is not None
            assert served_client.transport.get_write_buffer_size() < 4_000_000
            await until(lambda: len(proxy.server._listener) == 0, within=3)


async def test_who_reads_nothing_up_to_its_last_answer_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRITE_LIMIT", 0.3)
    monkeypatch.setattr(listener, "_SWEEP", 0.05)
    async with served() as (node, proxy, client):
        node.http.canned["eth_chainId"] = Canned(body=b"{%b}" % (b" " * 40_000))
        cast("asyncio.Transport", client.writer.transport).pause_reading()
        await until(lambda: len(proxy.server._listener) == 1)
        (connection,) = proxy.server._listener._connections
        assert connection.transport is not None
        deadlines = {connection.deadline}
        while not connection.transport.get_write_buffer_size():
            client.write(post(1))
            await until(lambda: not (connection.busy or connection.deadline in deadlines))
            deadlines.add(connection.deadline)
        assert not connection._slow, "too little is left over for that"
        client.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await until(lambda: len(proxy.server._listener) == 0, within=10)


@pytest.mark.parametrize(("path", "status"), [(b"/", 404), (b"/elx", 404), (b"/el/ws", 426), (b"/el/ws/", 426)])
async def test_paths_that_do_not_serve_plain_requests(path: bytes, status: int) -> None:
    async with served() as (_, _, client):
        client.write(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        assert (await client.head()).startswith(b"HTTP/1.1 %d " % status)


async def test_an_upgrade_elsewhere_gets_404() -> None:
    async with served() as (_, _, client):
        client.write(b"GET /el HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 404 ")


# ---- leaves_politely


async def test_h13_connects_and_leaves_leave_nothing_behind() -> None:
    async with FakeNode() as node, running([node]) as proxy:
        tasks = len(asyncio.all_tasks())
        for _ in range(300):
            async with raw(proxy) as client:
                client.write(post(1)[: hash(client) % 90])
        await until(lambda: len(proxy.server._listener) == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks + 1)
        assert not proxy.server._execution._flying
