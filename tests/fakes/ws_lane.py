"""The WebSocket side of a fake node: a real server (of the `websockets` library) that does as it is told."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from typing import TYPE_CHECKING, Any, Literal

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.fakes.lane import Lane
from tests.fakes.rpc import RpcError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from websockets.asyncio.server import Server
    from websockets.http11 import Request, Response

    from tests.fakes.chain import Block
    from tests.fakes.rpc import Rpc


class WsLane(Lane):
    """`id_style` is how subscription ids look: random text as geth's, rising text as others', or rising numbers.

    `refused` names kinds of subscriptions that are refused; `repeat` sends every answer that many times; `shuffle`
    holds back that many answers and sends them in reverse; `mute` accepts TCP and never completes the handshake;
    `hang_up_after` (seconds) drops each new connection; `status` refuses handshakes with that HTTP status, `bars` those
    of these origins with 403; `largest` is how many bytes of a message it reads before it closes with 1009.
    """

    scheme = "ws"

    def __init__(self, rpc: Rpc) -> None:
        super().__init__(rpc)
        self.id_style: Literal["random", "sequential", "number"] = "random"
        self.refused: set[str] = set()
        self.repeat = 1
        self.shuffle = 0
        self.mute = False
        self.hang_up_after: float | None = None
        self.status: int | None = None
        self.bars: set[str] = set()
        self.largest: int | None = None
        self.handshakes: deque[Request] = deque(maxlen=100)  # the newest: a test may connect 20,000 times
        self.clients: dict[ServerConnection, _Client] = {}
        self._ids = itertools.count(1)
        self._server: Server | None = None
        self._following: set[asyncio.Task[None]] = set()
        rpc.pending = self._pending

    async def _listen(self, listening: socket.socket) -> None:
        self._server = await serve(
            self._serve,
            sock=listening,
            process_request=self._handshake,
            compression=None,
            max_size=self.largest,
            ping_interval=None,
            close_timeout=0.5,
            open_timeout=None,
            select_subprotocol=lambda _connection, offered: offered[0] if offered else None,
        )

    async def refuse(self) -> None:
        if self._server is not None:
            self._server.close(close_connections=False)
            self._server = None
            await asyncio.sleep(0)

    def transports(self) -> list[asyncio.Transport]:
        return [connection.transport for connection in self.clients]

    async def close(self, code: int = 1001, reason: str = "") -> None:
        """Send every client a close frame."""
        await asyncio.gather(*(connection.close(code, reason) for connection in list(self.clients)))

    def new_id(self) -> str | int:
        number = next(self._ids)
        if self.id_style == "number":
            return number
        return hex(number) if self.id_style == "sequential" else f"0x{random.getrandbits(128):032x}"

    def moved(self, removed: Sequence[Block], added: Sequence[Block]) -> None:
        """See `chain.Follower`: tell the subscribers, unless the node is frozen."""
        if self.rpc.frozen_at is not None:
            return
        for block in removed:
            self.publish("logs", block.log(removed=True))
        for block in added:
            self.publish("newHeads", block.header())
            self.publish("logs", block.log())

    def _pending(self, digest: str) -> None:
        self.publish("newPendingTransactions", digest)

    def publish(self, kind: str, result: Any) -> None:
        """Send an event to every subscription of that kind."""
        for client in list(self.clients.values()):
            for key, subscribed in client.subscriptions.items():
                if subscribed == kind:
                    client.push(event(key, result))

    async def _handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        self.handshakes.append(request)
        self.accepts += 1
        await self._running.wait()
        if self.mute:
            await asyncio.get_running_loop().create_future()
        status = 403 if request.headers.get("Origin") in self.bars else self.status
        return None if status is None else connection.respond(status, "told so")

    async def _serve(self, connection: ServerConnection) -> None:
        client = self.clients[connection] = _Client(self, connection)
        if self.hang_up_after is not None:
            asyncio.get_running_loop().call_later(self.hang_up_after, connection.transport.abort)
        try:
            await client.serve()
        except ConnectionClosed:
            pass
        finally:
            del self.clients[connection]
            client.end()


class _Client:
    """One connection: every request is answered by a task of its own, so that slow ones hold up nobody."""

    def __init__(self, lane: WsLane, connection: ServerConnection) -> None:
        self._lane = lane
        self._connection = connection
        self._tasks: set[asyncio.Task[None]] = set()
        self._kept: list[bytes] = []
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self.subscriptions: dict[str | int, str] = {}
        self._begin(self._write())

    async def serve(self) -> None:
        async for message in self._connection:
            value = orjson.loads(message)
            if isinstance(value, list):
                self._begin(self._answer_batch(value))
            else:
                self._begin(self._answer(value))

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()

    def push(self, data: bytes) -> None:
        self._out.put_nowait(data)

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self) -> None:
        try:
            while True:
                data = await self._out.get()
                await self._lane._running.wait()
                await self._connection.send(data.decode())
        except ConnectionClosed:
            return

    async def _answer(self, request: dict[str, Any]) -> None:
        answer = await self._result(request)
        if answer is None:
            return
        self._kept.append(orjson.dumps(answer))
        if len(self._kept) <= self._lane.shuffle:
            return
        for data in reversed(self._kept):
            for _ in range(self._lane.repeat):
                self.push(data)
        self._kept = []

    async def _answer_batch(self, requests: list[dict[str, Any]]) -> None:
        answers = [answer for answer in [await self._result(request) for request in requests] if answer is not None]
        if answers:
            self.push(orjson.dumps(answers))

    async def _result(self, request: dict[str, Any]) -> Any:
        if request.get("method") == "eth_unsubscribe":
            self._lane.heard.append(request)
            await self._lane._running.wait()
            known = self.subscriptions.pop(request["params"][0], None)
            outcome: dict[str, Any] = {"jsonrpc": "2.0", "id": request.get("id")}
            if known is None:
                return {**outcome, "error": {"code": -32000, "message": "subscription not found"}}
            return {**outcome, "result": True}
        return await self._lane.answer(request, self._subscribe)

    def _subscribe(self, params: list[Any]) -> str | int:
        kind = params[0]
        if kind in self._lane.refused:
            raise RpcError(-32601, f'no "{kind}" subscription in eth namespace')
        key = self._lane.new_id()
        self.subscriptions[key] = kind
        return key


def event(key: str | int, result: Any) -> bytes:
    """The frame that announces `result` to the subscription `key`."""
    return orjson.dumps(
        {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": key, "result": result}}
    )
