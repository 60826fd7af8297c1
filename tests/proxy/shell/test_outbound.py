"""Connections to nodes that the config knows by name."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from picows import WSListener

from proxy.shell import outbound, picows_seam
from proxy.shell.endpoint import Endpoint
from proxy.shell.pool import Pool
from proxy.shell.probes import ask
from proxy.shell.resolver import Resolver
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio

real = socket.getaddrinfo


class Names:
    """Plays the system's lookup: addresses of names, or what is raised for them. While `silent`, there is no answer."""

    def __init__(self) -> None:
        self.known: dict[str, list[str] | Exception] = {"good.test": ["127.0.0.1"]}
        self.asked: list[str] = []
        self.silent = {"bad.test"}
        self.end = Event()

    def __call__(self, host: str, port: int, **options: Any) -> list[Any]:
        self.asked.append(host)
        if host in self.silent:
            self.end.wait(30)
        found = self.known.get(host, [])
        if isinstance(found, Exception):
            raise found
        return [entry for address in found for entry in real(address, port, **options)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    played = Names()
    monkeypatch.setattr(socket, "getaddrinfo", played)
    monkeypatch.setattr(outbound, "_resolver", Resolver())
    yield played
    played.end.set()


async def test_a_name_without_an_answer_holds_up_nobody_else(names: Names) -> None:
    async with FakeNode() as node:
        ill = [
            asyncio.create_task(outbound.connect(asyncio.Protocol, "bad.test", node.http.port, tls=False))
            for _ in range(40)
        ]
        await until(lambda: names.asked)
        pool = Pool(Endpoint(f"http://good.test:{node.http.port}"))
        request = pool.endpoint.request(b"POST", b"", b"", b"", b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}')
        async with asyncio.timeout(1):
            assert (await ask(pool, request, new=False))[0] == 200
            await picows_seam.connect(f"ws://good.test:{node.ws.port}", WSListener(), [], 1000)
        pool.close()
        for dial in ill:
            dial.cancel()
        await asyncio.wait(ill)
        assert all(dial.cancelled() for dial in ill)
    assert names.asked.count("bad.test") == 1


@pytest.mark.parametrize("ill", [None, socket.gaierror(socket.EAI_AGAIN, "try again")])
async def test_the_last_addresses_are_kept_while_there_is_no_answer(names: Names, ill: Exception | None) -> None:
    before = await resolved("good.test")
    if ill is None:
        names.silent.add("good.test")
    else:
        names.known["good.test"] = ill
    assert await resolved("good.test") == before == ["127.0.0.1"]
    assert names.asked == ["good.test"] * 2


async def test_an_answer_that_came_too_late_for_who_asked_is_there_for_the_next(names: Names) -> None:
    names.silent.add("good.test")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolved("good.test")
    names.end.set()
    await until(lambda: outbound._resolver._last)
    names.end.clear()
    assert await resolved("good.test") == ["127.0.0.1"]


async def test_a_name_that_moves_is_followed(names: Names) -> None:
    await resolved("good.test")
    names.known["good.test"] = ["127.0.0.9"]
    assert await resolved("good.test") == ["127.0.0.9"]
    names.known["good.test"] = socket.gaierror(socket.EAI_NONAME, "no such name")
    with pytest.raises(OSError, match="no such name"):
        await resolved("good.test")


async def test_a_text_that_can_be_no_name() -> None:
    with pytest.raises(OSError, match="cannot be the name of a host"):
        await resolved("a..b")


async def test_an_address_that_does_not_answer_is_not_the_only_one_tried(names: Names) -> None:
    names.known["good.test"] = ["127.0.0.2", "127.0.0.3"]
    with black_hole("127.0.0.2") as port:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.3", port)
        async with server, asyncio.timeout(1):
            transport, _ = await outbound.connect(asyncio.Protocol, "good.test", port, tls=False)
            assert transport.get_extra_info("peername") == ("127.0.0.3", port)
            transport.abort()


async def test_an_address_is_not_looked_up(names: Names) -> None:
    async with FakeNode() as node:
        transport, _ = await outbound.connect(asyncio.Protocol, "127.0.0.1", node.http.port, tls=False)
        transport.abort()
    assert names.asked == []


def test_a_lookup_under_way_does_not_delay_the_end_of_the_process() -> None:
    program = """
import asyncio, socket, time
from proxy.shell.resolver import Resolver
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
async def main():
    await asyncio.wait([asyncio.create_task(Resolver().addresses("bad.test", 80))], timeout=0.05)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


async def resolved(host: str) -> list[str]:
    async with asyncio.timeout(2):
        return [entry[4][0] for entry in await outbound._resolver.addresses(host, 1)]


@contextmanager
def black_hole(address: str) -> Iterator[int]:
    """A port whose listener has all the connections that it can have: who dials now hears nothing."""
    sockets = [socket.socket() for _ in range(4)]
    listener, *fill = sockets
    listener.bind((address, 0))
    listener.listen(0)
    for dial in fill:
        dial.setblocking(False)
        dial.connect_ex(listener.getsockname())
    try:
        yield int(listener.getsockname()[1])
    finally:
        for each in sockets:
            each.close()
