"""The one listening port: accepts clients, keeps their deadlines, and lets them go politely at the end."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import TYPE_CHECKING, Final

from proxy.shell.connection import Connection
from proxy.shell.headers import Heads, RequestHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.shell.reading import Request

_log = logging.getLogger("vixy.listener")
_BACKLOG: Final = 4096
_SWEEP: Final = 1.0  # seconds between two looks at deadlines
# who is gone with its host never says so: the kernel asks after a minute, and gives it up after another
KEEP_ALIVE: Final = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 15, socket.TCP_KEEPCNT: 4}
# at the end, an idle client may be about to send: its request is still answered, with `Connection: close`
_LAST_CALL: Final = 0.3


def keep_alive(connection: socket.socket) -> None:
    """Have the kernel ask whether the other side is still there; see KEEP_ALIVE."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEP_ALIVE.items():
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


class Listener:
    """An HTTP/1.1 server. `handle` answers requests, `refuse` what could not be read as one: see `connection.Host`."""

    def __init__(
        self,
        handle: Callable[[Request, Connection], None],
        refuse: Callable[[int, bytes, Connection], None],
        max_body_size: int,
        most_descriptors: float = float("inf"),
    ) -> None:
        """`most_descriptors`: how many may be in use, by whatever, for one more client to be let in."""
        self.handle = handle
        self.refuse = refuse
        self.max_body_size = max_body_size
        self.draining = False
        self.heads: Heads[RequestHead] = Heads()
        self._most_descriptors = most_descriptors
        self._turned_away = 0
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def __len__(self) -> int:
        return len(self._connections)

    async def bind(self, host: str, port: int) -> int:
        """Take the address, accept nobody yet; the port (of use if 0 was asked for). Raises OSError if it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), host, port, backlog=_BACKLOG, start_serving=False
        )
        for listening in self._server.sockets:  # accepted ones inherit it
            keep_alive(listening)
        return int(self._server.sockets[0].getsockname()[1])

    async def serve(self) -> None:
        """Begin to accept."""
        if self._server is not None:
            await self._server.start_serving()
            self._sweep()

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        # a new connection has the lowest number that is free
        if connection.descriptor >= self._most_descriptors:
            self._turned_away += 1
            connection.break_off()

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._gone.set()

    async def drain(self, grace: float) -> None:
        """Accept nobody; finish what is in flight for up to `grace` seconds; then no answer is waited for any more."""
        end = time.monotonic() + grace
        self.draining = True
        if self._server is not None:
            self._server.close()
        if not await self._all_gone(min(_LAST_CALL, grace)):
            for connection in list(self._connections):
                if connection.busy:
                    connection.end_stream()
                elif not connection.receiving:
                    connection.close_politely()
            await self._all_gone(end - time.monotonic())
        for connection in list(self._connections):
            connection.time_is_up()
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def _all_gone(self, within: float) -> bool:
        self._gone.clear()
        if self._connections:
            try:
                await asyncio.wait_for(self._gone.wait(), within)
            except TimeoutError:
                return False
        return True

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        for connection in list(self._connections):
            connection.expire(now)
        if self._turned_away:
            _log.warning("%d clients turned away: descriptors run short, see `ulimit -n`", self._turned_away)
            self._turned_away = 0
        self._sweeper = loop.call_later(_SWEEP, self._sweep)
