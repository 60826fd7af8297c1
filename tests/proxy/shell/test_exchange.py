"""What happens to a request whose client or node leaves in the middle."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Self

import orjson
import pytest

from proxy.shell import connection as connections
from proxy.shell import pool as pools
from proxy.shell.attempt import HOLD
from proxy.shell.connection import Connection
from proxy.shell.outbound import connect
from tests.fakes.http_lane import Canned
from tests.fakes.lane import break_with_reset
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import QUICK, Running, call, running, until
from tests.proxy.shell.test_listener import post, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.shell.link import Link

pytestmark = pytest.mark.anyio

BIG = b"x" * 5_000_000
TIME_OUT = QUICK.proxy_timeout_ms / 1000


class StoppedClock:
    """The time of a proxy's exchanges: it stands still until told to go on, however slow the machine is."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._looks = 0

    @classmethod
    def of(cls, proxy: Running) -> Self:
        clock = proxy.server._execution.now = cls()
        return clock

    def __call__(self) -> float:
        self._looks += 1
        return self._at

    async def go_on(self, seconds: float) -> None:
        """Returns when what is due by then was done; with something in flight of which nothing comes in."""
        self._at += seconds
        looks = self._looks
        await until(lambda: self._looks > looks)


async def test_a_client_that_leaves_costs_no_connection_to_the_node() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        a.http.delay = 0.1
        for number in range(5):
            async with raw(proxy) as client:
                client.write(post(number))
                await until(lambda number=number: a.http.count("eth_chainId") == number + 1)  # type: ignore[misc]
            await until(lambda: not proxy.server._execution._flying)
        assert a.http.accepts <= 2


async def test_nobody_tries_on_for_a_client_that_is_gone() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        a.http.delays["eth_chainId"] = 5
        async with raw(proxy) as client:
            client.write(post())
            await until(lambda: a.http.count("eth_chainId"))
            # had it only closed its side, it might still want the answer
            break_with_reset(client.writer.transport)
        await until(lambda: len(proxy.server._listener) == 0, within=0.5)
        a.http.reset()
        await until(lambda: not proxy.server._execution._flying)
        assert b.http.count("eth_chainId") == 0


async def test_a_client_that_leaves_in_a_stream_ends_it_at_the_node() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        a.http.canned["eth_chainId"] = Canned(body=BIG * 10)
        async with raw(proxy) as client:
            client.write(post())
            await client.head()
        await until(lambda: not proxy.server._execution._flying)
        await until(lambda: len(proxy.server._execution._pools["a"]) == 0)


async def test_a_stream_that_the_node_stops_feeding_is_broken_off() -> None:
    async with FakeNode() as a, running([a]) as proxy, raw(proxy) as client:
        clock = StoppedClock.of(proxy)
        a.http.canned["eth_chainId"] = Canned(body=BIG)
        a.http.stop_after = 2_000_000
        client.write(post())
        await client.head()
        async with asyncio.timeout(10):
            await client.reader.readexactly(2_000_000)
        await clock.go_on(0.9 * TIME_OUT)
        assert proxy.server._execution._flying
        await clock.go_on(0.2 * TIME_OUT)
        assert await client.ended() == b""
        assert not proxy.server._execution._flying


async def test_a_slow_reader_gets_all_of_a_big_answer() -> None:
    async with FakeNode() as a, running([a]) as proxy, raw(proxy) as client:
        clock = StoppedClock.of(proxy)
        a.http.canned["eth_chainId"] = Canned(body=BIG * 8)
        client.write(post())
        await client.head()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        (exchange,) = proxy.server._execution._flying
        await until(lambda: exchange._slow)
        await clock.go_on(10 * TIME_OUT)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(10):
            assert await client.reader.readexactly(8 * len(BIG)) == BIG * 8


