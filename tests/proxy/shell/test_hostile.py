"""Peers that mean no good, or are simply gone, over the real listener."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from proxy import jsonrpc
from proxy.config import WebSocketLimits
from proxy.shell import listener, websocket
from proxy.shell.upstream import Upstream
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, call, running, until
from tests.proxy.shell.wire import PING, PONG, TEXT, Wire, close, frame

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio
TCP_REPAIR = 19  # Linux: a socket in repair is closed without a word to its peer

DEEP = [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000]
DEEP_PARAMS = b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":%b}' % (b"[" * 50_000 + b"]" * 50_000)


async def ask(wire: Wire, text: bytes) -> Any:
    wire.write(frame(TEXT, text))
    return orjson.loads((await wire.read()).payload)


@pytest.mark.parametrize("text", [*DEEP, DEEP_PARAMS], ids=["open", "arrays", "objects", "params"])
async def test_json_nested_too_deep_is_answered_as_what_it_is_and_nothing_else_suffers(text: bytes) -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        assert (await ask(wire, text))["error"]["code"] == jsonrpc.PARSE_ERROR
        assert (await ask(wire, orjson.dumps(call("eth_chainId"))))["result"] == "0x539"
        reply = await proxy.post(text)
        assert orjson.loads(reply.body)["error"]["code"] == jsonrpc.PARSE_ERROR
        assert (await proxy.post(call("eth_chainId"))).json["result"] == "0x539"


@pytest.mark.parametrize("size", [1000, 1001, 20_000])
async def test_a_huge_batch_is_answered_whole_or_refused_at_once(size: int) -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        answer = await ask(wire, orjson.dumps([call("eth_chainId", id_=number) for number in range(size)]))
        if size <= 1000:
            assert [part["id"] for part in answer] == list(range(size))
        else:
            assert answer["error"]["code"] == jsonrpc.INVALID_REQUEST
        assert (await ask(wire, orjson.dumps(call("eth_chainId"))))["result"] == "0x539"


@pytest.mark.parametrize("element", [b"1", b"{}", b'{"id":1,"method":"eth_chainId"}'])
async def test_an_error_for_a_huge_batch_is_one(element: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each of the millions of elements that a body holds would hold up everybody for half a minute."""
    batch = b"[1," + b",".join([element] * 20_000) + b"]"
    async with FakeNode() as node, running([node]) as proxy:
        await node.die()
        await until(lambda: not proxy.healthy("a"))
        monkeypatch.setattr(jsonrpc, "_request", None)  # nor is any of them read
        reply = await proxy.post(batch)
        assert (reply.status, reply.json["id"], reply.json["error"]["code"]) == (503, None, jsonrpc.NO_NODE)


