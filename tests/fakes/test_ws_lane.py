"""The fake's own end: it must not stumble over what its clients do."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect

from tests.fakes.node import FakeNode


@pytest.mark.anyio
async def test_a_node_dies_also_in_the_moment_in_which_it_loses_a_client() -> None:
    async with FakeNode() as node, asyncio.timeout(5), connect(node.ws.url) as client:
        (transport,) = node.ws.transports()
        client.transport.abort()
        while transport.get_extra_info("socket").fileno() >= 0:  # noqa: ASYNC110 - nobody tells of that instant
            await asyncio.sleep(0)
        assert node.ws.clients, "too late: it knows already"
        node.ws.reset()
