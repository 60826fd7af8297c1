"""What is on its way out of the proxy over WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proxy.shell.picows_seam import LONG, TEXT, send_long

if TYPE_CHECKING:
    from picows import WSTransport


class Outgoing:
    """Messages of all clients and links, sent together at the end of a turn of the loop.

    A send wakes the process on the other side; sends one after another wake it once. With 100 busy connections that
    saves a quarter of the CPU time for each request (`python -m bench`). Where there are several, the next turn brings
    more: to wait for it saves another twentieth.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[WSTransport, bytes]] = []

    def put(self, transport: WSTransport, message: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._turn_over)
        self._waiting.append((transport, message))

    def _turn_over(self) -> None:
        if len(self._waiting) > 1:
            self._loop.call_soon(self.flush)
        else:
            self.flush()

    def flush(self) -> None:
        """Send what waits: now, because something else is to follow on one of these connections."""
        waiting, self._waiting = self._waiting, []
        for transport, message in waiting:
            if len(message) <= LONG:
                transport.send(TEXT, message)
            else:
                send_long(transport, message)
