"""The gateway: every lane of every node, the faults they are under, and the facts."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from e2e.gateway.facts import FactLog, LaneName
from e2e.gateway.faults import FaultError, build
from e2e.gateway.lane import Lane
from e2e.gateway.routes import upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from e2e.gateway.faults.fault import Fault
    from e2e.gateway.routes import Route

_POLL = 0.01  # seconds


class Gateway:
    """Use on one running event loop."""

    def __init__(self, routes: Iterable[Route], host: str = "127.0.0.1") -> None:
        """Listen on `host` once opened."""
        self.log = FactLog()
        self._routes = tuple(routes)
        self._host = host
        self._lanes: dict[tuple[str, LaneName], Lane] = {}
        self._ids = itertools.count(1)
        for route in self._routes:
            self._lanes[route.name, "http"] = Lane(route.name, "http", route.http, self.log)
            self._lanes[route.name, "ws"] = Lane(route.name, "ws", route.ws, self.log)

    async def open(self) -> None:
        """Listen on every lane. Raises OSError if a port is taken; nothing is left open then."""
        try:
            for route in self._routes:
                await self._lanes[route.name, "http"].open(self._host, route.http_port)
                await self._lanes[route.name, "ws"].open(self._host, route.ws_port)
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()

    def lane(self, node: str, name: str) -> Lane:
        """FaultError if there is no such node or lane."""
        for (known, lane_name), lane in self._lanes.items():
            if (known, lane_name) == (node, name):
                return lane
        nodes = sorted({known for known, _ in self._lanes})
        raise FaultError(f"no lane {name!r} of {node!r}; nodes are {', '.join(nodes)}, lanes 'http' and 'ws'")

    async def add(self, node: str, lane: str, kind: str, attributes: dict[str, Any]) -> Fault:
        """Put one lane under a fault; returns when it is in force. FaultError if that cannot be."""
        where = self.lane(node, lane)
        fault = build(kind, attributes)
        if where.name not in fault.lanes:
            raise FaultError(f"{kind} is for the lane {fault.lanes[0]!r} only")
        fault.id = next(self._ids)
        await where.add(fault)
        return fault

    async def remove(self, fault_id: int) -> None:
        """Take a fault away; returns when that is in force. FaultError if it is not there."""
        for lane in self._lanes.values():
            if fault_id in lane.faults:
                await lane.remove(lane.faults[fault_id])
                return
        raise FaultError(f"no fault {fault_id} is in force")

    async def reset(self) -> None:
        """Take every fault away, the newest first."""
        for fault in sorted(self.faults(), key=lambda fault: -fault.id):
            await fault.lane.remove(fault)

    def faults(self) -> list[Fault]:
        return sorted((f for lane in self._lanes.values() for f in lane.faults.values()), key=lambda f: f.id)

    def retarget(self, node: str, http: str, ws: str) -> None:
        """Lead new links to other addresses: the node has moved."""
        self.lane(node, "http").upstream = upstream(http, "http")
        self.lane(node, "ws").upstream = upstream(ws, "ws")

    def state(self) -> dict[str, Any]:
        """Return what /state shows."""
        nodes: dict[str, dict[str, Any]] = {}
        for (node, name), lane in self._lanes.items():
            nodes.setdefault(node, {})[name] = self._lane_state(lane)
        faults = [fault.to_json() for fault in self.faults()]
        return {"now": time.monotonic(), "facts": self.log.count, "nodes": nodes, "faults": faults}

    def _lane_state(self, lane: Lane) -> dict[str, Any]:
        where = lane.upstream
        host = f"[{self._host}]" if ":" in self._host else self._host
        return {
            "url": f"{where.scheme}://{host}:{lane.port}{where.path}",
            "upstream": f"{where.scheme}://{where.host}:{where.port}{where.path}",
            "links": len(lane.links),
            **lane.counters.to_json(),
        }


async def eventually(condition: Callable[[], bool], within: float) -> bool:
    """Wait until `condition` holds, at most `within` seconds; say whether it does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not condition() and loop.time() < end:  # noqa: ASYNC110 (what is waited for has no event of its own)
        await asyncio.sleep(_POLL)
    return condition()
