from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from e2e.sut import topology
from e2e.sut.topology import TOPOLOGIES, chosen, upstreams
from e2e.testbed.local import NODES
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from e2e.testbed.protocol import Testbed


class Network:
    def upstream_urls(self, node: str) -> NodeUrls:
        return NodeUrls(f"http://{node}", f"ws://{node}")


def test_two_primaries_and_two_backups_unless_a_tag_says_otherwise() -> None:
    assert chosen(["critical", "websocket"]) == "2p2b"
    assert chosen(["critical", "topology.1p1b"]) == "1p1b"


def test_a_topology_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(ValueError, match="no topology 9p0b; there are 2p2b, 1p1b"):
        chosen(["topology.9p0b"])


def test_a_scenario_has_one_topology() -> None:
    with pytest.raises(ValueError, match="one topology, not 1p0b and 1p1b"):
        chosen(["topology.1p1b", "topology.1p0b"])


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_topology_holds_what_its_name_says_primaries_first(name: str) -> None:
    nodes = upstreams(name, cast("Testbed", Network()))
    tiers = [node.primary for node in nodes]
    assert tiers == sorted(tiers, reverse=True)
    assert f"{sum(tiers)}p{len(tiers) - sum(tiers)}b" == name
    assert {node.name for node in nodes} <= set(NODES)
    assert nodes[0].urls == NodeUrls("http://el-1-primary", "ws://el-1-primary")


def test_tags_change_settings() -> None:
    assert topology.settings(["gateway", "setting.proxy_timeout_ms=500"]) == {"proxy_timeout_ms": "500"}


def test_nodes_with_a_secret_keep_their_names_and_tiers() -> None:
    nodes = upstreams("1p1b", cast("Testbed", Network()))
    for plain, secret in zip(nodes, topology.keyed(nodes), strict=True):
        assert (plain.name, plain.primary) == (secret.name, secret.primary)
        assert topology.SECRET in secret.urls.http
        assert topology.SECRET in secret.urls.ws
