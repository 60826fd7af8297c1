"""A link to a node, as the WebSocket shell has it: frames in, events of the session out."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
from typing import TYPE_CHECKING, Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from proxy.session import events as ev
from proxy.shell import picows_seam
from proxy.shell.messages import Assembler, BrokenStream

if TYPE_CHECKING:
    from proxy.shell.websocket import Client

# bytes of a message that takes no time to send over any line
_LONG_WAY: Final = 1 << 16
# how many seconds a peer may take to answer a close frame before the connection is cut
CLOSE_GRACE: Final = 2.0

# too big is what the client sent, or asked for, and a policy (how much, how often) is broken by each for itself
_ABOUT_THE_CLIENT: Final = (WSCloseCode.MESSAGE_TOO_BIG, WSCloseCode.POLICY_VIOLATION)

DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)


def leave(transport: WSTransport, code: WSCloseCode = WSCloseCode.OK) -> None:
    """Close, or answer a close, and cut the connection once what is buffered has gone out."""
    transport.send_close(code)
    transport.disconnect()
    # a peer that reads nothing would keep it open for ever
    asyncio.get_running_loop().call_later(CLOSE_GRACE, transport.disconnect, False)


class Upstream(WSListener):
    """One link of one client."""

    # Python 3.11 has a fast way to slots and none to the other attributes of what inherits from an extension type
    __slots__ = ("_assembler", "_client", "_epoch", "_left", "_room", "_unsent", "dialing", "transport")

    def __init__(self, client: Client, epoch: int, limit: int) -> None:
        self._client = client
        self._epoch = epoch
        self._assembler = Assembler(limit)
        self.transport: WSTransport | None = None
        self.dialing: asyncio.Task[None] | None = None
        self._left = False
        self._room = 0
        self._unsent = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        if self._left:  # picows finishes a handshake whose dial was cancelled
            transport.disconnect()
            return
        self.transport = transport
        self._room = picows_seam.room(transport)
        transport.underlying_transport.set_write_buffer_limits(high=self._client.most_unread)
        self._client.apply(ev.UpstreamOpened(self._epoch))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind in DATA:
            try:
                data = self._assembler.message(frame, kind)
            except BrokenStream as broken:
                too_big = WSCloseCode(broken.code) == WSCloseCode.MESSAGE_TOO_BIG
                self._client.link_ended(self._epoch, f"broke the protocol: {broken.reason}", refused=too_big)
                transport.disconnect()
                return
            if data is not None:
                if len(data) > picows_seam.SIZEABLE:
                    asyncio.get_running_loop().call_soon(picows_seam.give_back, transport)
                self._client.apply(ev.UpstreamSent(self._epoch, data))
        elif kind == WSMsgType.PONG:
            self._client.apply(ev.UpstreamPonged(self._epoch))
        elif kind == WSMsgType.CLOSE:
            code = frame.get_close_code()
            self._client.link_ended(self._epoch, f"closed with {code}", refused=code in _ABOUT_THE_CLIENT)
            leave(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        ours = picows_seam.look_at_end(transport)
        why = "connection lost" if ours is None else f"broke the protocol: {ours}"
        self._client.link_ended(self._epoch, why, refused=ours == WSCloseCode.MESSAGE_TOO_BIG)

    def send_began(self, size: int) -> None:
        """A message of so many bytes is on its way to the node."""
        if size > _LONG_WAY:
            self._unsent += size

    def is_moving(self) -> bool:
        """Whether bytes of a long message came or went since this was asked last: until its end no pong can come."""
        if self.transport is None:
            return False
        before, self._room = self._room, picows_seam.room(self.transport)
        received, sent = before != self._room, False
        if self._unsent:
            expected, self._unsent = self._unsent, _unsent(self.transport)
            sent = self._unsent < expected
        return received or sent

    def pause_writing(self) -> None:
        """More waits to be read by the node than the session lets be open: requests that are owed no answer."""
        asyncio.get_running_loop().call_soon(self._overrun)  # not inside of a write

    def resume_writing(self) -> None:
        """See pause_writing: it is over by then."""

    def _overrun(self) -> None:
        if self.transport is not None:
            self._client.link_ended(self._epoch, "reads more slowly than the client sends", refused=True)
            self.transport.disconnect(False)

    def hang_up(self) -> None:
        """Leave: nothing that comes after is for anybody."""
        self._left = True
        if self.dialing is not None:
            self.dialing.cancel()
        if self.transport is not None:
            leave(self.transport)


def _unsent(transport: WSTransport) -> int:
    """Bytes that the peer has not acknowledged yet, wherever they wait."""
    waiting = int(transport.underlying_transport.get_write_buffer_size())
    try:
        in_kernel = fcntl.ioctl(transport.underlying_transport.get_extra_info("socket"), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return waiting
    return waiting + int.from_bytes(in_kernel, sys.byteorder)
