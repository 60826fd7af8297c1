"""A node that refuses one client by itself: no other client notices, and the monitor sees who is at fault."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from proxy import jsonrpc
from proxy.config import WebSocketLimits
from proxy.nodes import Node, Tier
from proxy.shell.dialer import LaneProber
from tests.fakes.chain import Chain
from tests.fakes.node import FakeNode
from tests.fakes.slow_lane import SlowLane
from tests.proxy.shell.running import Running, call, running, until

pytestmark = pytest.mark.anyio

BARRED = "https://barred.example"


def client(proxy: Running, origin: str | None = None) -> connect:
    headers = {} if origin is None else {"Origin": origin}
    return connect(f"ws://127.0.0.1:{proxy.port}/el/ws", compression=None, max_size=None, additional_headers=headers)


def pair() -> tuple[FakeNode, FakeNode]:
    chain = Chain.of_length(10)
    return FakeNode("p", chain), FakeNode("b", chain, Tier.BACKUP)


def shut(proxy: Running) -> list[str]:
    """Grows with the names of the lanes that are shut, at each change of routing."""
    seen: list[str] = []
    proxy.server.monitor.listen(
        lambda snapshot: seen.extend(state.node.name for state in snapshot.nodes if not state.ws_ready)
    )
    return seen


async def ask(ws: ClientConnection, method: str, *params: object) -> object:
    await ws.send(orjson.dumps(call(method, *params)).decode())
    async with asyncio.timeout(5):
        answer = orjson.loads(await ws.recv())
    return answer.get("result", answer.get("error"))


async def how_it_ends(ws: ClientConnection) -> tuple[int | None, str | None]:
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            await ws.recv()
    return ws.close_code, ws.close_reason


async def test_a_client_that_nodes_refuse_is_told_so_and_shuts_the_lane_for_nobody() -> None:
    primary, backup = pair()
    primary.ws.bars = backup.ws.bars = {BARRED}
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as good:
        lanes = shut(proxy)
        for _ in range(5):
            async with client(proxy, BARRED) as refused:
                code, reason = await how_it_ends(refused)
                assert code == 1013
                assert reason is not None
                assert reason.endswith("HTTP 403")
            assert await ask(good, "web3_clientVersion") == "p"
        await until(lambda: primary.ws.count("net_version"))  # the monitor has looked
        assert lanes == []


async def test_a_node_that_refuses_all_is_found_out_and_a_client_of_it_finds_the_other() -> None:
    """As one does whose credentials in the config are wrong: the monitor dials with those alone."""
    primary, backup = pair()
    primary.ws.status = 401
    async with primary, backup, running([primary, backup]) as proxy:
        async with client(proxy) as ws:
            assert await ask(ws, "web3_clientVersion") == "b"
            await until(lambda: not proxy.server.monitor.snapshot.nodes[0].ws_ready)
            primary.ws.status = None
            await until(lambda: proxy.server.monitor.snapshot.nodes[0].ws_ready)
            await until(lambda: primary.ws.clients)
        assert proxy.server.monitor.snapshot.nodes[1].ws_ready


@pytest.mark.parametrize("status", [404, 408, 429, 500, 503])
async def test_what_a_front_says_whose_node_is_down_shuts_the_lane_and_the_client_waits(status: int) -> None:
    async with FakeNode() as node, running([node]) as proxy:
        node.ws.status = status
        async with client(proxy) as ws:
            await until(lambda: not proxy.server.monitor.snapshot.nodes[0].ws_ready)
            node.ws.status = None
            assert await ask(ws, "eth_chainId") == "0x539"


async def test_what_is_too_big_for_nodes_shuts_no_lane_and_has_one_answer() -> None:
    primary, backup = pair()
    primary.ws.largest = backup.ws.largest = 1000
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as good, client(proxy) as ws:
        lanes = shut(proxy)
        error = await ask(ws, "eth_call", {"data": "0x" + "00" * 1000}, "latest")
        assert isinstance(error, dict)
        assert error["code"] == jsonrpc.NODE_FAILED
        assert await ask(ws, "eth_chainId") == "0x539"
        assert await ask(good, "web3_clientVersion") == "p"
        assert lanes == []


async def test_a_client_that_breaks_a_policy_of_its_node_shuts_no_lane() -> None:
    """As providers have one: so many requests a second over one connection."""
    primary, backup = pair()
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as good:
        assert await ask(good, "web3_clientVersion") == "p"
        kept = set(primary.ws.clients)
        lanes = shut(proxy)
        async with client(proxy) as greedy:
            for _ in range(3):
                await until(lambda: len(primary.ws.clients) == 2)
                (link,) = set(primary.ws.clients) - kept
                await link.close(1008, "too many requests")
                assert await ask(greedy, "eth_chainId") == "0x539"
        assert await ask(good, "web3_clientVersion") == "p"
        assert lanes == []


async def test_an_answer_over_the_limit_shuts_no_lane_and_the_client_is_told() -> None:
    primary, backup = pair()
    limits = WebSocketLimits(ws_max_frame_size=1 << 20)
    async with (
        primary,
        backup,
        SlowLane(primary, 1 << 23) as slow_primary,
        SlowLane(backup, 1 << 23) as slow_backup,
        running([slow_primary, slow_backup], websocket=limits) as proxy,
        client(proxy) as good,
        client(proxy) as ws,
    ):
        lanes = shut(proxy)
        error = await ask(ws, "eth_call", {"gas": hex(1 << 20)}, "latest")
        assert isinstance(error, dict)
        assert error["code"] == jsonrpc.NODE_FAILED
        assert await ask(ws, "eth_chainId") == "0x539"
        assert await ask(good, "web3_clientVersion") == "p"
        assert lanes == []


async def test_a_pong_that_nobody_asked_for_and_a_ping_are_no_answer_to_the_probe_of_a_lane() -> None:
    async def serves(connection: ServerConnection) -> None:
        await connection.pong()
        await connection.ping()
        await connection.recv()
        await connection.send('{"jsonrpc":"2.0","id":1,"result":"1"}')
        await connection.wait_closed()

    async with serve(serves, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await LaneProber(5.0)(Node("a", Tier.PRIMARY, "", f"ws://127.0.0.1:{port}"))
