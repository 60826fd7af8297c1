"""The consensus layer: who answers for it, and streams of its events with those who listen to them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

from e2e.steps.context import needs, step, then, when
from e2e.steps.pages import WITHIN, fetch
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.steps.context import Context, World

PATH: Final = "/eth/v1/events?topics=head"
SYNCING: Final = "/eth/v1/node/syncing"
FIRST_HEAD: Final = 5.0  # seconds: a few blocks
STEADY: Final = 5


@dataclass(slots=True)
class Listener:
    """How many heads it heard of, and whether its stream is over."""

    heads: int = 0
    over: bool = False

    async def listen(self, url: str) -> None:
        """Read the stream at `url` to its end."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    async for line in answer.content:
                        self.heads += line.startswith(b"event: head")
        self.over = True


@step("a client listens to the events of the consensus layer")
@step("it listens again")
@needs("consensus")
def client_listens(context: Context) -> None:
    run = context.world.run
    assert run.sut.endpoints.consensus is not None, "the profile of this proxy does not say where the Beacon API is"
    listener = context.world.listener = Listener()
    run.keep_doing(listener.listen, run.sut.endpoints.consensus + PATH)


@then("the consensus layer should say within {seconds:g} seconds that it is synced")
@needs("consensus")
def says_that_it_is_synced(context: Context, seconds: float) -> None:
    """And go on saying so: its healthy nodes answer, and no other."""
    url = context.world.run.sut.endpoints.consensus
    said: list[bool] = []

    def steady() -> bool:
        answer = fetch(None if url is None else url + SYNCING).body
        said.append(isinstance(answer, dict) and answer["data"]["is_syncing"] is False)
        return said[-STEADY:] == [True] * STEADY

    wait_until(steady, seconds, f"it says so {STEADY} times in a row", lambda: said)


@step("it hears of a new head")
@step("it should hear of a new head")
def client_hears(context: Context) -> None:
    listener = listener_of(context.world)
    wait_until(lambda: listener.heads > 0, FIRST_HEAD, "it hears of a new head", lambda: listener)


@then("its stream should end within {seconds:g} seconds")
def stream_ends(context: Context, seconds: float) -> None:
    listener = listener_of(context.world)
    wait_until(lambda: listener.over, seconds, "its stream ends", lambda: listener)


@when("a client asks for the head of that stream alone, and for {path} over the same connection, both should be there")
@needs("consensus")
def head_alone(context: Context, path: str) -> None:
    """A head is followed by nothing (RFC 9110, section 9.3.2): what comes next is the answer to the next request."""
    run = context.world.run
    url = urlsplit(run.sut.endpoints.consensus or "")
    told = run.await_(_in_turn, url.netloc, [f"HEAD {url.path}{PATH}", f"GET {url.path}{path}"])
    assert all(each.startswith(b"HTTP/1.1 200 ") for each in told), f"the answers begin with {told}"


async def _in_turn(address: str, requests: Sequence[str]) -> list[bytes]:
    """Ask over one connection, each once the head before is there; return how each answer begins.

    No library: they read on behind a head, and drop what is not to be there.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    told = []
    try:
        async with asyncio.timeout(WITHIN):
            for request in requests:
                writer.write(f"{request} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
                told.append((await reader.readuntil(b"\r\n\r\n"))[:40])
    except asyncio.IncompleteReadError as error:
        told.append(error.partial)
    finally:
        writer.close()
    return told


def listener_of(world: World) -> Listener:
    """Return who listens at present."""
    assert world.listener is not None, "nobody listens yet: 'a client listens to …' comes first"
    return world.listener
