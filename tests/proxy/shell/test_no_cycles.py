"""What is over leaves nothing for the garbage collector, which the proxy lets run seldom."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from proxy.shell.pool import Pool
from tests.fakes.http_lane import Canned
from tests.fakes.lane import break_with_reset
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, call, running, until
from tests.proxy.shell.test_listener import post, raw
from tests.proxy.shell.test_websocket import client
from tests.proxy.shell.wire import CLOSE, TEXT, Wire, frame

pytestmark = pytest.mark.anyio

Deed: TypeAlias = Callable[[FakeNode, Running], Awaitable[None]]


async def _ask(proxy: Running, data: bytes) -> None:
    async with raw(proxy) as one:
        one.write(data)
        await one.response()


async def _ask_to_the_end(proxy: Running, data: bytes) -> None:
    async with raw(proxy) as one:
        one.write(data)
        await one.ended()


async def a_small_answer(_: FakeNode, proxy: Running) -> None:
    await _ask(proxy, post())


async def a_streamed_answer(node: FakeNode, proxy: Running) -> None:
    node.http.canned["eth_chainId"] = Canned(body=b"x" * 2_000_000)
    await a_small_answer(node, proxy)


async def a_client_that_leaves_in_a_stream(node: FakeNode, proxy: Running) -> None:
    node.http.canned["eth_chainId"] = Canned(body=b"x" * 20_000_000)
    async with raw(proxy) as one:
        one.write(post())
        await one.head()
        break_with_reset(one.writer.transport)


async def an_answer_that_breaks(node: FakeNode, proxy: Running) -> None:
    node.http.canned["eth_chainId"] = Canned(body=b"x" * 2_000_000)
    node.http.cut_after = 1_500_000
    async with raw(proxy) as one:
        one.write(post())
        with pytest.raises((EOFError, ConnectionResetError)):
            await one.response()


async def a_failure(node: FakeNode, proxy: Running) -> None:
    node.http.canned["eth_chainId"] = Canned(status=429)
    await a_small_answer(node, proxy)


async def a_refused_dial(node: FakeNode, proxy: Running) -> None:
    await node.http.die()
    await a_small_answer(node, proxy)
    await node.http.open()


async def a_connection_that_was_stale(node: FakeNode, proxy: Running) -> None:
    node.http.requests_per_connection = 1
    for _ in range(2):
        await a_small_answer(node, proxy)


async def no_answer_in_time(node: FakeNode, proxy: Running) -> None:
    node.http.ignored.add("eth_chainId")
    await a_small_answer(node, proxy)


async def a_client_that_leaves_before_its_answer(node: FakeNode, proxy: Running) -> None:
    node.http.delay = 0.05
    async with raw(proxy) as one:
        one.write(post())
        await until(lambda: proxy.server._execution._flying)
        break_with_reset(one.writer.transport)
    await until(lambda: not proxy.server._execution._flying)


async def pipelining(_: FakeNode, proxy: Running) -> None:
    async with raw(proxy) as one:
        one.write(post(1) + post(2, b"Connection: Upgrade\r\nUpgrade: h2c\r\n") + post(3, b"Expect: 100-continue\r\n"))
        one.writer.write_eof()
        await one.ended()


async def a_body_too_big(_: FakeNode, proxy: Running) -> None:
    await _ask(proxy, b"POST /el HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")


async def a_request_that_stops(_: FakeNode, proxy: Running) -> None:
    async with raw(proxy) as one:
        one.write(post()[:-3])
        await until(lambda: len(proxy.server._listener))


async def an_offer_of_a_websocket_elsewhere(_: FakeNode, proxy: Running) -> None:
    await _ask(proxy, b"GET /el HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


async def pages(_: FakeNode, proxy: Running) -> None:
    async with raw(proxy) as one:
        for path in (b"/health", b"/status", b"/metrics", b"/nowhere", b"/cl/x"):
            one.write(b"GET %b HTTP/1.1\r\n\r\n" % path)
            await one.response()


async def nonsense(_: FakeNode, proxy: Running) -> None:
    await _ask_to_the_end(proxy, b"nonsense\r\n\r\n")


async def a_session(_: FakeNode, proxy: Running) -> None:
    async with client(proxy) as one:
        for request in (call("eth_subscribe", "newHeads", id_=1), [call("eth_chainId", id_=2)]):
            await one.send(orjson.dumps(request).decode())
            await one.recv()


async def a_client_that_vanishes(_: FakeNode, proxy: Running) -> None:
    async with await Wire.open(proxy.url) as wire:
        wire.write(frame(TEXT, orjson.dumps(call("eth_chainId")), fin=False))


async def a_client_that_breaks_the_protocol(_: FakeNode, proxy: Running) -> None:
    for bad in (frame(3), frame(0, b"{}"), frame(CLOSE, b"\x03")):
        async with await Wire.open(proxy.url) as wire:
            wire.write(bad)
            assert (await wire.read()).opcode == CLOSE


async def an_upgrade_that_is_refused(_: FakeNode, proxy: Running) -> None:
    lines = b"GET /el/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    await _ask_to_the_end(proxy, lines)


async def links_that_end(node: FakeNode, proxy: Running) -> None:
    async with client(proxy) as one:
        for end in (break_with_reset, lambda transport: transport.write(frame(3, masked=False))):
            await one.send(orjson.dumps(call("eth_chainId")).decode())
            await one.recv()
            for transport in node.ws.transports():
                end(transport)
        await one.send(orjson.dumps(call("eth_chainId")).decode())
        await one.recv()


async def a_client_that_no_node_takes(node: FakeNode, proxy: Running) -> None:
    node.ws.bars = {"https://barred.example"}
    async with client(proxy, origin="https://barred.example") as one:
        with pytest.raises(ConnectionClosed):
            await one.recv()


@pytest.mark.parametrize(
    "deed",
    [
        a_small_answer,
        a_streamed_answer,
        a_client_that_leaves_in_a_stream,
        an_answer_that_breaks,
        a_failure,
        a_refused_dial,
        a_connection_that_was_stale,
        no_answer_in_time,
        a_client_that_leaves_before_its_answer,
        pipelining,
        a_body_too_big,
        a_request_that_stops,
        an_offer_of_a_websocket_elsewhere,
        pages,
        nonsense,
        a_session,
        a_client_that_vanishes,
        a_client_that_breaks_the_protocol,
        an_upgrade_that_is_refused,
        links_that_end,
        a_client_that_no_node_takes,
    ],
    ids=lambda deed: deed.__name__,
)
async def test_what_is_over_is_gone_at_once(deed: Deed) -> None:
    async with FakeNode() as node, running([node], health_check_interval_ms=60_000, proxy_timeout_ms=200) as proxy:
        await deed(node, proxy)  # what is learned the first time stays
        await until(lambda: len(proxy.server._listener) == 0)
        gc.collect()
        gc.disable()
        try:
            before = _ours()
            for _ in range(3):
                await deed(node, proxy)
            await until(lambda: not _ours() - before)
        finally:
            gc.enable()


def _ours() -> Counter[str]:
    """The objects of the proxy that are there, by class; transports of picows end with a timer of theirs.

    Not the links that rest in a pool: that of a probe comes when the probe does, which a busy machine puts off.
    """
    found = [each for each in gc.get_objects() if str(type(each).__module__).startswith("proxy")]
    resting = {id(link) for pool in found if isinstance(pool, Pool) for link in pool._idle}
    return Counter(type(each).__qualname__ for each in found if id(each) not in resting)
