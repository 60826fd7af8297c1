"""What the WebSocket shell adds to the session: real links, headers, slow readers, leaving."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from proxy.config import WebSocketLimits
from proxy.nodes import Tier
from tests.fakes.chain import Chain
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, call, running, until
from tests.proxy.shell.wire import CLOSE, Wire, close

pytestmark = pytest.mark.anyio


def client(proxy: Running, target: str = "/el/ws", **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{proxy.port}{target}", compression=None, max_size=None, **options)


async def ask(connection: ClientConnection, method: str, *params: Any, id_: Any = 7) -> Any:
    await connection.send(orjson.dumps(call(method, *params, id_=id_)).decode())
    async with asyncio.timeout(5):
        return orjson.loads(await connection.recv())


async def closing_code(connection: ClientConnection) -> int:
    """Read to the end; the close code of the proxy."""
    async with asyncio.timeout(10):
        with suppress(ConnectionClosed):
            while True:
                await connection.recv()
    assert connection.close_code is not None
    return connection.close_code


def pair() -> tuple[FakeNode, FakeNode]:
    chain = Chain.of_length(10)
    return FakeNode("p", chain), FakeNode("b", chain, Tier.BACKUP)


async def test_a_request_and_its_answer() -> None:
    async with FakeNode() as node, running([node]) as proxy, client(proxy) as ws:
        assert await ask(ws, "eth_blockNumber", id_="x") == {"jsonrpc": "2.0", "id": "x", "result": "0xa"}


async def test_headers_query_and_subprotocol_reach_the_node() -> None:
    headers = {"Authorization": "Bearer secret", "X-Trace": "1"}
    async with FakeNode() as node, running([node]) as proxy:
        async with client(proxy, "/el/ws?key=a&b", additional_headers=headers, subprotocols=["rpc"]) as ws:
            await ask(ws, "eth_chainId")
        seen = node.ws.handshakes[-1]
        assert seen.path == "/?key=a&b"
        assert seen.headers["Authorization"] == "Bearer secret"
        assert seen.headers["X-Trace"] == "1"
        assert seen.headers["Sec-WebSocket-Protocol"] == "rpc"
        assert seen.headers["Host"].startswith("127.0.0.1")
        assert len(seen.headers.get_all("Sec-WebSocket-Key")) == 1


async def _reset(node: FakeNode) -> None:
    for transport in node.ws.transports():
        transport.abort()


async def _die(node: FakeNode) -> None:
    await node.die()


async def _close(node: FakeNode) -> None:
    await node.ws.close(1001)


async def _hold(node: FakeNode) -> None:
    node.hold()


@pytest.mark.parametrize("fault", [_reset, _die, _close, _hold])
async def test_the_client_stays_when_the_node_does_not(fault: Any) -> None:
    primary, backup = pair()
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as ws:
        confirmed = await ask(ws, "eth_subscribe", "newHeads")
        await fault(primary)
        assert (await ask(ws, "web3_clientVersion"))["result"] in ("b", "p")
        backup.chain.mine()
        event = orjson.loads(await ws.recv())
        assert event["params"]["subscription"] == confirmed["result"]
        assert event["params"]["result"]["number"] == "0xb"


async def test_back_on_the_primary_and_no_link_left_behind() -> None:
    primary, backup = pair()
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as ws:
        assert (await ask(ws, "web3_clientVersion"))["result"] == "p"
        await primary.die()
        assert (await ask(ws, "web3_clientVersion"))["result"] == "b"
        await primary.boot()
        await until(lambda: primary.ws.clients)
        await until(lambda: not backup.ws.clients)
        assert (await ask(ws, "web3_clientVersion"))["result"] == "p"
        assert await proxy.metric('vixy_ws_upstream_node{node="p"}') == 1
        assert await proxy.metric('vixy_ws_upstream_node{node="b"}') == 0
        assert await proxy.metric('vixy_ws_upstream_node_connected{node="p"}') == 1


async def test_a_client_that_connects_while_the_lane_is_shut_is_served_by_another_node() -> None:
    primary, backup = pair()
    async with primary, backup, running([primary, backup]) as proxy:
        await primary.ws.refuse()
        async with client(proxy) as ws:
            assert (await ask(ws, "web3_clientVersion"))["result"] == "b"


async def test_a_node_that_never_completes_the_handshake_is_given_up() -> None:
    primary, backup = pair()
    primary.ws.mute = True
    limits = WebSocketLimits(ws_dial_timeout_ms=200)
    async with primary, backup, running([primary, backup], websocket=limits) as proxy, client(proxy) as ws:
        assert (await ask(ws, "web3_clientVersion"))["result"] == "b"


BIG = {"gas": hex(1 << 19)}  # so many bytes does the fake node answer to eth_call


async def test_a_slow_reader_is_cut_off_with_1013_and_hurts_nobody() -> None:
    limits = WebSocketLimits(ws_client_buffer_max_bytes=1 << 20)
    async with FakeNode() as node, running([node], websocket=limits) as proxy, client(proxy) as good:
        async with client(proxy, max_queue=1) as slow:
            for number in range(64):
                await slow.send(orjson.dumps(call("eth_call", BIG, "latest", id_=number)).decode())
            assert (await ask(good, "eth_chainId"))["result"] == "0x539"
            await until(lambda: proxy.server.metrics.ws_slow_clients._value.get() == 1)
            assert await closing_code(slow) == 1013
        assert (await ask(good, "eth_chainId"))["result"] == "0x539"


async def test_an_answer_larger_than_the_buffer_is_delivered() -> None:
    limits = WebSocketLimits(ws_client_buffer_max_bytes=1000)
    async with FakeNode() as node, running([node], websocket=limits) as proxy, client(proxy) as ws:
        assert (await ask(ws, "eth_call", BIG, "latest"))["result"] == "0x" + "ab" * (1 << 19)


async def test_the_end_answers_what_is_in_flight_and_says_1001() -> None:
    async with FakeNode() as node, running([node]) as proxy, client(proxy) as busy, client(proxy) as idle:
        await ask(idle, "eth_chainId")
        node.hold()
        await busy.send(orjson.dumps(call("eth_chainId")).decode())
        end = asyncio.create_task(proxy.server.drain(5))
        assert await closing_code(idle) == 1001
        node.release()
        assert orjson.loads(await busy.recv())["result"] == "0x539"
        assert await closing_code(busy) == 1001
        await end


async def test_abrupt_losses_leave_nothing_behind() -> None:
    async with FakeNode() as node, running([node]) as proxy:
        for _ in range(20):
            wires = [await Wire.open(proxy.url) for _ in range(10)]
            for wire in wires:
                async with wire:
                    pass
        await until(lambda: len(proxy.server.gate) == 0 and not node.ws.clients)
        assert await proxy.metric("vixy_ws_connections_active") == 0
        assert await proxy.metric("vixy_ws_connections_total") == 200
        assert await proxy.metric('vixy_ws_upstream_node{node="a"}') == 0


async def test_a_client_that_closes_is_forgotten_at_once() -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        await until(lambda: node.ws.clients)
        wire.write(close(1000))
        assert (await wire.read()).opcode == CLOSE
        await until(lambda: not node.ws.clients)


async def test_an_upgrade_is_refused_by_nobody_while_http_is_limited() -> None:
    async with FakeNode() as node, running([node]) as proxy:
        node.http.canned["eth_chainId"] = Canned(status=429)
        async with client(proxy) as ws:
            assert (await ask(ws, "eth_chainId"))["result"] == "0x539"
