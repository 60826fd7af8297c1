"""HTTP clients whose requests are not all there, or are given up: by halves, too large, without end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from e2e.clients import jsontext
from e2e.clients.pipelining import post_head
from e2e.clients.websocket import Request, cut
from e2e.steps.bad_input import large_call
from e2e.steps.context import step, then, when
from e2e.steps.doors import asked
from e2e.steps.http import PATIENCE, poster
from e2e.steps.lanes import nodes_called, pass_time
from e2e.steps.readers import pipeliner_of
from e2e.traffic import profiles
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

LEFT_WITHIN: Final = 5.0  # seconds in which connections that nobody needs are closed
TOLD_WITHIN: Final = 5.0  # seconds
TRAILER: Final = b"X-Trailer: %s\r\n" % (b"a" * 1000)
MANY_TRAILERS: Final = 4000


@when("I post a request of {mebibytes:g} MiB")
def i_post_large_request(context: Context, mebibytes: float) -> None:
    """A call whose data is that long; of the text the ledger keeps the beginning."""
    poster(context.world).post(jsontext.encode("1", "eth_call", large_call(mebibytes)).encode(), PATIENCE)


@when("I post {method:w} in {count:d} chunks")
def i_post_chunks(context: Context, method: str, count: int) -> None:
    world = context.world
    request = Request(str(world.next_id), method, profiles.params_of(method))
    poster(world).call(request, PATIENCE, chunks=count)
    world.next_id += 1


@when("an HTTP client has posted half of a request")
def half_posted(context: Context) -> None:
    world = context.world
    client = world.pipelining = world.run.pipelining("uploader")
    world.run.await_(client.begin, Request("1", "eth_getBalance", profiles.params_of("eth_getBalance")))


@when("it posts the other half after {seconds:g} seconds")
def other_half_posted(context: Context, seconds: float) -> None:
    """Returns when it has its answer, or its connection has ended."""
    world = context.world
    pass_time(world, seconds)
    client = pipeliner_of(world)
    world.run.await_(client.finish)
    world.run.await_(client.read, PATIENCE)


@when("{count:d} HTTP clients post {method:w}, and are gone before the answer")
def posters_gone(context: Context, count: int, method: str) -> None:
    """They go once a node has been asked for all of them."""
    world, url = context.world, context.world.run.sut.endpoints.http
    body = jsontext.encode("1", method, profiles.params_of(method)).encode()
    request = post_head(url, f"Content-Length: {len(body)}") + body
    writers = world.run.await_(_send_all, url, request, count)
    wait_until(
        lambda: _asked(world, method) >= count, PATIENCE, "all are asked of nodes", lambda: _asked(world, method)
    )
    world.run.await_(_cut_all, writers)
    world.run.mark("clients gone", count=count)


@then("at most {count:d} connections to the HTTP lane of {node} should be left")
def few_connections_left(context: Context, count: int, node: str) -> None:
    for name in nodes_called(context.world, node):
        context.world.run.gateway.client.wait_links(name, "http", at_most=count, within=LEFT_WITHIN)


@step("a client that posts trailers without end should be told so, or cut off")
def trailers_cut(context: Context) -> None:
    """RFC 9112, section 7.1.2: they follow the last chunk of a body."""
    world, url = context.world, context.world.run.sut.endpoints.http
    body = jsontext.encode("1", "eth_chainId", []).encode()
    request = post_head(url, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    said = world.run.await_(_last_word, url, request)
    assert said is not None, f"it sent {MANY_TRAILERS} trailers, and nobody minded"
    assert not said.startswith(b"HTTP/1.1 200 "), f"it was answered before its request was over: {said!r}"


def _asked(world: World, method: str) -> int:
    return sum(asked(world, name, method, "HTTP") for name in nodes_called(world, "every node"))


async def _send_all(url: str, request: bytes, count: int) -> list[asyncio.StreamWriter]:
    where = urlsplit(url)
    pairs = await asyncio.gather(*(asyncio.open_connection(where.hostname, where.port) for _ in range(count)))
    for _, writer in pairs:
        writer.write(request)
    return [writer for _, writer in pairs]


async def _cut_all(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        cut(writer.transport)


async def _last_word(url: str, request: bytes) -> bytes | None:
    """Send `request` and trailers without end; return what is said to that, b'' for a mere close, None for nothing."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        async with asyncio.timeout(TOLD_WITHIN):
            writer.write(request)
            with suppress(ConnectionError):
                for _ in range(MANY_TRAILERS):
                    writer.write(TRAILER)
                    await writer.drain()
            with suppress(ConnectionError):
                return await reader.read(1000)
            return b""
    except TimeoutError:
        return None
    finally:
        writer.transport.abort()
