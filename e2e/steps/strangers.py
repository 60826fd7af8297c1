"""Clients that nodes do not let in, as a browser's page of an origin that they do not know."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from e2e.steps.context import then, when
from e2e.steps.crowd import new_client
from e2e.steps.lanes import nodes_called
from e2e.steps.requests import ask
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.run import Run
    from e2e.steps.context import Context

TOLD_WITHIN: Final = 5.0  # seconds
PAUSE: Final = 0.1  # seconds until one who was refused comes again
TRIES: Final = 3  # of each stranger, before anybody else is looked at


@dataclass(slots=True)
class Strangers:
    """What became of each try: the HTTP status or the close code with which it was refused, or what went wrong."""

    origin: str
    refused: list[int] = field(default_factory=list)
    let_in: list[str] = field(default_factory=list)


@when("{count:d} clients from {origin} keep on trying to connect, whom no node lets in")
def strangers_try(context: Context, count: int, origin: str) -> None:
    """Every node answers 403 to them, as geth does to origins that it was not told of."""
    world = context.world
    for name in nodes_called(world, "every node"):
        world.run.lanes.arm("refuse_client", name, "ws", header="Origin", value=origin)
    strangers = world.strangers = Strangers(origin)
    for _ in range(count):
        world.run.keep_doing(_keep_trying, world.run, strangers)
    wait_until(
        lambda: len(strangers.refused) + len(strangers.let_in) >= TRIES * count,
        TRIES * TOLD_WITHIN,
        "they are refused",
        lambda: f"{len(strangers.refused)} were",
    )


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
def strangers_are_told(context: Context) -> None:
    strangers = context.world.strangers
    assert strangers is not None, "nobody was to be refused"
    assert strangers.refused, f"nobody from {strangers.origin} was refused"
    assert not strangers.let_in, f"{len(strangers.let_in)} were not refused: {strangers.let_in[:3]}"


async def _keep_trying(run: Run, strangers: Strangers) -> None:
    while True:
        await _try(run.sut.endpoints.ws, strangers)
        await asyncio.sleep(PAUSE)


async def _try(url: str, strangers: Strangers) -> None:
    """A proxy may refuse the handshake, or let the client in and close the connection once its nodes have refused."""
    try:
        async with (
            asyncio.timeout(TOLD_WITHIN),
            connect(
                url, origin=Origin(strangers.origin), ping_interval=None, close_timeout=1, proxy=None
            ) as connection,
        ):
            strangers.let_in.append(f"it heard {await connection.recv()!r}")
    except InvalidStatus as error:
        strangers.refused.append(error.response.status_code)
    except ConnectionClosed as error:
        strangers.refused.append(1006 if error.rcvd is None else error.rcvd.code)
    except TimeoutError:
        strangers.let_in.append(f"it heard nothing for {TOLD_WITHIN:g} s")
