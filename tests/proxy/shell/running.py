"""A whole proxy on the test's own loop, in front of fake nodes."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from proxy.config import Config, General, MetricsSettings, WebSocketLimits
from proxy.shell.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tests.fakes.beacon import FakeBeacon
    from tests.fakes.node import FakeNode
    from tests.fakes.slow_lane import SlowLane


class Running:
    """A proxy that serves at `url`; `server` is its inside."""

    def __init__(self, server: Server, port: int, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.port = port
        self.session = session
        self.url = f"http://127.0.0.1:{port}"

    async def post(self, body: Any, path: str = "/el", **options: Any) -> Reply:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self.session.post(self.url + path, data=io.BytesIO(data), **options) as response:
            return Reply(response.status, list(response.raw_headers), await response.read())

    async def get(self, path: str, method: str = "GET", **options: Any) -> Reply:
        async with self.session.request(method, self.url + path, **options) as response:
            return Reply(response.status, list(response.raw_headers), await response.read())

    async def metric(self, name: str) -> float:
        """The value of the sample `name` (with its labels)."""
        for line in (await self.get("/metrics")).body.decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise KeyError(name)

    def healthy(self, name: str) -> bool:
        return any(state.node.name == name and state.healthy for state in self.server.monitor.snapshot.nodes)


class Reply:
    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]


QUICK = General(health_check_interval_ms=200, health_check_timeout_ms=1500, proxy_timeout_ms=3000)


@asynccontextmanager
async def running(
    nodes: Sequence[FakeNode | SlowLane],
    beacons: Sequence[FakeBeacon] = (),
    websocket: WebSocketLimits | None = None,
    metrics: MetricsSettings | None = None,
    **general: int,
) -> AsyncIterator[Running]:
    """`general` are keys of [global]; the defaults are `QUICK`."""
    config = Config(
        nodes=tuple(node.node for node in nodes),
        consensus=tuple(beacon.node for beacon in beacons),
        general=replace(QUICK, **general),
        websocket=websocket or WebSocketLimits(),
        metrics=metrics or MetricsSettings(),
    )
    server = Server(config)
    port = await server.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Running(server, port, session)
    finally:
        await server.drain(0.5)


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    """Return when `condition()` is true; fail after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not become true in time"
        await asyncio.sleep(0.005)


def call(method: str, *params: Any, id_: Any = 7) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}
