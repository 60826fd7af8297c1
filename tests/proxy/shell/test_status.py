from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.config import MetricsSettings
from proxy.nodes import ConsensusNode, ConsensusState, Node, NodeState, Snapshot, Tier
from proxy.shell.status import status_document
from tests.fakes.beacon import FakeBeacon
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import call, running, until

BOTH = '{node="b",tier="backup"}'
SERIES = {
    *(f"el_{name}{BOTH}" for name in ("requests_total", "request_duration_seconds_count", "node_block_number")),
    *(f"el_{name}{BOTH}" for name in ("request_duration_seconds_sum", "node_lag_blocks", "node_healthy")),
    *(f"el_{name}" for name in ("failover_active", "failovers_total", "chain_head", "healthy_nodes")),
    *(f'cl_{name}{{node="cl-1"}}' for name in ("requests_total", "node_slot", "node_lag_slots", "node_healthy")),
    *("cl_chain_head", "cl_healthy_nodes", 'cl_request_duration_seconds_count{node="cl-1"}'),
    *(f"ws_{name}" for name in ("connections_active", "connections_total", "reconnections_total", "queue_size")),
    *(f"ws_{name}" for name in ("subscriptions_active", "subscriptions_total", "messages_queued_total")),
    *(f"ws_{name}_total" for name in ("queue_full", "requests_resent", "backfilled_blocks", "pending_tx_gap_seconds")),
    *(f'ws_messages_total{{direction="{direction}"}}' for direction in ("upstream", "downstream")),
    *(f'ws_reconnection_attempts_total{{status="{status}"}}' for status in ("success", "failed")),
    *(f'ws_upstream_node{suffix}{{node="b"}}' for suffix in ("", "_connected")),
    *("ws_gap_seconds_count", "http_retries_total"),
}


@pytest.mark.anyio
async def test_every_series_exists_from_the_start() -> None:
    a, b, cl = FakeNode("a"), FakeNode("b", tier=Tier.BACKUP), FakeBeacon()
    async with a, b, cl, running([a, b], [cl]) as proxy:
        text = (await proxy.get("/metrics/")).body.decode()
        there = {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}
        assert {f"vixy_{name}" for name in SERIES} <= there
        assert "_created" not in text


@pytest.mark.anyio
async def test_pages() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        assert (await proxy.get("/health")).status == 200
        assert (await proxy.get("/ready/")).json == {"ready": True, "healthy_nodes": 1}
        assert (await proxy.get("/status")).json["el_nodes"][0]["is_healthy"] is True
        assert (await proxy.get("/status", "HEAD")).body == b""
        assert (await proxy.get("/status", "DELETE")).all(b"allow") == [b"GET, HEAD"]
        assert (await proxy.get("/nowhere")).status == 404
        await a.die()
        await until(lambda: not proxy.healthy("a"))
        assert (await proxy.get("/health")).status == 200
        assert (await proxy.get("/ready")).status == 503


@pytest.mark.anyio
async def test_requests_are_counted_where_they_were_written() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        for _ in range(3):
            await proxy.post(call("eth_chainId"))
        a.http.cut_after = 0
        await proxy.post(call("eth_chainId"))
        assert await proxy.metric('vixy_el_requests_total{node="a",tier="primary"}') == 4
        assert await proxy.metric('vixy_el_requests_total{node="b",tier="primary"}') == 1
        assert await proxy.metric('vixy_el_request_duration_seconds_count{node="a",tier="primary"}') == 3
        assert await proxy.metric("vixy_http_retries_total") == 1


@pytest.mark.anyio
async def test_metrics_on_a_port_of_their_own(unused_tcp_port: int) -> None:
    settings = MetricsSettings(port=unused_tcp_port)
    async with FakeNode("a") as a, running([a], metrics=settings) as proxy:
        assert (await proxy.get("/metrics")).status == 404
        async with proxy.session.get(f"http://127.0.0.1:{unused_tcp_port}/metrics") as response:
            assert "vixy_el_chain_head 10.0" in await response.text()
        async with proxy.session.post(f"http://127.0.0.1:{unused_tcp_port}/el", data=b"{}") as response:
            assert response.status in (404, 413)


@pytest.mark.anyio
async def test_metrics_can_be_switched_off() -> None:
    async with FakeNode("a") as a, running([a], metrics=MetricsSettings(enabled=False)) as proxy:
        assert (await proxy.get("/metrics")).status == 404


def test_h10_status_shows_no_keys() -> None:
    key = "0123456789abcdef0123456789abcdef"
    node = Node("a", Tier.PRIMARY, f"https://u:{key}@host/v3/{key}?k={key}", f"wss://host/ws/v3/{key}")
    state = NodeState(node, block_number=7, lag=1, check_ok=True, healthy=True, failing_methods=frozenset("b"))
    consensus = ConsensusState(ConsensusNode("c", f"https://host/{key}"), slot=9, check_ok=True, healthy=True)
    document = status_document(Snapshot((state, replace(state, healthy=False)), (consensus,), 8, 10))
    assert key not in str(document)
    assert document["el_chain_head"] == 8
    assert document["cl_nodes"] == [
        {
            "name": "c",
            "url": "https://host/***",
            "slot": 9,
            "lag": 0,
            "health_ok": True,
            "is_healthy": True,
            "reason": "",
        }
    ]
    assert document["el_nodes"][0] == {
        "name": "a",
        "http_url": "https://***@host/v3/***?k=***",
        "is_primary": True,
        "block_number": 7,
        "lag": 1,
        "check_ok": True,
        "is_healthy": True,
        "ws_url": "wss://host/ws/v3/***",
        "ws_ready": True,
        "resting": False,
        "failing_methods": ["b"],
        "reason": "",
    }
