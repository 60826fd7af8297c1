"""What the WebSocket shell adds to the session: real links, headers, slow readers, leaving."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from proxy.config import WebSocketLimits
from proxy.nodes import Tier
from proxy.session import Session
from proxy.session import events as ev
from proxy.session.states import State
from proxy.shell import websocket
from tests.fakes.chain import Chain
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.fakes.slow_lane import SlowLane
from tests.proxy.shell.running import Running, call, running, until
from tests.proxy.shell.wire import CLOSE, TEXT, Wire, close, frame

pytestmark = pytest.mark.anyio


def client(proxy: Running, target: str = "/el/ws", **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{proxy.port}{target}", compression=None, max_size=None, **options)


async def ask(connection: ClientConnection, method: str, *params: Any, id_: Any = 7, within: float = 5) -> Any:
    await connection.send(orjson.dumps(call(method, *params, id_=id_)).decode())
    async with asyncio.timeout(within):
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


async def test_headers_in_utf_8_stay_what_they_are() -> None:
    async with FakeNode() as node, running([node]) as proxy:
        async with await Wire.open(proxy.url, "/el/ws", "Cookie: name=José\r\n"):
            await until(lambda: node.ws.clients)
        seen = node.ws.handshakes[-1]
        assert seen.headers["Cookie"].encode("latin-1").decode() == "name=José"


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


async def test_what_follows_such_an_answer_is_no_sign_of_a_slow_reader() -> None:
    limits = WebSocketLimits(ws_client_buffer_max_bytes=1 << 20)
    async with FakeNode() as node, running([node], websocket=limits) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(frame(TEXT, orjson.dumps(call("eth_subscribe", "newHeads"))))
        await wire.read()
        wire.write(frame(TEXT, orjson.dumps(call("eth_call", {"gas": hex(1 << 23)}, "latest"))))
        await until(lambda: proxy.server.metrics.ws_messages_downstream == 2)
        node.chain.mine()  # while most of the answer is still to be read
        await until(lambda: proxy.server.metrics.ws_messages_downstream == 3)
        assert len((await wire.read()).payload) > 1 << 24
        assert orjson.loads((await wire.read()).payload)["params"]["result"]["number"] == "0xb"
        assert await proxy.metric("vixy_ws_slow_clients_total") == 0


async def test_an_answer_that_takes_longer_than_a_ping_arrives_and_the_link_stays() -> None:
    async with (
        FakeNode() as node,
        SlowLane(node, 1 << 20) as slow,
        running([slow], proxy_timeout_ms=30_000) as proxy,
        client(proxy) as ws,
    ):
        assert (await ask(ws, "eth_call", {"gas": hex(1 << 20)}, "latest", within=20))["result"] == "0x" + "ab" * (
            1 << 20
        )
        assert node.ws.count("eth_call") == 1


async def test_a_request_that_takes_longer_than_a_ping_to_send_is_written_once_and_answered() -> None:
    async with (
        FakeNode() as node,
        SlowLane(node, 1 << 20) as slow,
        running([slow], websocket=WebSocketLimits(ws_dial_timeout_ms=9_000), proxy_timeout_ms=30_000) as proxy,
        client(proxy) as ws,
    ):
        assert (await ask(ws, "eth_call", {"data": "0x" + "cd" * (4 << 20)}, "latest", within=20))["result"]
        assert node.ws.count("eth_call") == 1
        assert await proxy.metric("vixy_ws_reconnections_total") == 0


async def test_a_lane_that_falls_silent_inside_an_answer_is_left() -> None:
    primary, backup = pair()
    async with (
        primary,
        backup,
        SlowLane(primary, 1 << 20) as slow,
        running([slow, backup]) as proxy,
        client(proxy) as ws,
    ):
        await ws.send(orjson.dumps(call("eth_call", {"gas": hex(1 << 20)}, "latest")).decode())
        await until(lambda: slow.passed > 1 << 18)
        slow.open.clear()
        async with asyncio.timeout(4):
            assert len(await ws.recv()) > 1 << 20
        assert backup.ws.count("eth_call") == 1


BROKEN = {
    "masked": frame(TEXT, b"{}"),
    "a reserved opcode": frame(3, masked=False),
    "a close code that is never sent": frame(CLOSE, b"\x03\xed", masked=False),
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
async def test_a_node_that_breaks_the_protocol_is_left_without_a_word_from_asyncio(said: bytes) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with FakeNode() as node, running([node]) as proxy, client(proxy) as ws:
        await ask(ws, "eth_chainId")
        for transport in node.ws.transports():
            transport.write(said)
        await until(lambda: node.ws.accepts >= 3)  # the monitor's, and the next of the client
        assert (await ask(ws, "eth_chainId"))["result"] == "0x539"
    gc.collect()
    assert complaints == []


async def test_a_mistake_of_ours_ends_one_client_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    primary, backup = pair()
    async with primary, backup, running([primary, backup]) as proxy, client(proxy) as one, client(proxy) as other:
        for ws in (one, other):
            await ask(ws, "eth_subscribe", "newHeads")
        changed = Session._nodes_changed
        broken: list[Session] = []

        def nodes_changed(session: Session, event: Any) -> None:
            broken.append(session)
            if session is broken[0]:
                raise AssertionError
            changed(session, event)

        monkeypatch.setitem(Session._HANDLERS, ev.NodesChanged, nodes_changed)
        await primary.die()
        codes = [asyncio.ensure_future(closing_code(ws)) for ws in (one, other)]
        done, rest = await asyncio.wait(codes, return_when=asyncio.FIRST_COMPLETED)
        assert [code.result() for code in done] == [1011]
        assert len(rest) == 1
        await until(lambda: not primary.ws.clients and len(backup.ws.clients) == 1)
        assert await proxy.metric("vixy_ws_subscriptions_active") == 1
        await primary.boot()
        await until(lambda: primary.ws.clients)


async def test_time_that_is_up_at_the_end_is_told_to_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "BROADCAST", 1)
    async with FakeNode() as node, running([node]) as proxy, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client(proxy)) for _ in range(5)]
        gate = proxy.server.gate
        assert isinstance(gate, websocket.WebSocketGate)
        node.hold()
        for ws in clients:
            await ws.send(orjson.dumps(call("eth_chainId")).decode())
        await until(lambda: sum(client._session.open_calls for client in gate._clients) == 5)
        await gate.drain(0.05)
        assert {client._session.state for client in gate._clients} == {State.CLOSED}
        assert [await closing_code(ws) for ws in clients] == [1001] * 5


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
