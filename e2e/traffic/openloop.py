"""Open-loop traffic: the times are fixed before the first request is sent, whatever the answers do.

A generator that waits for answers slows down with the system under test and hides its worst seconds; here a request
that could not be sent in time is sent late, and its latency counts from the time it was meant to leave.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from e2e.clients.websocket import ClientClosedError, Request, WebSocketClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2e.ledger.recorder import Recorder
    from e2e.traffic.ids import Policy
    from e2e.traffic.profiles import Profile


@dataclass(frozen=True, slots=True)
class Load:
    """What each client sends: `rate` requests a second, at most `limit` of them (None: until stopped)."""

    profile: Profile
    rate: float
    ids: Policy
    seed: int = 0
    limit: int | None = None


def schedule(load: Load, name: str) -> Iterator[float]:
    """Give the times (seconds since the start) at which the client called `name` sends.

    Evenly spaced, each client with a phase of its own, so that a hundred clients do not fire in the same instant.
    """
    phase = Random(f"{load.seed}/{name}/phase").random()
    for number in count() if load.limit is None else range(load.limit):
        yield (number + phase) / load.rate


class Traffic:
    """One pacer for each client. `sent` and `unsent` count what left and what could not, for a closed connection."""

    def __init__(self, clients: Sequence[WebSocketClient], load: Load, recorder: Recorder) -> None:
        self.load = load
        self.sent = 0
        self.unsent = 0
        self._clients = tuple(clients)
        self._recorder = recorder
        self._pacers: list[asyncio.Task[None]] = []
        self._start = 0.0

    async def start(self) -> None:
        """Begin to send, on the running loop."""
        self._start = self._recorder.now()
        self._pacers = [asyncio.create_task(self._pace(client)) for client in self._clients]

    async def stop(self) -> None:
        """Send no more. What is out stays out."""
        for pacer in self._pacers:
            pacer.cancel()
        await asyncio.gather(*self._pacers, return_exceptions=True)

    @property
    def running(self) -> bool:
        """Whether any client still has something to send."""
        return any(not pacer.done() for pacer in self._pacers)

    async def _pace(self, client: WebSocketClient) -> None:
        requests = self.load.profile.requests(f"{self.load.seed}/{client.name}")
        ids = self.load.ids(client.busy)
        for offset in schedule(self.load, client.name):
            intended = self._start + offset
            await asyncio.sleep(intended - self._recorder.now())
            method, params = next(requests)
            try:
                await client.send(Request(next(ids), method, params), intended)
            except ClientClosedError:
                self.unsent += 1
                return
            self.sent += 1
