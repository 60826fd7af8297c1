"""A gateway in this process, on a loop of its own, before a fake node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal
from websockets.sync.client import ClientConnection, connect

from e2e.gateway.client import GatewayClient
from e2e.gateway.control import application
from e2e.gateway.routes import route
from e2e.gateway.server import Gateway
from tests.e2e.gateway.fakes import NODE, FakeNode, fake_node

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with fake_node() as node:
        yield node


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal("asyncio", {"use_uvloop": True}) as portal:
        yield portal


@dataclass
class Served:
    """A gateway and its API, seen from this thread."""

    gateway: Gateway
    url: str
    client: GatewayClient
    runner: web.AppRunner

    async def close(self) -> None:
        await self.runner.cleanup()
        await self.gateway.close()


async def _serve(http: str, ws: str) -> Served:
    gateway = Gateway([route(NODE, http, ws)])
    await gateway.open()
    runner = web.AppRunner(application(gateway), access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return Served(gateway, url, GatewayClient(url), runner)


@pytest.fixture
def served(node: FakeNode, portal: BlockingPortal) -> Iterator[Served]:
    served = portal.call(_serve, node.http, node.ws)
    yield served
    served.client.close()
    portal.call(served.close)


@pytest.fixture
def gateway(served: Served) -> GatewayClient:
    return served.client


@pytest.fixture
def api(served: Served) -> str:
    return served.url


@pytest.fixture
def socket(gateway: GatewayClient) -> Iterator[ClientConnection]:
    """A WebSocket client that came through the gateway."""
    with connect(gateway.urls(NODE).ws, max_size=None, close_timeout=1) as client:
        yield client
