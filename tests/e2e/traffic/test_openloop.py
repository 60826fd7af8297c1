"""The open loop, against clients that note what they are told to send."""

from __future__ import annotations

import asyncio
from itertools import islice, pairwise
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.clients.websocket import ClientClosedError, Request, WebSocketClient
from e2e.ledger.recorder import Recorder
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load, Traffic, schedule

if TYPE_CHECKING:
    from collections.abc import Sequence


class Client:
    """Takes `capacity` requests, then behaves as closed."""

    def __init__(self, name: str, capacity: int = 1000) -> None:
        self.name = name
        self.sent: list[tuple[Request, float]] = []
        self._capacity = capacity

    def busy(self, _: str) -> bool:
        return False

    async def send(self, request: Request, intended: float) -> None:
        if len(self.sent) == self._capacity:
            raise ClientClosedError(self.name)
        self.sent.append((request, intended))


def play(load: Load, clients: Sequence[Client]) -> Traffic:
    async def run() -> Traffic:
        traffic = Traffic(cast("list[WebSocketClient]", clients), load, Recorder())
        await traffic.start()
        async with asyncio.timeout(10):
            while traffic.running:  # noqa: ASYNC110 - a harness polls it just so
                await asyncio.sleep(0.01)
        return traffic

    return asyncio.run(run())


@given(st.floats(0.1, 1000), st.integers(0, 50), st.text(max_size=5))
def test_times_are_evenly_spaced_and_fixed_beforehand(rate: float, limit: int, name: str) -> None:
    load = Load(profiles.READS, rate, ids.sequential, limit=limit)
    times = list(schedule(load, name))
    assert times == list(schedule(load, name))
    assert len(times) == limit
    assert all(0 <= time <= (number + 1) / rate for number, time in enumerate(times))
    assert all(after - before == pytest.approx(1 / rate) for before, after in pairwise(times))


def test_without_a_limit_there_is_no_end() -> None:
    assert len(list(islice(schedule(Load(profiles.READS, 10, ids.sequential), "c"), 10_000))) == 10_000


def test_clients_do_not_fire_in_the_same_instant() -> None:
    load = Load(profiles.READS, 1, ids.sequential)
    assert len({next(schedule(load, f"client-{number}")) for number in range(50)}) == 50


def test_each_client_sends_its_schedule_with_the_intended_times() -> None:
    clients = [Client("a"), Client("b")]
    load = Load(profiles.READS, 500, ids.reused, seed=3, limit=20)
    traffic = play(load, clients)
    assert (traffic.sent, traffic.unsent) == (40, 0)
    for client in clients:
        start = client.sent[0][1] - next(schedule(load, client.name))
        intended = [time - start for _, time in client.sent]
        assert intended == pytest.approx(list(schedule(load, client.name)))
        wanted = list(islice(load.profile.requests(f"3/{client.name}"), 20))
        assert [(request.method, request.params) for request, _ in client.sent] == wanted


def test_what_a_closed_client_cannot_send_is_counted_and_disturbs_nobody() -> None:
    broken, whole = Client("a", capacity=3), Client("b")
    traffic = play(Load(profiles.READS, 500, ids.sequential, limit=10), [broken, whole])
    assert (len(broken.sent), len(whole.sent)) == (3, 10)
    assert (traffic.sent, traffic.unsent) == (13, 1)


def test_stopped_traffic_is_not_running() -> None:
    async def run() -> bool:
        client = Client("a")
        clients = cast("list[WebSocketClient]", [client])
        traffic = Traffic(clients, Load(profiles.READS, 0.001, ids.sequential), Recorder())
        await traffic.start()
        assert traffic.running
        await traffic.stop()
        return traffic.running

    assert not asyncio.run(run())
