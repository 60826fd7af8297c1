"""Real nodes behind the gateway: the same answers as without it, and faults that a stock client and the proxy feel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import requests
from web3 import AsyncWeb3, Web3
from web3.providers.persistent import WebSocketProvider

from e2e.gateway.process import GatewayProcess
from e2e.sut.process import SutProcess
from e2e.sut.profile import Upstream
from e2e.sut.profile_file import load
from e2e.testbed.local import LocalTestbed
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIMARY, BACKUP = "el-1-primary", "el-2-backup"
SOON = 5.0
pytestmark = pytest.mark.geth


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTestbed]:
    with LocalTestbed(tmp_path_factory.mktemp("network"), nodes=(PRIMARY, BACKUP), block_time=0.5) as testbed:
        yield testbed


@pytest.fixture(scope="module")
def process(network: LocalTestbed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    nodes = {name: network.urls(name) for name in network.node_names()}
    with GatewayProcess(nodes, tmp_path_factory.mktemp("gateway")) as process:
        yield process


@pytest.fixture
def gateway(process: GatewayProcess) -> Iterator[GatewayProcess]:
    yield process
    process.client.reset()


@pytest.fixture
def proxy(gateway: GatewayProcess, network: LocalTestbed, tmp_path: Path) -> Iterator[SutProcess]:
    (tmp_path / "logs").mkdir()
    nodes = [Upstream(name, name == PRIMARY, urls) for name, urls in gateway.urls.items()]
    proxy = SutProcess(load("vixy-py"), nodes, network.consensus_urls(), tmp_path)
    proxy.start()
    yield proxy
    proxy.stop()


def test_http_answers_are_those_of_the_node(network: LocalTestbed, gateway: GatewayProcess) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x1", True]}
    for headers in ({}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}):
        direct, through = (
            requests.post(urls.http, json=body, headers=headers, timeout=SOON)
            for urls in (network.urls(PRIMARY), gateway.urls[PRIMARY])
        )
        assert through.content == direct.content
        assert through.headers.keys() == direct.headers.keys()


def test_a_compressed_answer_can_be_rewritten(gateway: GatewayProcess) -> None:
    gateway.client.add("id_type", PRIMARY, "http")
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x1", True]}
    answer = requests.post(gateway.urls[PRIMARY].http, json=body, headers={"Accept-Encoding": "gzip"}, timeout=SOON)
    assert answer.json()["id"] == "1"
    assert answer.json()["result"]["number"] == "0x1"


async def _heads(url: str, count: int) -> list[int]:
    seen: list[int] = []
    async with AsyncWeb3(WebSocketProvider(url)) as web3:
        await web3.eth.subscribe("newHeads")
        async for message in web3.socket.process_subscriptions():
            seen.append(message["result"]["number"])
            if len(seen) == count:
                break
    return seen


def test_subscriptions_pass_under_small_ids(gateway: GatewayProcess) -> None:
    gateway.client.add("sequential_ids", PRIMARY, "ws")
    heads = asyncio.run(_heads(gateway.urls[PRIMARY].ws, 3))
    assert heads == list(range(heads[0], heads[0] + 3))
    assert gateway.client.lane(PRIMARY, "ws")["subscriptions"] == {"newHeads": 1}


def test_the_proxy_moves_when_a_lane_falls_silent_and_returns(gateway: GatewayProcess, proxy: SutProcess) -> None:
    web3 = Web3(Web3.HTTPProvider(proxy.endpoints.http))
    client = gateway.client

    def calls() -> dict[str, int]:
        return {name: client.lane(name, "http")["methods"].get("eth_gasPrice", 0) for name in gateway.urls}

    def served_by() -> str:
        before = calls()
        assert web3.eth.gas_price
        return [name for name, count in calls().items() if count > before[name]][-1]

    assert served_by() == PRIMARY
    hole = client.add("black_hole", PRIMARY, "http")
    wait_until(lambda: served_by() == BACKUP, SOON, "the backup serves")
    client.remove(hole)
    wait_until(lambda: served_by() == PRIMARY, SOON, "the primary serves again")


def test_a_node_that_dies_is_seen_through_the_gateway(network: LocalTestbed, gateway: GatewayProcess) -> None:
    network.kill(BACKUP)
    with pytest.raises(requests.ConnectionError):
        requests.post(gateway.urls[BACKUP].http, json={}, timeout=SOON)
    network.boot(BACKUP)
    assert requests.post(gateway.urls[BACKUP].http, json={}, timeout=SOON).status_code
