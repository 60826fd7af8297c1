"""The end of the proxy, as clients over HTTP see it."""

from __future__ import annotations

import asyncio

import pytest

from proxy.shell import listener
from tests.fakes.http_lane import Canned
from tests.proxy.shell.running import until
from tests.proxy.shell.test_listener import post, served

pytestmark = pytest.mark.anyio


async def test_c6_requests_in_flight_are_answered_before_the_end() -> None:
    async with served() as (node, proxy, client):
        node.http.delay = 0.5
        client.write(post(1))
        await until(lambda: node.http.count("eth_chainId") == 1)
        draining = asyncio.create_task(proxy.server.drain(5))
        await until(lambda: proxy.server._listener.draining)
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        head, body = await client.response()
        assert b'"id":1,' in body
        assert b"\r\nConnection: close\r\n" in head
        await asyncio.wait_for(draining, 2)


async def test_c6_a_request_that_is_still_coming_in_is_answered() -> None:
    async with served() as (_, proxy, client):
        whole = post(1)
        client.write(whole[:-5])
        await until(lambda: len(proxy.server._listener) == 1)
        (connection,) = proxy.server._listener._connections
        await until(lambda: connection.receiving)
        draining = asyncio.create_task(proxy.server.drain(5))
        await asyncio.wait((draining,), timeout=2 * listener._LAST_CALL)
        client.write(whole[-5:])
        assert b'"id":1,' in (await client.response())[1]
        await asyncio.wait_for(draining, 2)


async def test_c6_an_idle_client_that_sends_just_then_is_answered() -> None:
    async with served() as (_, proxy, client):
        client.write(post(1))
        await client.response()
        draining = asyncio.create_task(proxy.server.drain(5))
        await until(lambda: proxy.server._listener.draining)
        client.write(post(2))
        assert b'"id":2,' in (await client.response())[1]
        await asyncio.wait_for(draining, 2)


@pytest.mark.parametrize(
    ("method", "code", "maybe"), [(b"eth_chainId", -32050, b"false"), (b"eth_sendRaw", -32052, b"true")]
)
async def test_c6_what_is_not_answered_at_the_end_is_told_so(method: bytes, code: int, maybe: bytes) -> None:
    async with served() as (node, proxy, client):
        node.http.delay = 30
        client.write(post(1).replace(b"eth_chainId", method))
        await until(lambda: node.http.count(method.decode()) == 1)
        await asyncio.wait_for(proxy.server.drain(0.5), 2)
        head, body = await client.response()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b'"id":1,"error":{"code":%d,' % code in body
        assert b'"maybe_executed":%b' % maybe in body
        assert await client.ended() == b""


async def test_c6_half_an_answer_is_broken_off_at_the_end() -> None:
    async with served() as (node, proxy, client):
        node.http.canned["eth_chainId"] = Canned(body=b"x" * 5_000_000)
        node.http.stop_after = 3_000_000
        client.write(post(1))
        await client.head()
        await asyncio.wait_for(proxy.server.drain(0.5), 2)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reader.readexactly(5_000_000)