async def test_a_client_whose_host_is_gone_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It closes nothing and resets nothing: half of the connection stays open."""
    monkeypatch.setattr(
        listener, "KEEP_ALIVE", {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 1}
    )
    async with FakeNode() as node, running([node]) as proxy:
        wire = await Wire.open(proxy.url)
        await until(lambda: node.ws.clients)
        try:
            wire.vanish(TCP_REPAIR)
        except PermissionError:
            pytest.skip("only root may vanish")
        await until(lambda: len(proxy.server.gate) == 0, within=10)
        await until(lambda: not node.ws.clients)
        assert await proxy.metric("vixy_ws_connections_active") == 0


@pytest.mark.parametrize("member", [b',"x":{"id":1}', rb',"\u0069d":1'], ids=["ids", "escapes"])
async def test_a_long_message_full_of_ids_reaches_a_node_as_any_other(member: bytes) -> None:
    text = b'{"id":7,"method":"eth_chainId"%b,"id":8}' % (member * 100_000)
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        assert await ask(wire, text) == {"jsonrpc": "2.0", "id": 8, "result": "0x539"}
        assert node.ws.count("eth_chainId") == 1


async def test_pings_of_who_reads_no_pong_do_not_pile_up() -> None:
    limits = WebSocketLimits(ws_client_buffer_max_bytes=1 << 20)
    pings = frame(PING, b"?" * 125) * 8000
    async with FakeNode() as node, running([node], websocket=limits) as proxy, await Wire.open(proxy.url) as wire:
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(20):
                while not proxy.server.metrics.ws_slow_clients._value.get():
                    await wire.drained(pings)
        assert proxy.server.metrics.ws_slow_clients._value.get() == 1


async def test_what_is_owed_no_answer_does_not_pile_up_before_a_node_that_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = WebSocketLimits(ws_queue_max_bytes=1 << 20, ws_max_frame_size=1 << 20)
    note = frame(TEXT, b'{"jsonrpc":"2.0","method":"eth_call","params":["%b"]}' % (b"a" * (1 << 19)))
    async with FakeNode() as node, running([node], websocket=limits) as proxy, await Wire.open(proxy.url) as wire:
        most = 0

        def look() -> None:
            nonlocal most
            most = max(most, _unread_by_nodes(proxy))

        def too_much(link: Upstream) -> None:
            look()  # in the next turn of the loop it may be gone
            end(link)

        end = Upstream.pause_writing
        monkeypatch.setattr(Upstream, "pause_writing", too_much)
        await ask(wire, orjson.dumps(call("eth_chainId")))
        node.ws.hold()
        for _ in range(64):
            await wire.drained(note)
            look()
        await until(lambda: most > 1 << 20)
        assert most <= 8 << 20
        node.ws.release()
        assert (await ask(wire, orjson.dumps(call("eth_chainId"))))["result"] == "0x539"


def _unread_by_nodes(proxy: Running) -> int:
    """Bytes that the links of all clients keep for their nodes."""
    gate = proxy.server.gate
    assert isinstance(gate, websocket.WebSocketGate)
    links = [link.transport for client in gate._clients for link in client._links.values()]
    return sum(link.underlying_transport.get_write_buffer_size() for link in links if link is not None)


async def test_who_breaks_the_protocol_and_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SLOW_CLOSE_GRACE", 0.1)
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        await ask(wire, orjson.dumps(call("eth_subscribe", "newHeads")))
        for number in range(12):
            wire.write(frame(TEXT, orjson.dumps(call("eth_call", {"gas": hex(1 << 19)}, "latest", id_=number))))
        await until(lambda: proxy.server.metrics.ws_messages_downstream == 13)
        wire.write(frame(3))
        await until(lambda: not len(proxy.server.gate))
        assert await proxy.metric("vixy_ws_subscriptions_active") == 0


async def test_fragments_of_nothing_take_no_memory() -> None:
    async with FakeNode() as node, running([node]) as proxy, await Wire.open(proxy.url) as wire:
        wire.write(frame(TEXT, b"[", fin=False))
        before = _resident()
        for _ in range(50):
            await wire.drained(frame(0, fin=False) * 100_000)
        wire.write(frame(PING))
        assert (await wire.read()).opcode == PONG  # all that came before is read
        assert _resident() - before < 16 << 20


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _come_and_go(proxy: Running, number: int) -> None:
    """In one of the ways that clients have: a reset in mid-frame, a close, a request left unanswered, half a head."""
    if number % 4 == 3:
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"POST /el HTTP/1.1\r\nHost: a\r\nContent-Le")
        await writer.drain()
        writer.transport.abort()
        return
    async with await Wire.open(proxy.url) as wire:
        text = frame(TEXT, orjson.dumps(call("eth_chainId")))
        wire.write([text[:7], close(1000), text][number % 4])
        if number % 4 == 1:
            await wire.read()


@pytest.mark.parametrize("times", [200, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
@pytest.mark.mode("H13")
async def test_whatever_came_and_went_nothing_is_left(times: int) -> None:
    async with FakeNode() as node, running([node]) as proxy:

        async def rounds(numbers: Iterator[int]) -> None:
            for number in numbers:
                await _come_and_go(proxy, number)

        async def everybody(many: int) -> None:
            numbers = iter(range(many))
            await asyncio.gather(*(rounds(numbers) for _ in range(10)))
            await until(lambda: len(proxy.server._listener) == 0 and len(proxy.server.gate) == 0, within=30)
            await until(lambda: not node.ws.clients, within=30)

        await everybody(100)  # caches are filled, and allocators have what they keep
        tasks, descriptors, resident = len(asyncio.all_tasks()), _descriptors(), _resident()
        await everybody(times)
        await until(lambda: len(asyncio.all_tasks()) <= tasks + 1, within=30)
        await until(lambda: _descriptors() <= descriptors + 2, within=30)
        assert _resident() - resident < 32 << 20
        assert await proxy.metric("vixy_ws_connections_active") == 0
        assert await proxy.metric('vixy_ws_upstream_node{node="a"}') == 0
        assert await proxy.metric("vixy_ws_connections_total") == sum(n % 4 != 3 for n in range(100)) + sum(
            n % 4 != 3 for n in range(times)
        )
