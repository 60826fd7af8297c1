"""Steps end, whatever the proxy does not do: one that says nothing is red, and holds up nobody for ever."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from anyio.from_thread import start_blocking_portal
from websockets.asyncio.server import ServerConnection, serve

from e2e import run
from e2e.run import Run
from e2e.steps import bad_input, verbatim
from e2e.wait import TooLateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RESERVED_BIT = bad_input.FRAMES["a reserved bit"]
SOON = 5.0  # seconds


async def say_nothing(connection: ServerConnection) -> None:
    """Read on past the library, which would close."""
    connection.transport.pause_reading()
    await connection.wait_closed()


async def answer(connection: ServerConnection) -> None:
    connection.transport.pause_reading()
    await connection.send('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}')
    await connection.wait_closed()


async def answer_and_close(connection: ServerConnection) -> None:
    connection.transport.pause_reading()
    await connection.send('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}')
    await connection.close(1002)


def asked(
    function: Callable[..., Awaitable[Any]], handler: Callable[[ServerConnection], Awaitable[None]], *args: Any
) -> Any:
    """What `function` returns, or raises, of a server that does so with each client; at the latest after SOON."""

    async def ask() -> Any:
        async with asyncio.timeout(SOON), serve(handler, "127.0.0.1", 0, close_timeout=0.1) as server:
            return await function(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", *args)

    return asyncio.run(ask())


def test_a_broken_frame_at_which_nothing_happens_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_input, "TOLD_WITHIN", 0.1)
    with pytest.raises(TooLateError, match=r"not closed within 0\.1 s"):
        asked(bad_input._close_code, say_nothing, RESERVED_BIT)


def test_a_broken_frame_that_is_answered_and_nothing_more_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_input, "TOLD_WITHIN", 0.1)
    with pytest.raises(AssertionError, match=r"not closed, it was told .*-32700") as caught:
        asked(bad_input._close_code, answer, RESERVED_BIT)
    assert not isinstance(caught.value, TooLateError), "that is wrong, not late"


def test_whoever_sends_a_broken_frame_may_be_told_before_it_is_closed() -> None:
    assert asked(bad_input._close_code, answer_and_close, RESERVED_BIT) == 1002


def test_a_question_that_is_not_answered_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbatim, "WITHIN", 0.1)
    with pytest.raises(TooLateError, match=r"no answer within 0\.1 s"):
        asked(verbatim._send, say_nothing, b"{}")


def test_whatever_a_step_awaits_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gives(value: int) -> int:
        return value

    async def late() -> None:
        raise TimeoutError("of its own")

    monkeypatch.setattr(run, "LONGEST", 0.05)
    with start_blocking_portal("asyncio") as portal:
        ours = cast("Run", SimpleNamespace(stage=SimpleNamespace(portal=portal)))
        assert Run.await_(ours, gives, 7) == 7
        with pytest.raises(TimeoutError, match="of its own"):
            Run.await_(ours, late)
        with pytest.raises(TooLateError, match=r"Event\.wait was not over within 0\.05 s"):
            Run.await_(ours, asyncio.Event().wait)
