"""The recording client against a real WebSocket server that does as it is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest
from websockets.asyncio.server import ServerConnection, serve

from e2e.clients.websocket import ClientClosedError, Request, WebSocketClient
from e2e.ledger.entries import Closed, Opened, Received, Sent
from e2e.ledger.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from e2e.ledger.entries import Entry

pytestmark = pytest.mark.anyio
E2 = TypeVar("E2", bound="Entry")
WITHIN = 5.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def connected(
    handler: Callable[[ServerConnection], Awaitable[None]],
) -> AsyncIterator[tuple[WebSocketClient, Recorder]]:
    recorder = Recorder()
    async with serve(handler, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        client = WebSocketClient("c", f"ws://127.0.0.1:{port}", recorder)
        await client.open()
        yield client, recorder
        await client.close()


def of(recorder: Recorder, kind: type[E2]) -> list[E2]:
    return [entry for entry in recorder.entries() if isinstance(entry, kind)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110 - the client under test has counters, no events
            await asyncio.sleep(0.005)


async def echo_ids(connection: ServerConnection) -> None:
    """Answer each request with its own text as the result, out of its own mouth: the id is copied as text."""
    async for message in connection:
        text = str(message)
        request_id = text.split('"id":', 1)[1].split(',"method"', 1)[0]
        await connection.send(f'{{"jsonrpc":"2.0","id":{request_id},"result":{json.dumps(text)}}}')


@pytest.mark.parametrize("request_id", ["1", "1.0", "1e3", "18446744073709551616", "null", '"a"'])
async def test_ids_go_out_and_come_back_as_they_are(request_id: str) -> None:
    async with connected(echo_ids) as (client, recorder):
        answer = await client.call(Request(request_id, "eth_chainId"), WITHIN)
    assert f'"id":{request_id},' in answer.frame["result"]
    assert of(recorder, Sent)[0].id == of(recorder, Received)[0].id == request_id
    assert client.outstanding == 0


async def test_the_ledger_tells_the_whole_story_in_order() -> None:
    async with connected(echo_ids) as (client, recorder):
        await client.call(Request("7", "eth_call", [{"to": "0x1"}, "latest"]), WITHIN)
    opened, sent, received, closed = recorder.entries()
    assert isinstance(opened, Opened)
    assert isinstance(sent, Sent)
    assert (sent.method, sent.params, sent.lane) == ("eth_call", [{"to": "0x1"}, "latest"], "ws")
    assert isinstance(received, Received)
    assert received.id == "7"
    assert isinstance(closed, Closed)
    assert (closed.by, closed.code) == ("client", 1000)
    assert opened.at <= sent.at <= received.at <= closed.at


async def test_a_batch_is_one_frame_and_several_requests() -> None:
    frames: list[str] = []

    async def keep(connection: ServerConnection) -> None:
        async for message in connection:
            frames.append(str(message))
            await connection.send('[{"id":1,"result":"0x1"},{"id":2,"result":"0x2"}]')

    async with connected(keep) as (client, recorder):
        ops = await client.send_batch(
            [Request("1", "eth_chainId"), Request("2", "eth_blockNumber"), Request(None, "x")]
        )
        await until(lambda: client.outstanding == 0)
    assert [request.get("id") for request in json.loads(frames[0])] == [1, 2, None]
    assert len(frames) == 1
    assert [sent.op for sent in of(recorder, Sent)] == ops
    assert len({sent.batch for sent in of(recorder, Sent)}) == 1
    assert [received.id for received in of(recorder, Received)] == ["1", "2"]


async def test_who_waits_under_one_id_is_answered_in_the_order_of_sending() -> None:
    async def twice(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.recv()
        await connection.send('{"id":1,"result":"first"}')
        await connection.send('{"id":1,"result":"second"}')
        await connection.wait_closed()

    async with connected(twice) as (client, _):
        calls = [client.call(Request("1", "eth_chainId"), WITHIN) for _ in range(2)]
        answers = await asyncio.gather(*calls)
    assert [answer.frame["result"] for answer in answers] == ["first", "second"]


async def test_a_stranger_is_recorded_and_disturbs_nobody() -> None:
    async def stray(connection: ServerConnection) -> None:
        await connection.send('{"id":99,"result":"0x1"}')
        await connection.send("no JSON at all")
        await echo_ids(connection)

    async with connected(stray) as (client, recorder):
        answer = await client.call(Request("1", "eth_chainId"), WITHIN)
    assert answer.id == "1"
    assert [received.id for received in of(recorder, Received)] == ["99", None, "1"]
    assert of(recorder, Received)[1].frame == "no JSON at all"


async def test_a_subscription_counts_its_events_also_those_before_its_confirmation() -> None:
    event = '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0xa","result":{"number":"0x%d"}}}'

    async def node(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(event % 1)
        await connection.send('{"jsonrpc":"2.0","id":1,"result":"0xa"}')
        await connection.send(event % 2)
        await connection.wait_closed()

    async with connected(node) as (client, _):
        stream = await client.subscribe("1", "newHeads")
        await until(lambda: stream.events == 2)
    assert (stream.kind, stream.id, stream.request_id, stream.last) == ("newHeads", "0xa", "1", {"number": "0x2"})


async def test_a_refused_subscription_is_an_error() -> None:
    async def node(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"id":1,"error":{"code":-32601,"message":"no"}}')
        await connection.wait_closed()

    async with connected(node) as (client, _):
        with pytest.raises(ValueError, match="refused"):
            await client.subscribe("1", "newHeads")


async def test_the_close_code_of_the_proxy_is_kept_and_those_who_wait_are_told() -> None:
    async def leave(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1013, "try again later")

    async with connected(leave) as (client, recorder):
        with pytest.raises(ClientClosedError, match="1013"):
            await client.call(Request("1", "eth_chainId"), WITHIN)
        with pytest.raises(ClientClosedError, match="not connected"):
            await client.send(Request("2", "eth_chainId"))
    (closed,) = of(recorder, Closed)
    assert (closed.by, closed.code, closed.reason) == ("proxy", 1013, "try again later")
    assert client.outstanding == 1


async def test_a_bare_cut_is_1006() -> None:
    async def cut(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with connected(cut) as (client, recorder):
        await until(lambda: client.closed is not None)
    assert [closed.code for closed in of(recorder, Closed)] == [1006]


async def test_silence_ends_in_a_timeout_and_stays_owed() -> None:
    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with connected(silent) as (client, _):
        with pytest.raises(TimeoutError):
            await client.call(Request("1", "eth_chainId"), 0.05)
        assert client.outstanding == 1
        assert client.busy("1")


async def test_a_request_in_several_frames_is_one_message() -> None:
    async with connected(echo_ids) as (client, _recorder):
        whole = await client.call(Request("1", "eth_call", [{"data": "0x" + "00" * 500}]), WITHIN)
        pieces = await client.call(Request("1", "eth_call", [{"data": "0x" + "00" * 500}]), WITHIN, frames=4)
    assert pieces.frame == whole.frame


async def test_a_ping_is_waited_for() -> None:
    async with connected(echo_ids) as (client, _recorder):
        await client.ping(WITHIN)
    with pytest.raises(ClientClosedError):
        await client.ping(WITHIN)


@pytest.mark.parametrize("params", ["null", "[]", '"0xa"', "7"])
async def test_an_event_without_an_object_in_it_is_recorded_and_the_next_one_is_heard(params: str) -> None:
    async def node(connection: ServerConnection) -> None:
        await connection.send(f'{{"jsonrpc":"2.0","method":"eth_subscription","params":{params}}}')
        await echo_ids(connection)

    async with connected(node) as (client, recorder):
        await client.call(Request("1", "eth_chainId"), WITHIN)
    assert [received.id for received in of(recorder, Received)] == [None, "1"]


async def test_who_takes_nothing_keeps_nobody_for_ever() -> None:
    over = asyncio.Event()

    async def reads_nothing(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await over.wait()
        connection.transport.abort()

    much = [{"data": "0x" + "00" * (8 << 20)}]  # more than the buffers of the kernel hold
    async with asyncio.timeout(WITHIN), connected(reads_nothing) as (client, recorder):
        for request_id in ("1", "2"):
            with pytest.raises(TimeoutError):
                await client.call(Request(request_id, "eth_call", much), 0.1)
        with pytest.raises(TimeoutError):
            await client.subscribe_batch([Request("3", "eth_subscribe", ["newHeads"])], 0.1)
        await client.close()
        over.set()
    assert [(closed.by, closed.code) for closed in of(recorder, Closed)] == [("client", 1006)]
