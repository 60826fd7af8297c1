"""One WebSocket connection of the load: opened, subscribed, and opened again whenever it is lost."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from e2e.clients import jsontext
from e2e.load.book import Book, Flight
from e2e.traffic.ids import POLICIES
from e2e.traffic.profiles import echoed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.load.plan import Group, Shot
    from e2e.load.tally import Tally

OPENS_WITHIN: Final = 10.0  # seconds
FIRST_PAUSE: Final = 0.25  # seconds before a lost connection is opened again; doubled each time
LONGEST_PAUSE: Final = 4.0
MAX_FRAME: Final = 64 << 20  # bytes: above what a proxy lets through
NO_CODE: Final = 1005  # a close frame without one, as RFC 6455 has it
NO_CLOSE_FRAME: Final = 1006

_LOGGER: Final = logging.LoggerAdapter(logging.getLogger("e2e.load.picows"), {})
_LOGGER.logger.setLevel(logging.CRITICAL)  # what happens to a connection is in the report


@dataclass(frozen=True, slots=True)
class Target:
    """Where connections of one group go, and what each of them does. `ids` is a policy's name."""

    name: str
    group: Group
    url: str
    ids: str = "sequential"
    subscriptions: Sequence[str] = ()


class WebSocketLane(WSListener):
    """`now` is the run's clock. Use on one loop. `lost` says that the other side closed, and with what code."""

    def __init__(self, target: Target, tally: Tally, now: Callable[[], float]) -> None:
        self.target = target
        self.book = Book(target.name, target.group, tally)
        self.blocked = False
        self._tally = tally
        self._now = now
        self._transport: WSTransport | None = None
        self._fragments = b""
        self._code = NO_CLOSE_FRAME
        self._leaving = False
        self._opener: asyncio.Task[None] | None = None
        self._ids = POLICIES[target.ids](self.book.busy)

    @property
    def open(self) -> bool:
        return self._transport is not None

    async def dial(self) -> None:
        """Open and ask for the subscriptions. Raises OSError, TimeoutError, WSError."""
        async with asyncio.timeout(OPENS_WITHIN):
            await ws_connect(
                lambda: self,
                self.target.url,
                websocket_handshake_timeout=None,
                max_frame_size=MAX_FRAME,
                logger_name=_LOGGER,
                read_buffer_init_size=2048,
            )

    def fire(self, shot: Shot) -> bool:
        """Send; False if the connection is not open, or the other side does not take what was sent before."""
        transport = self._transport
        if transport is None or self.blocked:
            return False
        now = self._now()
        texts = [self._ask(method, params, shot.at, now) for method, params in shot.calls]
        self._send(transport, texts[0] if len(texts) == 1 else f"[{','.join(texts)}]", now)
        return True

    def subscribe(self, kinds: Sequence[str]) -> None:
        """Ask for subscriptions, if the connection is open."""
        if (transport := self._transport) is None:
            return
        for kind in kinds:
            now = self._now()
            request_id = next(self._ids)
            params: list[Any] = [kind, {}] if kind == "logs" else [kind]
            self.book.asked(request_id, Flight("eth_subscribe", None, now, now, kind))
            self._send(transport, jsontext.encode(request_id, "eth_subscribe", params), now)

    def leave(self) -> None:
        """Close, and stay closed."""
        self._leaving = True
        if self._opener is not None:
            self._opener.cancel()
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def _ask(self, method: str, params: Any, intended: float, now: float) -> str:
        request_id = next(self._ids)
        self.book.asked(request_id, Flight(method, echoed(params), intended, now))
        return jsontext.encode(request_id, method, params)

    def _send(self, transport: WSTransport, text: str, now: float) -> None:
        raw = text.encode()
        self.book.ring.note(now, ">", raw)
        transport.send(WSMsgType.TEXT, raw)

    # ---- picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._code = NO_CLOSE_FRAME
        self.blocked = False
        self.subscribe(self.target.subscriptions)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY):
            self._fragments += frame.get_payload_as_bytes()
            if frame.fin:
                raw, self._fragments = self._fragments, b""
                self.book.hear(raw, self._now())
        elif frame.msg_type == WSMsgType.CLOSE:
            self._code = int.from_bytes(frame.get_payload_as_bytes()[:2]) or NO_CODE
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self._transport = None
        self._fragments = b""
        self.book.end(cut=not self._leaving)
        if self._leaving:
            return
        if self.target.group == "ws":
            self._tally.closes[str(self._code)] += 1
        self.book = Book(self.target.name, self.target.group, self._tally)
        self._ids = POLICIES[self.target.ids](self.book.busy)
        self._opener = asyncio.get_running_loop().create_task(self._reopen())

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False

    async def _reopen(self) -> None:
        pause = FIRST_PAUSE
        while not self._leaving:
            await asyncio.sleep(pause)
            try:
                await self.dial()
            except (OSError, TimeoutError, WSError):
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._tally.reopened += self.target.group == "ws"
                return
