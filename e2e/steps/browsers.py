"""What browsers send that libraries do not: whether a page may post, and upgrades as they write them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import orjson

from e2e.steps.context import then, when
from e2e.steps.pages import ask_alone

if TYPE_CHECKING:
    import requests

    from e2e.steps.context import Context

WITHIN: Final = 5.0  # seconds
COMMON: Final = (
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0",
    "Origin: https://dapp.example",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Upgrade: websocket",
)
UPGRADES: Final = {
    "Firefox": ("Connection: keep-alive, Upgrade", "Sec-WebSocket-Extensions: permessage-deflate"),
    "Chrome": (
        "Connection: Upgrade",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        f"Cookie: session={'a' * 4000}",
    ),
}
"""What each writes in a way of its own; a cookie is as long as browsers let it be (RFC 6265, section 6.1)."""


@when("a page of {origin} asks the proxy and a node whether it may post")
def page_asks_both(context: Context, origin: str) -> None:
    """A browser's preflight, as https://fetch.spec.whatwg.org/#cors-preflight-fetch has it."""
    world = context.world
    direct = world.run.stage.testbed.urls(world.run.nodes[0].name).http
    world.pair = tuple(_preflight(url, origin) for url in (world.run.sut.endpoints.http, direct))


@then("it may, by both")
def page_may_post(context: Context) -> None:
    assert context.world.pair is not None
    for answer in context.world.pair:
        assert answer.ok, f"{answer.url} said {answer.status_code} {answer.text[:80]!r}"
        assert answer.headers.get("Access-Control-Allow-Origin"), f"{answer.url} gives no leave: {answer.headers}"


@when("a page opens a WebSocket as {browser:w} writes it, it should be let in and have an answer")
def page_opens_websocket(context: Context, browser: str) -> None:
    answer = context.world.run.await_(_ask_as, browser, context.world.run.sut.endpoints.ws)
    assert int(answer["result"], 16) > 0, f"the answer was {answer}"


async def _ask_as(browser: str, url: str) -> dict[str, str]:
    """Upgrade a connection, ask for the chain's id, and return the answer. AssertionError unless the upgrade is taken.

    No library writes what a browser writes; the one frame each way is short, so that its length is one byte.
    """
    where = urlsplit(url)
    lines = (f"GET {where.path} HTTP/1.1", f"Host: {where.netloc}", *COMMON, *UPGRADES[browser])
    text = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    async with asyncio.timeout(WITHIN):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            writer.write("\r\n".join((*lines, "", "")).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), f"it was refused: {head!r}"
            writer.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)  # the mask is zero
            _, size = await reader.readexactly(2)
            answer: dict[str, str] = orjson.loads(await reader.readexactly(size))
            return answer
        finally:
            writer.close()


def _preflight(url: str, origin: str) -> requests.Response:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    return ask_alone("OPTIONS", url, headers={"Origin": origin, **asked}, timeout=WITHIN)
