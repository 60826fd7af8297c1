"""What a client should not send: broken frames, bad text, messages of excessive size, floods; and how it is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from e2e.clients.websocket import Request
from e2e.ledger.entries import Received
from e2e.steps.context import then, when
from e2e.steps.http import PATIENCE, poster
from e2e.steps.requests import ask
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context

TOLD_WITHIN: Final = 5.0  # seconds
MIB: Final = 2**20
# A masked text frame each; the mask is zero, so that what is written is what is read.
FRAMES: Final = {
    "invalid UTF-8": b"\x81\x82\x00\x00\x00\x00\xc3\x28",
    "a reserved bit": b"\xc1\x80\x00\x00\x00\x00",
    "an unknown opcode": b"\x83\x80\x00\x00\x00\x00",
    "no mask": b"\x81\x02{}",
    "a frame of 1 GiB": b"\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00",
}
PING: Final = b"\x89\xfd\x00\x00\x00\x00" + b"a" * 125
FLOODED_WITHIN: Final = 5.0  # seconds; a proxy may stop reading from who reads nothing


@when("another client sends {what}, it should be closed with {code:d}")
def another_client_sends(context: Context, what: str, code: int) -> None:
    url = context.world.run.sut.endpoints.ws
    got = context.world.run.await_(_close_code, url, FRAMES[what])
    assert got == code, f"it was closed with {got}"


async def _close_code(url: str, frame: bytes) -> int | None:
    """Open a connection, write a frame past the library, and return the code with which the connection is closed.

    A proxy may say something before it closes. AssertionError where it only does that, TooLateError for nothing at all.
    """
    said: list[str | bytes] = []
    async with connect(url, compression=None, ping_interval=None, close_timeout=1, proxy=None) as connection:
        connection.transport.write(frame)
        try:
            async with asyncio.timeout(TOLD_WITHIN):
                while True:
                    said.append(await connection.recv())
        except ConnectionClosed:
            return connection.close_code
        except TimeoutError:
            assert not said, f"it was not closed, it was told {said[0]!r}"
            raise TooLateError(f"it was not closed within {TOLD_WITHIN:g} s") from None


@when("another client sends {mebibytes:d} MiB of pings, and reads nothing")
def client_floods(context: Context, mebibytes: int) -> None:
    """Looks at the proxy while that client is there."""
    run = context.world.run
    connection = run.await_(_open, run.sut.endpoints.ws)
    run.await_(_flood, connection, PING * (64 * 1024 // len(PING)), mebibytes * MIB)
    run.scrape()
    run.await_(_abort, connection)


async def _open(url: str) -> ClientConnection:
    return await connect(url, compression=None, ping_interval=None, proxy=None)


async def _flood(connection: ClientConnection, piece: bytes, size: int) -> None:
    """Write `size` bytes past the library, no faster than they are taken, unless the connection ends before."""
    transport = connection.transport
    transport.pause_reading()
    try:
        async with asyncio.timeout(FLOODED_WITHIN):
            for _ in range(size // len(piece)):
                transport.write(piece)
                await connection.drain()
                if transport.is_closing():
                    return
    except (TimeoutError, ConnectionError):
        return


async def _abort(connection: ClientConnection) -> None:
    connection.transport.abort()
    await connection.wait_closed()


@when("I send the text {text}")
def i_send_text(context: Context, text: str) -> None:
    world = context.world
    world.run.await_(world.client.send_text, text)


@then("I should receive the error {code:d}")
def i_receive_error(context: Context, code: int) -> None:
    """With the id null: nobody could read another one."""
    world = context.world

    def got() -> list[int]:
        frames = [frame for each in world.run.history().connections for frame in each.frames]
        mine = [each for each in frames if each.client == world.client.name and isinstance(each, Received)]
        return [each.frame["error"]["code"] for each in mine if each.id == "null" and "error" in each.frame]

    wait_until(lambda: code in got(), TOLD_WITHIN, f"the error {code} comes", got)


@when("I send a request of {mebibytes:g} MiB in {frames:d} frames")
def i_send_large(context: Context, mebibytes: float, frames: int) -> None:
    """A call whose data is that long: the node may refuse it, and that is an answer."""
    ask(context.world, "eth_call", params=large_call(mebibytes), frames=frames)


def large_call(mebibytes: float) -> list[Any]:
    """Return the parameters of an eth_call whose data is that long."""
    return [{"to": f"0x{1:040x}", "data": "0x" + "00" * round(mebibytes * MIB / 2)}, "latest"]


@when("I post the body {body}")
def i_post_body(context: Context, body: str) -> None:
    poster(context.world).post(body.encode().decode("unicode_escape").encode("latin-1"), PATIENCE)


@when("I post a body of {mebibytes:g} MiB")
def i_post_large(context: Context, mebibytes: float) -> None:
    poster(context.world).post(b'"' + b"a" * round(mebibytes * MIB) + b'"', PATIENCE)


@when("I post a batch of {count:d} numbers")
def i_post_numbers(context: Context, count: int) -> None:
    poster(context.world).post(b"[" + b"1," * (count - 1) + b"1]", PATIENCE)


@when("I send {mebibytes:g} MiB of calls")
def i_send_much(context: Context, mebibytes: float) -> None:
    """More than all buffers on the way hold: whoever writes on regardless blocks."""
    world = context.world
    each = 64 * 1024
    data = "0x" + "00" * (each // 2)
    for number in range(round(mebibytes * MIB / each)):
        request = Request(str(5000 + number), "eth_call", [{"to": f"0x{1:040x}", "data": data}, "latest"])
        world.run.await_(world.client.send, request)
