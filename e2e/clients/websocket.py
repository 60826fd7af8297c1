"""A WebSocket client that writes down what it sends and what it gets, and never judges.

It is made to be cheap, so that a hundred of them with a thousand requests a second leave the machine to the proxy: one
task for each connection, none for a message. All coroutines run on one loop.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from e2e.clients import jsontext
from e2e.ledger.entries import Closed, Opened, Received, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.ledger.recorder import Recorder

MAX_FRAME = 64 << 20  # bytes: above what a proxy lets through, so that the limit seen is the proxy's
LEAVES_WITHIN = 2.0  # seconds for the close frame to leave, and for the other side to close


def cut(transport: asyncio.WriteTransport) -> None:
    """Close with RST, as the kernel does for a process that has died with something unread."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class ClientClosedError(Exception):
    """The connection ended before the answer came; the ledger has the close code."""


@dataclass(slots=True)
class Stream:
    """A confirmed subscription as its client sees it: `id` as handed out, how many events came and the last one."""

    kind: str
    id: str
    request_id: str
    events: int = 0
    last: Any = None


@dataclass(frozen=True, slots=True)
class Request:
    """What to send: `id` is JSON text ('1', '1.0', '"a"', 'null'), None for a notification."""

    id: str | None
    method: str
    params: list[Any] = field(default_factory=list)


