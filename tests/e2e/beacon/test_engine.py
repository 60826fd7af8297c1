from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from e2e.beacon.engine import EngineClient, EngineError, EngineUnavailableError, bearer_token
from e2e.testbed.ports import HOST, free_ports

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECRET = bytes(range(32))


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_says_when_it_was_issued_and_is_signed_with_the_secret() -> None:
    head, claims, signature = bearer_token(SECRET, 1_700_000_000).split(".")
    assert json.loads(unpadded(head)) == {"typ": "JWT", "alg": "HS256"}
    assert json.loads(unpadded(claims)) == {"iat": 1_700_000_000}
    assert unpadded(signature) == hmac.new(SECRET, f"{head}.{claims}".encode(), hashlib.sha256).digest()


def against(answer: web.Response, use: Callable[[EngineClient], Awaitable[Any]]) -> tuple[Any, bytes]:
    """What `use` returns with a node that always answers `answer`, and the last body that the node got."""

    async def play() -> tuple[Any, bytes]:
        bodies: list[bytes] = []

        async def handle(request: web.Request) -> web.Response:
            bodies.append(await request.read())
            return answer

        app = web.Application()
        app.router.add_post("/", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        (port,) = free_ports(1)
        await web.TCPSite(runner, HOST, port).start()
        try:
            async with aiohttp.ClientSession() as session:
                return await use(EngineClient(session, f"http://{HOST}:{port}", SECRET)), bodies[-1]
        finally:
            await runner.cleanup()

    return asyncio.run(play())


def result(value: object) -> web.Response:
    return web.json_response({"jsonrpc": "2.0", "id": 1, "result": value})


def test_a_payload_is_sent_byte_for_byte() -> None:
    parameters = b'[{"blockNumber":"0x01"},[],"0xroot",[]]'
    status, body = against(result({"status": "VALID"}), lambda engine: engine.new_payload(parameters))
    assert status == {"status": "VALID"}
    assert b'"params":' + parameters in body


def test_an_error_of_the_node_is_not_an_absence() -> None:
    refusal = web.json_response({"jsonrpc": "2.0", "id": 1, "error": {"code": -38001, "message": "Unknown payload"}})
    with pytest.raises(EngineError, match="Unknown payload"):
        against(refusal, lambda engine: engine.get_payload("0x1"))


@pytest.mark.parametrize("answer", [web.Response(status=401, text="token is expired"), web.json_response([])])
def test_what_is_no_engine_api_is_unavailable(answer: web.Response) -> None:
    with pytest.raises(EngineUnavailableError):
        against(answer, lambda engine: engine.latest())


def test_an_unknown_block_is_an_error() -> None:
    with pytest.raises(EngineError, match="no such block"):
        against(result(None), lambda engine: engine.block("0x" + "ab" * 32))


def test_a_refused_connection_is_unavailable() -> None:
    async def play() -> None:
        (port,) = free_ports(1)
        async with aiohttp.ClientSession() as session:
            await EngineClient(session, f"http://{HOST}:{port}", SECRET).latest()

    with pytest.raises(EngineUnavailableError):
        asyncio.run(play())
