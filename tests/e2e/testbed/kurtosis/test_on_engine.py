"""The same on a real engine with real nodes: needs the images that `make images` makes."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
import requests

from e2e.gateway.service import GatewayService
from e2e.nemesis import signs
from e2e.sut.profile_file import load
from e2e.sut.service import SutService
from e2e.sut.topology import upstreams
from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.proxy import ProxyService
from e2e.testbed.kurtosis.testbed import CONTROL, GATEWAY, KurtosisTestbed
from e2e.testbed.probe import head_hash
from e2e.wait import wait_until
from kurtosis_sdk import KurtosisContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

ENGINE = ("127.0.0.1", 9710)
IMAGE = "vixy-e2e/proxy:dev"
NODE = "el-1-primary"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KurtosisTestbed]:
    try:
        socket.create_connection(ENGINE, timeout=0.2).close()
    except OSError:
        pytest.skip("no Kurtosis engine at 127.0.0.1:9710: `kurtosis engine start` starts one")
    with KurtosisTestbed(tmp_path_factory.mktemp("network"), Enclave()) as testbed:
        yield testbed
    assert all((testbed.folder / f"{name}.log").stat().st_size for name in (*testbed.node_names(), "beacon"))
    with KurtosisContext.new_kurtosis_context_from_local_engine() as kurtosis:
        assert testbed.enclave.name not in kurtosis.get_enclaves().get_enclaves_by_name()


@pytest.fixture
def network(started: KurtosisTestbed) -> KurtosisTestbed:
    started.heal()
    return started


def follows(network: KurtosisTestbed, node: str) -> bool:
    return head_hash(network.urls(node).http) == network.head().hash


def test_four_nodes_follow_a_chain_that_moves(network: KurtosisTestbed) -> None:
    assert len(network.node_names()) == 4
    head = network.head().number
    wait_until(lambda: network.head().number > head, 5, "the chain moves")
    for node in network.node_names():
        wait_until(lambda node=node: follows(network, node), 5, f"{node} follows")  # type: ignore[misc]
    assert [block.number for block in network.blocks(1, 3)] == [1, 2, 3]
    assert "geth" in network.versions()


@pytest.mark.parametrize("deed", ["stop", "kill"])
def test_a_node_that_went_comes_back_with_its_chain_on_ports_that_are_read_again(
    network: KurtosisTestbed, deed: str
) -> None:
    before, inside = network.urls(NODE), network.upstream_urls(NODE)
    getattr(network, deed)(NODE)
    assert network.state(NODE) == "stopped"
    assert signs.refuses(before)
    network.boot(NODE)
    assert signs.answers(network.urls(NODE))
    assert network.upstream_urls(NODE) == inside
    wait_until(lambda: follows(network, NODE), 5, "it follows")


def test_a_paused_node_keeps_its_connections_and_says_nothing(network: KurtosisTestbed) -> None:
    network.pause(NODE)
    assert network.state(NODE) == "paused"
    assert not signs.refuses(network.urls(NODE))
    assert not signs.answers(network.urls(NODE))
    network.unpause(NODE)
    assert signs.answers(network.urls(NODE))


def test_blocks_are_replaced_on_demand(network: KurtosisTestbed) -> None:
    before = network.head()
    after = network.reorg(2)
    assert after.number >= before.number
    assert network.blocks(before.number, before.number)[0].hash != before.hash


def test_endpoints_of_the_beacon_answer_from_outside(network: KurtosisTestbed) -> None:
    for url in network.consensus_urls().values():
        assert requests.get(f"{url}/eth/v1/node/health", timeout=5).status_code == 200


def test_a_proxy_serves_through_the_gateway_and_leaves_politely(network: KurtosisTestbed, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with GatewayService(network.public_url(GATEWAY, CONTROL), host=GATEWAY) as gateway:
        nodes = upstreams("2p2b", network, gateway.urls)
        service = ProxyService(network.enclave, IMAGE)
        sut = SutService(load("vixy-py"), nodes, network.upstream_consensus_urls(), tmp_path, service=service)
        sut.start()
        try:
            request = {"jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "params": []}
            assert requests.post(sut.endpoints.http, json=request, timeout=5).json()["result"] == "0x539"
            assert gateway.client.lane(NODE, "http")["methods"]["eth_chainId"] >= 1
            began = time.monotonic()
            sut.tell_to_leave()
            wait_until(lambda: sut.exit_code is not None, 10, "it ends")
            assert (sut.exit_code, time.monotonic() - began < 10) == (0, True)
        finally:
            sut.stop()
    assert sut.log.stat().st_size