class WebSocketClient:
    """One connection to `url`. Not reopened: what happens to it is a fact of the run."""

    def __init__(self, name: str, url: str, recorder: Recorder) -> None:
        self.name = name
        self.url = url
        self.streams: dict[str, Stream] = {}
        self.closed: Closed | None = None
        self._recorder = recorder
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._leaving = False
        # id text -> those who wait for it, in the order of sending; None: nobody in person
        self._owed: dict[str, deque[asyncio.Future[Received] | None]] = {}
        self._outstanding = 0

    @property
    def outstanding(self) -> int:
        """How many requests of this connection have no answer yet."""
        return self._outstanding

    def busy(self, request_id: str) -> bool:
        """Say whether a request with this id (JSON text) waits for its answer."""
        return request_id in self._owed

    async def open(self, within: float = 5.0, headers: dict[str, str] | None = None) -> None:
        """Connect, or raise OSError, TimeoutError or websockets' InvalidHandshake."""
        self._connection = await connect(
            self.url,
            compression=None,
            ping_interval=None,  # the proxy's own pings are under test
            open_timeout=within,
            close_timeout=1.0,
            max_size=MAX_FRAME,
            max_queue=None,
            proxy=None,
            additional_headers=headers,
        )
        self._recorder.record(Opened(self._recorder.now(), self.name))
        self._reader = asyncio.create_task(self._read(self._connection), name=f"reader of {self.name}")

    async def send(self, request: Request, intended: float | None = None) -> int:
        """Send without waiting for the answer; returns the op. Raises ClientClosedError on a closed connection."""
        return (await self._send([request], None, intended, None))[0]

    async def send_batch(self, requests: Sequence[Request]) -> list[int]:
        """Send several requests in one frame; returns their ops."""
        return await self._send(requests, self._recorder.next_op(), None, None)

    async def call(self, request: Request, within: float, frames: int = 1) -> Received:
        """Send, in so many frames, and wait for the answer with the same id.

        Raises TimeoutError after `within` seconds, ClientClosedError if the connection ends first.
        """
        answer: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self._send([request], None, None, [answer], frames)
                return await answer
        finally:
            answer.cancel()  # whoever gave up before it was sent waits for it no more

    async def subscribe(self, request_id: str, kind: str, *options: Any, within: float = 5.0) -> Stream:
        """Subscribe and wait for the confirmation. Raises as `call` does, ValueError if it is refused."""
        answer = await self.call(Request(request_id, "eth_subscribe", [kind, *options]), within)
        return self._confirmed(request_id, kind, answer)

    async def subscribe_batch(self, requests: Sequence[Request], within: float) -> list[Stream]:
        """Subscribe to several kinds in one frame, and wait for all confirmations. Raises as `subscribe` does."""
        loop = asyncio.get_running_loop()
        waiters: list[asyncio.Future[Received]] = [loop.create_future() for _ in requests]
        try:
            async with asyncio.timeout(within):
                await self._send(requests, self._recorder.next_op(), None, waiters)
                answers = await asyncio.gather(*waiters)
        finally:
            for waiter in waiters:
                waiter.cancel()
        asked = [(request.id or "null", str(request.params[0])) for request in requests]
        return [self._confirmed(*each, answer) for each, answer in zip(asked, answers, strict=True)]

    async def send_text(self, text: str) -> None:
        """Send what is no request; an answer has the id null. Raises ClientClosedError on a closed connection."""
        connection = self._open_connection()
        op = self._recorder.next_op()
        self._recorder.record(Sent(self._recorder.now(), self.name, op, "null", "", text[:200]))
        self._owed.setdefault("null", deque()).append(None)
        self._outstanding += 1
        await connection.send(text)

    def _confirmed(self, request_id: str, kind: str, answer: Received) -> Stream:
        subscription = answer.frame.get("result")
        if not isinstance(subscription, str):
            message = f"{self.name}: eth_subscribe {kind} was refused: {answer.frame}"
            raise ValueError(message)  # noqa: TRY004 - the answer is of a wrong value, no caller passed a wrong type
        # an event may overtake the caller, so the reader may have made the entry already
        stream = self.streams.setdefault(subscription, Stream(kind, subscription, request_id))
        stream.kind, stream.request_id = kind, request_id
        return stream

    async def ping(self, within: float) -> None:
        """Send a ping of the WebSocket protocol and wait for its pong. Raises TimeoutError, ClientClosedError."""
        connection = self._open_connection()
        async with asyncio.timeout(within):
            await (await connection.ping())

    def stop_reading(self) -> None:
        """Leave what comes in the kernel's buffers, as a client does that is busy with something else."""
        self._transport().pause_reading()

    def read_on(self) -> None:
        """Read again what has come meanwhile."""
        self._transport().resume_reading()

    async def abort(self) -> None:
        """Be gone without a word (RST), as a client whose process died."""
        self._leaving = True
        cut(self._transport())
        if self._reader is not None:
            await self._reader

    def _open_connection(self) -> ClientConnection:
        if self._connection is None or self.closed is not None:
            message = f"{self.name} is not connected"
            raise ClientClosedError(message)
        return self._connection

    def _transport(self) -> asyncio.Transport:
        if self._connection is None:
            message = f"{self.name} is not connected"
            raise ClientClosedError(message)
        return self._connection.transport

    async def close(self) -> None:
        """Leave with 1000 and wait until the reader has seen the end."""
        self._leaving = True
        if self._connection is not None:
            try:
                async with asyncio.timeout(LEAVES_WITHIN):
                    await self._connection.close()
            except TimeoutError:  # who reads nothing takes no close frame either
                self._connection.transport.abort()
        if self._reader is not None:
            await self._reader

    async def _send(
        self,
        requests: Sequence[Request],
        batch: int | None,
        intended: float | None,
        waiters: Sequence[asyncio.Future[Received]] | None,
        frames: int = 1,
    ) -> list[int]:
        connection = self._open_connection()
        texts, ops = [], []
        now = self._recorder.now()
        for index, request in enumerate(requests):
            request_id = None if request.id is None else jsontext.as_recorded(request.id)
            texts.append(jsontext.encode(request.id, request.method, request.params))
            ops.append(op := self._recorder.next_op())
            self._recorder.record(
                Sent(now, self.name, op, request_id, request.method, request.params, batch=batch, intended=intended)
            )
            if request_id is not None:
                self._owed.setdefault(request_id, deque()).append(None if waiters is None else waiters[index])
                self._outstanding += 1
        text = texts[0] if batch is None else f"[{','.join(texts)}]"
        try:
            await connection.send(text if frames == 1 else jsontext.pieces(text, frames))
        except ConnectionClosed as error:
            message = f"{self.name}: {error}"
            raise ClientClosedError(message) from error
        return ops

    async def _read(self, connection: ClientConnection) -> None:
        try:
            while True:
                self._note(await connection.recv(decode=False))
        except ConnectionClosed as error:
            frame = error.rcvd
            self.closed = Closed(
                self._recorder.now(),
                self.name,
                frame.code if frame else 1006,
                frame.reason if frame else "",
                "client" if self._leaving else "proxy",
            )
            self._recorder.record(self.closed)
            self._give_up()

    def _note(self, raw: bytes | str) -> None:
        now = self._recorder.now()
        for request_id, frame in jsontext.frames(raw if isinstance(raw, bytes) else raw.encode()):
            received = Received(now, self.name, request_id, frame)
            self._recorder.record(received)
            if request_id is not None:
                self._settle(request_id, received)
            elif isinstance(frame, dict) and frame.get("method") == "eth_subscription":
                params = frame.get("params")
                if isinstance(params, dict):
                    self._count(params.get("subscription"), params.get("result"))

    def _settle(self, request_id: str, received: Received) -> None:
        waiting = self._owed.get(request_id)
        if waiting is None:
            return  # nobody asked: a stranger, and a checker's business
        waiter = waiting.popleft()
        if not waiting:
            del self._owed[request_id]
        self._outstanding -= 1
        if waiter is not None and not waiter.done():
            waiter.set_result(received)

    def _count(self, subscription: Any, result: Any) -> None:
        if isinstance(subscription, str):
            stream = self.streams.setdefault(subscription, Stream("?", subscription, "?"))
            stream.events += 1
            stream.last = result

    def _give_up(self) -> None:
        error = ClientClosedError(f"{self.name} was closed with {self.closed.code if self.closed else 1006}")
        for waiting in self._owed.values():
            for waiter in waiting:
                if waiter is not None and not waiter.done():
                    waiter.set_exception(error)
