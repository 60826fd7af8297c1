"""Clients that keep on trying and have no place in the ledger: whom no node lets in, or who ask for too much."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin

from e2e.checkers.answered_once import TELLING_CODES
from e2e.clients import jsontext
from e2e.clients.websocket import MAX_FRAME
from e2e.steps.context import then, when
from e2e.steps.crowd import new_client
from e2e.steps.lanes import nodes_called
from e2e.steps.requests import ask
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.run import Run
    from e2e.steps.context import Context

TOLD_WITHIN: Final = 5.0  # seconds
PAUSE: Final = 0.1  # seconds until one who was told comes again
TRIES: Final = 3  # of each, before anybody else is looked at


@dataclass(slots=True)
class Tries:
    """What became of each: the status, close code or error code with which it was told, or what went wrong.

    `origin`: what the client says of itself, '' for nothing; `call`: what it asks, '' for one who is not to be let in;
    `stays`: until it is closed, whatever it is answered.
    """

    origin: str = ""
    call: str = ""
    stays: bool = False
    told: list[int] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)

    def closed(self, code: int) -> None:
        """With a code that says why; a bare cut says nothing."""
        if code in TELLING_CODES:
            self.told.append(code)
        else:
            self.untold.append(f"it was closed with {code}")

    def heard(self, message: bytes) -> None:
        """A proxy may take what is too much for others, and pass it on: that tells a client, too."""
        (_, frame), *_ = jsontext.frames(message)
        error = frame.get("error") if isinstance(frame, dict) else None
        if error is not None or self.call:
            self.told.append(0 if error is None else error["code"])
        else:
            self.untold.append(f"it was let in, and heard {message[:80]!r}")


@when("{count:d} clients from {origin} keep on trying to connect, whom no node lets in")
def strangers_try(context: Context, count: int, origin: str) -> None:
    """Every node answers 403 to them, as geth does to origins that it was not told of."""
    world = context.world
    for name in nodes_called(world, "every node"):
        world.run.lanes.arm("refuse_client", name, "ws", header="Origin", value=origin)
    world.tries = Tries(origin=origin)
    _all_try(world.run, world.tries, count)


@when("{count:d} clients keep on calling {method:w}, each time over a connection of their own")
def callers_try(context: Context, count: int, method: str) -> None:
    world = context.world
    world.tries = Tries(call=jsontext.encode("1", method, []))
    _all_try(world.run, world.tries, count)


@then("{count:d} new clients should be let in, one after another, and have an answer within {seconds:g} seconds each")
def others_are_let_in(context: Context, count: int, seconds: float) -> None:
    """Counted from the connect on."""
    now = context.world.run.recorder.now
    for _ in range(count):
        began = now()
        new_client(context)
        ask(context.world, "eth_blockNumber")
        if (took := now() - began) > seconds:
            raise TooLateError(f"{context.world.client.name} had its first answer after {took:.2f} s")


@then("the strangers should be told each time")
@then("those who keep on calling should be told each time")
def strangers_are_told(context: Context) -> None:
    tries = context.world.tries
    assert tries is not None, "nobody keeps on trying"
    assert tries.told, "nobody was told anything"
    assert not tries.untold, f"{len(tries.untold)} times somebody was not told: {tries.untold[:3]}"


def _all_try(run: Run, tries: Tries, count: int) -> None:
    for _ in range(count):
        run.keep_doing(_keep_trying, run, tries)
    wait_until(
        lambda: len(tries.told) + len(tries.untold) >= TRIES * count,
        (TRIES + 1) * TOLD_WITHIN,
        "they are told",
        lambda: f"{len(tries.told)} were",
    )


async def _keep_trying(run: Run, tries: Tries) -> None:
    while True:
        await try_once(run.sut.endpoints.ws, tries, TOLD_WITHIN)
        await asyncio.sleep(PAUSE)


async def try_once(url: str, tries: Tries, within: float) -> None:
    """A proxy may refuse the handshake, or let the client in and close the connection once its nodes have refused."""
    origin = Origin(tries.origin) if tries.origin else None
    options: dict[str, Any] = {"ping_interval": None, "close_timeout": 1, "max_size": MAX_FRAME, "proxy": None}
    try:
        async with asyncio.timeout(within), connect(url, origin=origin, **options) as connection:
            if tries.call:
                await connection.send(tries.call)
            while tries.stays:
                await connection.recv(decode=False)
            tries.heard(await connection.recv(decode=False))
    except InvalidStatus as error:
        tries.told.append(error.response.status_code)
    except ConnectionClosed as error:
        tries.closed(1006 if error.rcvd is None else error.rcvd.code)
    except TimeoutError:
        tries.untold.append(f"it heard nothing for {within:g} s")
    except (OSError, EOFError, InvalidHandshake) as error:
        tries.untold.append(f"it was cut off: {error!r}")
