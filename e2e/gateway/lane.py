"""One lane of one node: a listening port, the links that came in by it, and what is wrong with them."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from e2e.gateway.calls import is_read
from e2e.gateway.counters import Counters
from e2e.gateway.link import Link

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.gateway.facts import FactLog, LaneName
    from e2e.gateway.faults.fault import Fault
    from e2e.gateway.routes import Upstream

BACKLOG: Final = 1024


class Lane:
    """Everything between the proxy and `node` over HTTP, or over WebSocket."""

    def __init__(self, node: str, name: LaneName, upstream: Upstream, log: FactLog) -> None:
        """`upstream` may be replaced at any time; links that are open stay where they are."""
        self.node = node
        self.name = name
        self.upstream = upstream
        self.log = log
        self.counters = Counters()
        self.links: dict[int, Link] = {}
        self.faults: dict[int, Fault] = {}
        self._reserved: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._deaf: set[int] = set()

    @property
    def port(self) -> int:
        assert self._reserved is not None, "the lane is not open"  # noqa: S101 (a mistake of the gateway, not of a user)
        return int(self._reserved.getsockname()[1])

    async def open(self, host: str, port: int) -> None:
        """Listen; `port` 0 takes a free one."""
        self._reserved = _bound(host, port)
        await self._listen()

    async def close(self) -> None:
        """Cut every link and give the port back."""
        for fault in list(self.faults.values()):
            await self.remove(fault)
        if self._server is not None:
            self._server.close()
        if self._reserved is not None:
            self._reserved.close()
        for link in list(self.links.values()):
            link.close()

    async def add(self, fault: Fault) -> None:
        """Put the lane under `fault`, the links that are open included."""
        fault.lane = self
        if not fault.instant:
            self.faults[fault.id] = fault
            for link in self.links.values():
                link.add(fault)
        await fault.begin()

    async def remove(self, fault: Fault) -> None:
        """Take `fault` away; what it held back is let go."""
        del self.faults[fault.id]
        for link in list(self.links.values()):
            link.remove(fault)
        await fault.end()

    def refuse(self, fault: int) -> None:
        """Take no connections (the kernel refuses them) until `accept` is called for the same fault."""
        self._deaf.add(fault)
        if self._server is not None:
            self._server.close()
            self._server = None

    async def accept(self, fault: int) -> None:
        self._deaf.discard(fault)
        if not self._deaf and self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        assert self._reserved is not None  # noqa: S101 (see `port`)
        listener = _bound(*self._reserved.getsockname()[:2])
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Link(self).proxy_side, sock=listener, backlog=BACKLOG)

    # what links report

    def accepted(self, link: Link) -> None:
        self.counters.accepted += 1
        link.number = self.counters.accepted
        self.counters.dials.append(time.monotonic())
        self.links[link.number] = link
        for fault in self.faults.values():
            link.add(fault)
            fault.accepted(link)

    def upgraded(self, link: Link) -> None:
        for fault in self.faults.values():
            fault.upgraded(link)

    def dial_failed(self, link: Link, error: OSError) -> None:
        self.counters.dial_failures += 1
        self.log.note("dial failed", self.node, self.name, link=link.number, detail={"error": str(error)})

    def ended(self, link: Link) -> None:
        self.links.pop(link.number, None)
        for fault in self.faults.values():
            fault.ended(link)

    def note_requests(self, link: Link, calls: Iterable[Any]) -> None:
        """Count the calls of a message that the proxy wrote to the node; those with side effects become facts."""
        counters = self.counters
        counters.to_node += 1
        for call in calls:
            method = call.get("method") if isinstance(call, dict) else None
            if not isinstance(method, str):
                continue
            counters.methods[method] += 1
            params = call.get("params")
            if method == "eth_subscribe" and isinstance(params, list) and params:
                counters.subscriptions[str(params[0])] += 1
            elif not is_read(method):
                detail = {"method": method, "params": params}
                self.log.note("arrived", self.node, self.name, link=link.number, detail=detail)


def _bound(host: str, port: int) -> socket.socket:
    """Return a bound socket that does not listen.

    While one of these is kept open the port stays ours although nothing listens there, so that a lane which refuses
    connections finds its port again; SO_REUSEPORT lets the listener stand beside it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
