"""One connection of the proxy and the connection to the node that the gateway made for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from e2e.gateway.frames import build_close
from e2e.gateway.http_dialogue import HttpDialogue
from e2e.gateway.pipe import Pipe, Shaper
from e2e.gateway.side import Side
from e2e.gateway.ws_dialogue import WsDialogue

if TYPE_CHECKING:
    from e2e.gateway.dialogue import Dialogue
    from e2e.gateway.faults.fault import Fault
    from e2e.gateway.lane import Lane

DIAL_LIMIT: Final = 10.0  # seconds
_DIAL: Final = 0  # holds a link as a fault does, until its node has taken it; faults count from 1
PARTING_LIMIT: Final = 1.0  # seconds for the proxy to answer a close frame


class Link:
    """What happens at one end happens at the other, unless a fault has it otherwise."""

    def __init__(self, lane: Lane) -> None:
        """Wait for the proxy's socket, as protocol `proxy_side`."""
        self.lane = lane
        self.number = 0  # given by the lane once the socket is there
        self.rewriters: list[Fault] = []
        self.proxy_side, self.node_side = Side(self), Side(self)
        self.proxy_side.peer, self.node_side.peer = self.node_side, self.proxy_side
        self.to_node = Pipe(self.proxy_side, self.node_side, self._direction_ended)
        self.to_proxy = Pipe(self.node_side, self.proxy_side, self._direction_ended)
        self.dialogue: Dialogue = WsDialogue(self) if lane.name == "ws" else HttpDialogue(self)
        self.last_active = 0.0  # loop time
        self._loop = asyncio.get_running_loop()
        self._shapers: dict[int, tuple[Shaper | None, Shaper | None]] = {}
        self._holds: set[int] = {_DIAL}
        self._dialling: asyncio.Task[None] | None = None
        self._late = 0  # messages that a fault delays
        self._parting = False
        self._over = False
        self.hold(_DIAL)

    # what faults may do

    def hold(self, fault: int) -> None:
        """Stand still: no byte is read or written, and no node dialled, until `release`."""
        self._holds.add(fault)
        for side, pipe in ((self.proxy_side, self.to_node), (self.node_side, self.to_proxy)):
            side.pause("held")
            pipe.hold(held=True)

    def release(self, fault: int) -> None:
        self._holds.discard(fault)
        if self._over:
            return
        self.start()
        if not self._holds:
            for side, pipe in ((self.proxy_side, self.to_node), (self.node_side, self.to_proxy)):
                side.resume("held")
                pipe.hold(held=False)

    def reset(self) -> None:
        """RST both ways, now."""
        self.proxy_side.reset()
        self.node_side.reset()
        self._end_unconnected()

    def send_late(self, delay: float, data: bytes) -> None:
        """Send `data` to the proxy after `delay` seconds, between whatever is being sent then."""
        self._late += 1
        self._loop.call_later(delay, self._send_now, data)

    def _send_now(self, data: bytes) -> None:
        self._late -= 1
        self.last_active = self._loop.time()
        self.to_proxy.write(data)

    @property
    def busy(self) -> bool:
        """Say whether the proxy waits for the answer to an HTTP request."""
        return self.dialogue.waiting > 0 or self._late > 0

    def close(self) -> None:
        """FIN both ways, after what was written."""
        self.proxy_side.close()
        self.node_side.close()
        self._end_unconnected()

    def refuse(self, response: bytes) -> None:
        """Answer in the place of the node, and close once that has left: it may be held back still."""
        self.to_proxy.write(response)
        self.to_proxy.finish()
        self.to_node.finish()

    def part(self, code: int, reason: str) -> None:
        """Close as a WebSocket server does: a close frame, the answer to it, FIN. The node is let go at once."""
        if not self.dialogue.upgraded:
            self.close()
            return
        self._parting = True
        self.to_proxy.write(build_close(code, reason, masked=False))
        self.node_side.close()
        self._loop.call_later(PARTING_LIMIT, self.close)

    def add(self, fault: Fault) -> None:
        """Come under `fault`."""
        if fault.rewrites:
            self.rewriters.append(fault)
        self._shapers[fault.id] = (fault.shaper(self, "upstream"), fault.shaper(self, "downstream"))
        self._reshape()

    def remove(self, fault: Fault) -> None:
        if fault in self.rewriters and not fault.clings(self):
            self.rewriters.remove(fault)
        self._shapers.pop(fault.id, None)
        self._reshape()

    def _reshape(self) -> None:
        pairs = self._shapers.values()
        self.to_node.reshape([upstream for upstream, _ in pairs if upstream is not None])
        self.to_proxy.reshape([downstream for _, downstream in pairs if downstream is not None])

    # what the sockets say

    def connected(self, side: Side) -> None:
        self.last_active = self._loop.time()
        if side is self.proxy_side:
            self.lane.accepted(self)
            self.start()
        elif self.proxy_side.lost:
            side.close()
        else:
            self.lane.counters.opened += 1
            self.release(_DIAL)

    def received(self, side: Side, data: bytes) -> None:
        self.last_active = self._loop.time()
        counters = self.lane.counters
        if side is self.proxy_side:
            counters.bytes_to_node += len(data)
            text = self.dialogue.upstream.feed(data)
            if not self._parting:
                self.to_node.write(text)
            elif self.dialogue.upstream.close_seen:
                self.close()
        elif not self._parting:
            counters.bytes_to_proxy += len(data)
            self.to_proxy.write(self.dialogue.downstream.feed(data))

    def ended(self, side: Side) -> None:
        """The peer of `side` sends no more."""
        if self._parting:
            self.close()
        elif side is self.proxy_side:
            self.to_node.write(self.dialogue.upstream.rest())
            self.to_node.finish()
        else:
            self.to_proxy.write(self.dialogue.downstream.rest())
            self.to_proxy.finish()

    def lost(self, side: Side, why: Exception | None) -> None:
        if side is self.proxy_side or not self._parting:
            other = side.peer
            if why is None:
                other.close()
            else:
                other.reset()
        self._end_unconnected()

    # its own life

    def start(self) -> None:
        """Dial the node, unless that was done or a fault holds the link."""
        if self._dialling is None and self._holds <= {_DIAL} and not self.proxy_side.lost:
            self._dialling = self._loop.create_task(self._dial())

    async def _dial(self) -> None:
        where = self.lane.upstream
        try:
            async with asyncio.timeout(DIAL_LIMIT):
                await self._loop.create_connection(lambda: self.node_side, where.host, where.port)
        except OSError as error:  # TimeoutError is one
            self.node_side.lost = True
            self.lane.dial_failed(self, error)
            self.reset()

    def _direction_ended(self) -> None:
        if self.to_node.finished and self.to_proxy.finished:
            self.close()

    def _end_unconnected(self) -> None:
        """End the link once both of its sockets are gone, or the node's never came."""
        if self._dialling is None:
            self.node_side.lost = True
        if self.proxy_side.lost and self.node_side.lost and not self._over:
            self._over = True
            self.to_node.stop()
            self.to_proxy.stop()
            self.lane.ended(self)
