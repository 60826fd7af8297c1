"""A stock client, web3.py, on our proxy in front of real nodes: nothing in it knows that there is a proxy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from web3 import AsyncWeb3, Web3
from web3.providers.persistent import WebSocketProvider

from e2e.sut.process import SutProcess
from e2e.sut.profile import Upstream
from e2e.sut.profile_file import load
from e2e.testbed.local import LocalTestbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIMARY, BACKUP = "el-1-primary", "el-2-backup"
pytestmark = pytest.mark.geth


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTestbed]:
    with LocalTestbed(tmp_path_factory.mktemp("network"), nodes=(PRIMARY, BACKUP), block_time=0.5) as testbed:
        yield testbed


@pytest.fixture
def proxy(network: LocalTestbed, tmp_path: Path) -> Iterator[SutProcess]:
    network.heal()
    (tmp_path / "logs").mkdir()
    nodes = [Upstream(name, name == PRIMARY, network.urls(name)) for name in network.node_names()]
    proxy = SutProcess(load("vixy-py"), nodes, network.consensus_urls(), tmp_path)
    proxy.start()
    yield proxy
    proxy.stop()


def test_http(network: LocalTestbed, proxy: SutProcess) -> None:
    web3 = Web3(Web3.HTTPProvider(proxy.endpoints.http))
    primary = Web3(Web3.HTTPProvider(network.urls(PRIMARY).http))  # others may have a new block a moment sooner
    before = primary.eth.block_number
    assert before <= web3.eth.block_number <= primary.eth.block_number
    assert web3.eth.chain_id == primary.eth.chain_id
    assert web3.eth.get_block(before)["hash"].to_0x_hex() == network.blocks(before, before)[0].hash


async def _heads(url: str, network: LocalTestbed, count: int) -> list[int]:
    """The numbers of `count` heads; the primary is killed after the first of them."""
    seen: list[int] = []
    async with AsyncWeb3(WebSocketProvider(url)) as web3:
        assert await web3.eth.block_number > 0
        await web3.eth.subscribe("newHeads")
        async for message in web3.socket.process_subscriptions():
            seen.append(message["result"]["number"])
            if len(seen) == 1:
                await asyncio.to_thread(network.kill, PRIMARY)
            if len(seen) == count:
                break
        assert await web3.eth.block_number >= seen[-1]
    return seen


def test_websocket_over_a_killed_node(network: LocalTestbed, proxy: SutProcess) -> None:
    seen = asyncio.run(asyncio.wait_for(_heads(proxy.endpoints.ws, network, 8), 30))
    assert seen == list(range(seen[0], seen[0] + 8))