@pytest.fixture
def narrow_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a real network leaves to a new connection; loopback takes megabytes at once."""
    made = Connection.connection_made

    def narrow(connection: Connection, transport: asyncio.BaseTransport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        made(connection, transport)

    monkeypatch.setattr(Connection, "connection_made", narrow)


@pytest.mark.parametrize("beyond", [300, 20_000, 60_000])
@pytest.mark.usefixtures("narrow_connections")
async def test_who_is_slow_to_the_very_end_leaves_a_connection_that_is_read(beyond: int) -> None:
    async with FakeNode() as a, running([a]) as proxy, raw(proxy) as slow:
        a.http.canned["eth_chainId"] = Canned(body=b"x" * (HOLD + beyond), times=1)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        slow.write(post())
        flying = proxy.server._execution._flying
        # the pause comes with the last bytes, or some bytes before
        await until(lambda: a.http.count("eth_chainId") and all(exchange._slow for exchange in flying))
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await slow.head()
        await slow.reader.readexactly(HOLD + beyond)
        assert (await proxy.post(call("eth_chainId"))).status == 200


@pytest.mark.usefixtures("narrow_connections")
async def test_who_does_not_take_an_answer_is_served_no_other_meanwhile() -> None:
    async with FakeNode() as a, running([a]) as proxy, raw(proxy) as slow:
        a.http.canned["eth_chainId"] = Canned(body=b"x" * HOLD)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        slow.write(b"".join(post(number) for number in range(4)))
        await until(lambda: a.http.count("eth_chainId") and not proxy.server._execution._flying)
        slow.write(post(4))
        for _ in range(5):
            assert (await proxy.post(call("eth_blockNumber"))).status == 200
        assert a.http.count("eth_chainId") == 1
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(5):
            assert await slow.response()
        assert a.http.count("eth_chainId") == 5


@pytest.mark.usefixtures("narrow_connections")
async def test_who_takes_an_answer_too_late_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WRITE_LIMIT", 0.2)
    async with FakeNode() as a, running([a]) as proxy, raw(proxy) as slow:
        a.http.canned["eth_chainId"] = Canned(body=b"x" * HOLD)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        slow.write(post(1) + post(2) + post(3)[:-4])
        await until(lambda: a.http.count("eth_chainId") and not len(proxy.server._listener))


async def test_a_send_that_waits_for_a_connection_moves_when_its_node_falls_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=200) as proxy:

        async def to_b_only(factory: Callable[[], Link], host: str, port: int, *, tls: bool) -> object:
            return await (asyncio.sleep(60) if port == a.http.port else connect(factory, host, port, tls=tls))

        monkeypatch.setattr(pools, "connect", to_b_only)
        a.hold()
        reply = await proxy.post(call("eth_sendRawTransaction", "0xf8"))
        assert reply.status == 200
        assert (a.http.count("eth_sendRawTransaction"), b.http.count("eth_sendRawTransaction")) == (0, 1)
        a.release()


async def test_both_nodes_of_a_slow_read_may_fail() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], proxy_timeout_ms=900) as proxy:
        for node in (a, b):
            node.http.ignored.add("eth_chainId")
        assert (await proxy.post(call("eth_chainId"))).status == 504
        assert (a.http.count("eth_chainId"), b.http.count("eth_chainId")) == (1, 1)
        task = asyncio.create_task(proxy.post(call("eth_chainId")))
        await until(lambda: b.http.count("eth_chainId") == 2)
        a.http.reset()
        b.http.reset()
        assert (await task).status == 502


async def test_the_second_node_of_a_slow_read_may_stream() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], proxy_timeout_ms=900) as proxy:
        a.http.ignored.add("eth_chainId")
        b.http.canned["eth_chainId"] = Canned(body=BIG)
        assert (await proxy.post(call("eth_chainId"))).body == BIG
        assert not proxy.server._execution._flying


async def test_what_waits_for_a_connection_is_not_written_for_a_client_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "PATIENCE", 60)
    async with FakeNode() as a, running([a], health_check_interval_ms=60_000) as proxy, raw(proxy) as slow:
        flying = proxy.server._execution._flying
        proxy.server._execution._pools["a"]._few = 1
        a.http.ignored.add("eth_getLogs")
        slow.write(post().replace(b"eth_chainId", b"eth_getLogs"))
        await until(lambda: a.http.count("eth_getLogs"))
        async with raw(proxy) as client:
            client.write(post())
            await until(lambda: len(flying) == 2)
            break_with_reset(client.writer.transport)
            await until(lambda: len(flying) == 1)


@pytest.mark.parametrize("method", ["eth_call", "eth_sendRawTransaction"])
async def test_clients_that_leave_keep_few_connections_busy(method: str) -> None:
    async with FakeNode() as a, running([a], proxy_timeout_ms=60_000, health_check_interval_ms=60_000) as proxy:
        flying, pool = proxy.server._execution._flying, proxy.server._execution._pools["a"]
        a.http.ignored.add(method)
        body = orjson.dumps(call(method))
        for number in range(1, 60):
            async with raw(proxy) as client:
                client.write(b"POST /el HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                await until(lambda number=number: a.http.count(method) == number)  # type: ignore[misc]
                break_with_reset(client.writer.transport)
            await until(lambda: len(proxy.server._listener) == 0)
        assert len(flying) == pools.FEW
        assert len(pool) <= pools.FEW + 1


@pytest.mark.parametrize("method", ["eth_call", "eth_sendRawTransaction"])
async def test_a_node_is_given_so_many_connections_and_no_more(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MANY", 20)
    async with FakeNode() as a, running([a]) as proxy:
        before, a.http.delays[method] = a.http.accepts, 0.2
        replies = await asyncio.gather(*(proxy.post(call(method, id_=number)) for number in range(60)))
        assert {reply.status for reply in replies} == {200}
        assert a.http.count(method) == 60
        assert a.http.accepts - before <= 20


async def test_nothing_big_is_kept_for_a_client_that_is_gone() -> None:
    async with FakeNode() as a, running([a], proxy_timeout_ms=60_000) as proxy, raw(proxy) as client:
        a.http.hold()
        body = orjson.dumps(call("eth_call", "x" * 9_000_000))
        client.write(b"POST /el HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await until(lambda: proxy.server._execution._flying)
        break_with_reset(client.writer.transport)
        await until(lambda: not proxy.server._execution._flying)
        a.http.release()
