"""Who is told, and who is not: a bare cut and silence say nothing."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.server import ServerConnection, serve

from e2e.clients.websocket import cut
from e2e.steps.strangers import Tries, try_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.http11 import Request, Response

pytestmark = pytest.mark.anyio
SOON = 2.0  # seconds


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def close_with_a_reason(connection: ServerConnection) -> None:
    await connection.close(1013, "no node lets you in")


async def close_as_if_all_were_well(connection: ServerConnection) -> None:
    await connection.close(1000)


async def cut_off(connection: ServerConnection) -> None:
    cut(connection.transport)


async def answer(connection: ServerConnection) -> None:
    await connection.send('{"jsonrpc":"2.0","id":1,"result":"0x1"}')
    await connection.wait_closed()


async def answer_with_an_error(connection: ServerConnection) -> None:
    await connection.send('{"jsonrpc":"2.0","id":1,"error":{"code":-32053,"message":"too large"}}')
    await connection.wait_closed()


async def answer_with_an_error_and_close(connection: ServerConnection) -> None:
    await connection.send('{"jsonrpc":"2.0","id":1,"error":{"code":-32052,"message":"the proxy leaves"}}')
    await connection.close(1001)


def refuse(connection: ServerConnection, _: Request) -> Response:
    return connection.respond(HTTPStatus.FORBIDDEN, "no")


async def tried(handler: Callable[[ServerConnection], Awaitable[None]], tries: Tries, **options: object) -> Tries:
    async with serve(handler, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
        port = next(iter(server.sockets)).getsockname()[1]
        await try_once(f"ws://127.0.0.1:{port}", tries, SOON)
    return tries


async def test_who_hears_why_is_told() -> None:
    assert (await tried(answer, Tries(origin="https://foreign.example"), process_request=refuse)).told == [403]
    assert (await tried(close_with_a_reason, Tries())).told == [1013]
    assert (await tried(answer_with_an_error, Tries(call="{}"))).told == [-32053]
    assert (await tried(answer, Tries(call="{}"))).told == [0], "whoever asks is told by an answer"


@pytest.mark.parametrize("handler", [cut_off, close_as_if_all_were_well, answer])
async def test_a_cut_and_a_welcome_tell_a_stranger_nothing(
    handler: Callable[[ServerConnection], Awaitable[None]],
) -> None:
    tries = await tried(handler, Tries())
    assert (tries.told, len(tries.untold)) == ([], 1)


async def test_who_is_cut_off_in_the_handshake_is_told_nothing() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut(writer.transport)

    tries = Tries()
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        await try_once(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", tries, SOON)
    assert (tries.told, len(tries.untold)) == ([], 1)


async def test_silence_tells_nothing() -> None:
    tries = Tries()
    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0) as server:
        await try_once(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", tries, 0.2)
    assert tries.untold == ["it heard nothing for 0.2 s"]


async def test_who_stays_to_the_end_is_told_by_the_close_whatever_came_before() -> None:
    assert (await tried(answer_with_an_error_and_close, Tries(call="{}", stays=True))).told == [1001]
    assert (await tried(close_with_a_reason, Tries(call="{}", stays=True))).told == [1013]
    cut_short = await tried(cut_off, Tries(call="{}", stays=True))
    assert (cut_short.told, len(cut_short.untold)) == ([], 1)
