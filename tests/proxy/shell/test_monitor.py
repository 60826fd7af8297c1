"""The monitor against fake nodes: what a fault does to the snapshot, and how soon."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from proxy import routing
from proxy.nodes import Tier
from tests.fakes.beacon import FakeBeacon
from tests.fakes.chain import Chain
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, running, until

if TYPE_CHECKING:
    from proxy.nodes import Node

pytestmark = pytest.mark.anyio


def watched(proxy: Running, name: str) -> list[bool]:
    """Grows with the health of `name` at each change of routing."""
    seen: list[bool] = []
    proxy.server.monitor.listen(lambda _: seen.append(proxy.healthy(name)))
    return seen


async def test_a_refused_node_is_out_at_once_and_back_in_time() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=100) as proxy:
        began = time.monotonic()
        await a.die()
        await until(lambda: not proxy.healthy("a"))
        assert time.monotonic() - began < 0.5
        await asyncio.sleep(1)
        began = time.monotonic()
        await a.boot()
        await until(lambda: proxy.healthy("a"))
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("claim", [1 << 64, 1 << 1100, -1], ids=["65 bits", "no double", "negative"])
async def test_h9_a_number_that_no_block_has_is_no_answer_and_stops_nothing(claim: int) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.rpc.claim = claim
        await until(lambda: not proxy.healthy("a"))
        status = (await proxy.get("/status")).json
        assert status["el_nodes"][0]["reason"] == "eth_blockNumber was not answered with a number"
        assert status["el_chain_head"] == 10
        a.rpc.claim = None
        await until(lambda: proxy.healthy("a"))


async def test_h7_one_lost_probe_flips_nothing() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=20) as proxy:
        seen = watched(proxy, "a")
        for _ in range(5):
            a.http.canned["eth_blockNumber"] = Canned(status=500, times=1)
            heard = a.http.count("eth_blockNumber")
            await until(lambda heard=heard: a.http.count("eth_blockNumber") >= heard + 10)  # type: ignore[misc]
        assert False not in seen


async def test_h7_one_reset_connection_flips_nothing() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=50) as proxy:
        seen = watched(proxy, "a")
        for _ in range(10):
            a.http.reset()
            await asyncio.sleep(0.03)
        assert False not in seen


async def test_h8_a_500_with_a_valid_body_is_a_failure() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=50) as proxy:
        a.http.canned["eth_blockNumber"] = Canned(status=500)
        await until(lambda: not proxy.healthy("a"), within=1)
        assert proxy.server.monitor.snapshot.nodes[0].reason == "HTTP 500"


async def test_h8_a_syncing_node_is_not_healthy() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=50) as proxy:
        a.rpc.syncing = {"currentBlock": "0x1", "highestBlock": "0x2"}
        await until(lambda: not proxy.healthy("a"), within=1)
        assert proxy.server.monitor.snapshot.nodes[0].reason == "syncing"


@pytest.mark.parametrize("status", [200, 400, 403, 405])
@pytest.mark.parametrize("result", [b"", b'"result":null,'])
async def test_a_node_that_does_not_know_eth_syncing_may_be_healthy(status: int, result: bytes) -> None:
    async with FakeNode("a") as a:
        error = b'{"jsonrpc":"2.0","id":1,%b"error":{"code":-32601,"message":"no such method"}}' % result
        a.http.canned["eth_syncing"] = Canned(status=status, body=error)
        async with running([a]) as proxy:
            assert proxy.healthy("a")
            a.http.canned["eth_blockNumber"] = a.http.canned["eth_syncing"]
            await until(lambda: not proxy.healthy("a"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"result":"0xzz"}', b'{"result":7}', b'{"result":null}', b'{"error":{}}']
)
async def test_an_answer_without_a_block_number_is_a_failure(body: bytes) -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=50) as proxy:
        a.http.canned["eth_blockNumber"] = Canned(body=body)
        await until(lambda: not proxy.healthy("a"), within=1)


async def test_h9_an_absurd_head_takes_nobodys_traffic() -> None:
    chain = Chain.of_length(20)
    async with FakeNode("a", chain) as a, FakeNode("b", chain) as b, FakeNode("c", chain) as c:
        b.rpc.claim = 2**60
        async with running([a, b, c], health_check_interval_ms=20) as proxy:
            heard = c.http.count("eth_blockNumber")
            await until(lambda: c.http.count("eth_blockNumber") > heard + 20)
            assert proxy.healthy("a")
            assert proxy.healthy("c")
            assert proxy.server.monitor.snapshot.el_head == 20


async def test_a_node_that_falls_behind_its_peers_is_left() -> None:
    chain = Chain.of_length(20)
    async with (
        FakeNode("a", chain) as a,
        FakeNode("b", chain) as b,
        running([a, b], health_check_interval_ms=50) as proxy,
    ):
        a.rpc.freeze()
        chain.mine(6)
        await until(lambda: not proxy.healthy("a"), within=1)
        assert proxy.server.monitor.snapshot.nodes[0].lag == 6
        a.rpc.frozen_at = None
        await until(lambda: proxy.healthy("a"), within=2)
        assert proxy.healthy("b")


async def test_a_silent_node_is_noticed_without_any_traffic() -> None:
    chain = Chain.of_length(5)
    a, b = FakeNode("a", chain), FakeNode("b", chain)
    async with a, b, running([a, b], health_check_interval_ms=1000, health_check_timeout_ms=5000) as proxy:
        a.hold()
        await until(lambda: not proxy.healthy("a"), within=2)
        assert proxy.server.monitor.snapshot.nodes[0].reason == "silent"
        await asyncio.sleep(1)
        a.release()
        await until(lambda: proxy.healthy("a"), within=2)


async def test_when_all_are_silent_nobody_is_blamed_before_the_time_out() -> None:
    chain = Chain.of_length(5)
    a, b = FakeNode("a", chain), FakeNode("b", chain)
    async with a, b, running([a, b], health_check_timeout_ms=3000) as proxy:
        a.hold()
        b.hold()
        await asyncio.sleep(2)
        assert len(routing.usable(proxy.server.monitor.snapshot)) == 2
        a.release()
        b.release()


async def test_a_backup_that_answers_first_is_no_failover() -> None:
    chain = Chain.of_length(5)
    async with FakeNode("a", chain) as a, FakeNode("b", chain, Tier.BACKUP) as b:
        a.http.delay = 0.2
        async with running([a, b]) as proxy:
            assert await proxy.metric("vixy_el_failovers_total") == 0
            assert await proxy.metric("vixy_el_failover_active") == 0
        await a.die()
        async with running([a, b]) as proxy:
            assert await proxy.metric("vixy_el_failovers_total") == 1
            assert await proxy.metric("vixy_el_failover_active") == 1


async def test_h12_silent_consensus_nodes_delay_nothing() -> None:
    chain = Chain.of_length(5)
    async with (
        FakeNode("a", chain) as a,
        FakeNode("b", chain, Tier.BACKUP) as b,
        FakeBeacon() as cl,
        running([a, b], [cl]) as proxy,
    ):
        cl.http.hold()
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await a.die()
        await until(lambda: routing.failover_active(proxy.server.monitor.snapshot))
        assert time.monotonic() - began < 0.8
        assert await proxy.metric("vixy_el_failover_active") == 1


async def test_consensus_nodes_have_a_health_of_their_own() -> None:
    one, two = FakeBeacon("cl-1", 10), FakeBeacon("cl-2", 10)
    async with FakeNode() as a, one, two, running([a], [one, two], health_check_interval_ms=50) as proxy:

        async def become(first: bool, second: bool) -> None:
            wanted = [first, second]
            await until(lambda: [s.healthy for s in proxy.server.monitor.snapshot.consensus] == wanted)

        await become(True, True)
        one.at(14)
        await become(True, False)
        two.at(14)
        await become(True, True)
        one.http.canned["/eth/v1/node/health"] = Canned(status=206)
        await become(False, True)
        two.http.canned["/eth/v1/node/health"] = Canned(status=503)
        await become(False, False)
        assert await proxy.metric('vixy_cl_node_slot{node="cl-2"}') == 14


async def test_a_healthy_node_is_not_probed_more_often_than_asked() -> None:
    async with FakeNode("a") as a, running([a], health_check_interval_ms=300) as proxy:
        heard = a.http.count("eth_blockNumber")
        await asyncio.sleep(1)
        assert a.http.count("eth_blockNumber") - heard <= 4
        assert a.http.accepts <= 2
        proxy.server.monitor.hurry("a")
        heard = a.http.count("eth_blockNumber")
        await until(lambda: a.http.count("eth_blockNumber") == heard + 1, within=0.1)


# ---- WebSocket lanes


async def test_a_lost_lane_is_closed_to_dials_until_the_monitor_has_opened_it() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        monitor = proxy.server.monitor
        monitor.lane_lost("a")
        assert [node.name for node in routing.ws_order(monitor.snapshot)] == ["b"]
        assert proxy.healthy("a")
        await until(lambda: routing.ws_order(monitor.snapshot)[0].name == "a", within=0.5)
        assert a.ws.accepts == 1


async def test_l8_a_bad_lane_is_dialled_ever_more_rarely_whatever_clients_report() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        await a.ws.die()
        dials: list[float] = []
        real = proxy.server.monitor._probe_lane

        async def counted(node: Node) -> bool:
            dials.append(time.monotonic())
            return await real(node)

        proxy.server.monitor._probe_lane = counted
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            proxy.server.monitor.lane_lost("a")
            await asyncio.sleep(0.002)
        assert 3 < len(dials) < 14
        assert dials[-1] - dials[-2] > 2 * (dials[2] - dials[1])
        await a.ws.open()
        await until(lambda: routing.ws_order(proxy.server.monitor.snapshot), within=2)


async def test_l3_a_lane_whose_dial_takes_too_long_is_dialled_again_and_opens_with_either() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        monitor = proxy.server.monitor
        begun: list[asyncio.Event] = []

        async def slow(_node: Node) -> bool:
            begun.append(asyncio.Event())
            return await begun[-1].wait()

        monitor._probe_lane = slow
        monitor.lane_lost("a")
        await until(lambda: len(begun) == 2, within=2)
        begun[0].set()
        await until(lambda: routing.ws_order(monitor.snapshot), within=0.5)
        begun[1].set()


async def test_a_node_that_comes_back_has_its_lane_tried_at_once() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        monitor = proxy.server.monitor
        await a.die()
        monitor.lane_lost("a")
        await until(lambda: not proxy.healthy("a"))
        await asyncio.sleep(1)
        await a.boot()
        await until(lambda: proxy.healthy("a"), within=2)
        await until(lambda: routing.ws_order(monitor.snapshot), within=0.2)


async def test_listeners_hear_only_what_changes_routing() -> None:
    chain = Chain.of_length(5)
    async with FakeNode("a", chain) as a, running([a], health_check_interval_ms=20) as proxy:
        heard: list[object] = []
        stop = proxy.server.monitor.listen(heard.append)
        for _ in range(5):
            chain.mine()
            await asyncio.sleep(0.03)
        await until(lambda: proxy.server.monitor.snapshot.el_head == 10)
        assert heard == []
        await a.http.die()
        await until(lambda: heard)
        stop()
        count = len(heard)
        await a.http.open()
        await until(lambda: proxy.healthy("a"))
        assert len(heard) == count
