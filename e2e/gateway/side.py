"""One end of a link: the socket to the proxy, or the one to the node."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from e2e.gateway.link import Link

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST


class Side(asyncio.Protocol):
    """A socket whose reading can be paused for several reasons at once."""

    def __init__(self, link: Link) -> None:
        self.peer: Side
        self._link = link
        self._transport: asyncio.Transport | None = None
        self._reasons: set[str] = set()
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        opened = cast("asyncio.Transport", transport)  # uvloop's are stream transports without saying so
        self._transport = opened
        self._link.connected(self)
        if self._reasons:  # later, because uvloop begins to read after this, whatever was said here
            asyncio.get_running_loop().call_soon(self._pause_again)

    def data_received(self, data: bytes) -> None:
        self._link.received(self, data)

    def eof_received(self) -> bool:
        self._link.ended(self)
        return True  # the other direction may go on

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._link.lost(self, exc)

    def pause_writing(self) -> None:
        self.peer.pause("full")

    def resume_writing(self) -> None:
        self.peer.resume("full")

    def pause(self, reason: str) -> None:
        """Read no more until every reason to pause is gone."""
        if not self._reasons and (transport := self._open()):
            transport.pause_reading()
        self._reasons.add(reason)

    def resume(self, reason: str) -> None:
        if reason not in self._reasons:
            return
        self._reasons.discard(reason)
        if not self._reasons and (transport := self._open()):
            transport.resume_reading()

    def write(self, data: bytes) -> None:
        if transport := self._open():
            transport.write(data)

    def write_end(self) -> None:
        """Send FIN after all that was written."""
        if transport := self._open():
            transport.write_eof()

    def close(self) -> None:
        """Close after all that was written."""
        if transport := self._open():
            transport.close()

    def reset(self) -> None:
        """Close with RST, whatever was still to be written."""
        if self._transport is not None and not self.lost:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()

    def _pause_again(self) -> None:
        if self._reasons and (transport := self._open()):
            transport.pause_reading()

    def _open(self) -> asyncio.Transport | None:
        return None if self._transport is None or self._transport.is_closing() else self._transport
