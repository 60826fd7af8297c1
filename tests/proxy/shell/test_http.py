from __future__ import annotations

import asyncio
import time

import pytest

from proxy import jsonrpc
from proxy.nodes import Tier
from tests.fakes.chain import Chain
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, call, running, until

pytestmark = pytest.mark.anyio

SEND = call("eth_sendRawTransaction", "0xf86c")


async def test_a_read_is_answered_by_the_first_primary() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        reply = await proxy.post(call("web3_clientVersion"))
        assert reply.status == 200
        assert reply.json == {"jsonrpc": "2.0", "id": 7, "result": "a"}
        assert b.http.methods() == []


@pytest.mark.parametrize("path", ["/el", "/el/", "/el?x=1"])
async def test_paths_of_el(path: str) -> None:
    async with FakeNode() as a, running([a]) as proxy:
        assert (await proxy.post(call("eth_chainId"), path)).json["result"] == "0x539"


async def test_a_batch_passes_as_it_is() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        body = b'[ {"jsonrpc":"2.0","id":1.0,"method":"eth_chainId"},{"id":"x","method":"net_version","jsonrpc":"2.0"}]'
        reply = await proxy.post(body)
        assert [item["result"] for item in reply.json] == ["0x539", "1337"]
        assert a.http.requests[-1].body == body


async def test_what_a_node_answers_passes_byte_for_byte() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        body = b'{ "result" : 1.0e3,\n "id":7,"jsonrpc":"2.0" , "extra": "\\u00e9" }'
        a.http.canned["eth_chainId"] = Canned(body=body)
        assert (await proxy.post(call("eth_chainId"))).body == body


async def test_application_errors_are_answers() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        reply = await proxy.post(call("eth_call", {"data": "0xdead"}))
        assert reply.json["error"]["code"] == 3
        assert b.http.methods() == []


# ---- reads go on to the next node


async def test_h1_a_killed_primary_costs_no_read_an_error() -> None:
    chain = Chain.of_length(5)
    async with FakeNode("a", chain) as a, FakeNode("b", chain) as b, running([a, b]) as proxy:
        tasks = [asyncio.create_task(proxy.post(call("web3_clientVersion", id_=i))) for i in range(50)]
        await a.die()
        tasks += [asyncio.create_task(proxy.post(call("web3_clientVersion", id_=i))) for i in range(50)]
        replies = await asyncio.gather(*tasks)
        assert {reply.status for reply in replies} == {200}
        assert {reply.json["result"] for reply in replies} <= {"a", "b"}
        await until(lambda: not proxy.healthy("a"), within=1)


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503])
async def test_h6_a_failing_node_is_passed_over(status: int) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_chainId"] = Canned(status=status)
        for _ in range(10):
            assert (await proxy.post(call("eth_chainId"))).status == 200
        # it rests after a few: not every request knocks there
        assert a.http.count("eth_chainId") <= 3
        assert await proxy.metric("vixy_http_retries_total") == a.http.count("eth_chainId")


async def test_h6_retry_after_is_kept_to_and_then_forgotten() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_chainId"] = Canned(status=429, headers=[(b"Retry-After", b"1")], times=1)
        began = time.monotonic()
        names: list[str] = []
        while not names or names[-1] != "a":
            await proxy.post(call("eth_chainId"))
            names.append((await proxy.post(call("web3_clientVersion"))).json["result"])
            await asyncio.sleep(0.02)
        assert 0.9 < time.monotonic() - began < 2
        assert set(names) == {"a", "b"}


async def test_a_429_of_all_nodes_is_passed_on() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        for node in (a, b):
            node.http.canned["eth_chainId"] = Canned(status=429, body=b"slow down", headers=[(b"X-Node", b"yes")])
        reply = await proxy.post(call("eth_chainId"))
        assert (reply.status, reply.body, reply.all(b"x-node")) == (429, b"slow down", [b"yes"])


async def test_h8_a_method_that_fails_rests_alone() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_getLogs"] = Canned(status=500)
        for _ in range(8):
            assert (await proxy.post(call("eth_getLogs", {}))).status == 200
            assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "a"
        assert a.http.count("eth_getLogs") == 3
        status = (await proxy.get("/status")).json
        assert status["el_nodes"][0]["failing_methods"] == ["eth_getLogs"]
        assert await proxy.metric('vixy_el_node_failing_methods{node="a",tier="primary"}') == 1


async def test_h8_a_method_that_hangs_is_answered_by_another_node_and_rests_after_a_while() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], proxy_timeout_ms=900) as proxy:
        a.http.ignored.add("eth_getLogs")
        for _ in range(5):
            began = time.monotonic()
            reply = await proxy.post(call("eth_getLogs", {"fromBlock": "0x1"}))
            assert len(reply.json["result"]) == 10
            assert time.monotonic() - began < 0.8
            assert proxy.healthy("a")
        assert (a.http.count("eth_getLogs"), b.http.count("eth_getLogs")) == (3, 5)


async def test_a_slow_answer_is_still_taken_when_the_second_node_is_no_better() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], proxy_timeout_ms=1500) as proxy:
        a.http.delays["web3_clientVersion"] = 0.8
        b.http.canned["web3_clientVersion"] = Canned(status=500)
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "a"


async def test_a_send_is_never_given_to_a_second_node_for_slowness() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], proxy_timeout_ms=900) as proxy:
        a.http.ignored.add("eth_sendRawTransaction")
        reply = await proxy.post(SEND)
        assert (reply.status, reply.json["error"]["code"]) == (504, jsonrpc.OUTCOME_UNKNOWN)
        assert (a.http.count("eth_sendRawTransaction"), b.http.count("eth_sendRawTransaction")) == (1, 0)


async def test_a_truncated_answer_is_asked_for_again() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        a.http.cut_after = 5
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "b"


async def test_a_silent_node_is_left_long_before_its_probe_times_out() -> None:
    chain = Chain.of_length(5)
    a, b = FakeNode("a", chain), FakeNode("b", chain)
    async with a, b, running([a, b], health_check_interval_ms=1000, health_check_timeout_ms=5000) as proxy:
        a.hold()
        began = time.monotonic()
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "b"
        assert time.monotonic() - began < 2
        a.release()
        began = time.monotonic()
        await until(lambda: proxy.healthy("a"), within=2)
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "a"
        assert time.monotonic() - began < 2


async def test_max_retries_bounds_the_nodes_tried() -> None:
    nodes = [FakeNode(name) for name in "abcd"]
    async with nodes[0], nodes[1], nodes[2], nodes[3], running(nodes, max_retries=2) as proxy:
        for node in nodes:
            node.http.canned["eth_chainId"] = Canned(status=502)
        assert (await proxy.post(call("eth_chainId"))).status == 502
        assert [node.http.count("eth_chainId") for node in nodes] == [1, 1, 1, 0]


async def test_backups_serve_while_no_primary_does_and_hand_back() -> None:
    chain = Chain.of_length(5)
    async with FakeNode("a", chain) as a, FakeNode("b", chain, Tier.BACKUP) as b, running([a, b]) as proxy:
        await a.die()
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "b"
        await until(lambda: not proxy.healthy("a"))
        assert await proxy.metric("vixy_el_failover_active") == 1
        assert await proxy.metric("vixy_el_failovers_total") == 1
        await a.boot()
        await until(lambda: proxy.healthy("a"), within=2)
        assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "a"
        assert await proxy.metric("vixy_el_failover_active") == 0


# ---- what must not be written twice


async def test_a_send_that_is_refused_goes_to_the_next_node() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        await a.die()
        assert (await proxy.post(SEND)).status == 200
        assert (a.http.count("eth_sendRawTransaction"), b.http.count("eth_sendRawTransaction")) == (0, 1)


async def test_a_send_whose_link_dies_has_an_unknown_outcome() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.delays["eth_sendRawTransaction"] = 10
        task = asyncio.create_task(proxy.post(SEND))
        await until(lambda: a.http.count("eth_sendRawTransaction"))
        await a.die()
        reply = await task
        assert reply.status == 502
        assert reply.json["id"] == 7
        assert reply.json["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN
        assert reply.json["error"]["data"] == {"promise": "sends_once", "node": "a", "maybe_executed": True}
        assert b.http.count("eth_sendRawTransaction") == 0


async def test_a_batch_with_a_send_is_a_send() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.cut_after = 3
        reply = await proxy.post([call("eth_chainId", id_=1), {"jsonrpc": "2.0", "method": "net_version"}, SEND])
        assert [item["id"] for item in reply.json] == [1, 7]
        assert {item["error"]["code"] for item in reply.json} == {jsonrpc.OUTCOME_UNKNOWN}
        assert b.http.methods() == []


async def test_a_node_that_fails_a_send_has_answered_it() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_sendRawTransaction"] = Canned(status=503, body=b"not now")
        reply = await proxy.post(SEND)
        assert (reply.status, reply.body) == (503, b"not now")
        assert b.http.count("eth_sendRawTransaction") == 0


async def test_sends_to_a_node_that_closes_idle_connections_are_written_once_each() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        a.http.close_idle = 0.3
        for _ in range(4):
            assert (await proxy.post(SEND)).status == 200
            await asyncio.sleep(0.299)
        assert a.http.count("eth_sendRawTransaction") == 4


# ---- connections


async def test_h2_connections_are_kept() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:

        async def client() -> None:
            for _ in range(50):
                assert (await proxy.post(call("eth_chainId"))).status == 200

        await asyncio.gather(*(client() for _ in range(20)))
        assert a.http.count("eth_chainId") == 1000
        assert a.http.accepts <= 20


async def test_h3_connections_that_the_node_closes_cost_nothing() -> None:
    async with FakeNode("a") as a, running([a], max_retries=0) as proxy:
        a.http.close_idle = 0.05
        for _ in range(30):
            assert (await proxy.post(call("eth_chainId"))).status == 200
            await asyncio.sleep(0.0495)


async def test_h3_a_connection_that_closes_just_as_it_is_used_costs_nothing() -> None:
    async with FakeNode("a") as a, running([a], max_retries=0, health_check_interval_ms=60_000) as proxy:
        a.http.requests_per_connection = 2
        for _ in range(20):
            assert (await proxy.post(call("eth_chainId"))).status == 200


async def test_a_send_over_a_connection_that_closes_just_then_has_an_unknown_outcome() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        a.http.requests_per_connection = 1
        assert (await proxy.post(call("eth_chainId"))).status == 200
        reply = await proxy.post(SEND)
        assert (reply.status, reply.json["error"]["code"]) == (502, jsonrpc.OUTCOME_UNKNOWN)
        assert b.http.count("eth_sendRawTransaction") == 0


async def test_slow_calls_do_not_hold_up_quick_ones() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        a.http.delays["eth_getLogs"] = 1.5
        slow = [asyncio.create_task(proxy.post(call("eth_getLogs", {}))) for _ in range(60)]
        await until(lambda: a.http.count("eth_getLogs") == 60)
        began = time.monotonic()
        assert (await proxy.post(call("eth_chainId"))).status == 200
        assert time.monotonic() - began < 0.5
        assert {reply.status for reply in await asyncio.gather(*slow)} == {200}


# ---- errors of our own


async def test_h4_the_proxy_timeout_is_honoured() -> None:
    async with FakeNode("a") as a, running([a], proxy_timeout_ms=500) as proxy:
        a.http.delays["eth_chainId"] = 2
        began = time.monotonic()
        reply = await proxy.post(b'{"method":"eth_chainId","id":1.0,"jsonrpc":"2.0"}')
        assert time.monotonic() - began < 1
        assert reply.status == 504
        assert reply.json["error"]["code"] == jsonrpc.TIMED_OUT
        assert b'"id":1.0,' in reply.body


async def test_l12_no_node_is_an_error_at_once() -> None:
    async with FakeNode("a") as a, running([a]) as proxy:
        await a.die()
        await until(lambda: not proxy.healthy("a"))
        began = time.monotonic()
        reply = await proxy.post(call("eth_chainId", id_="x"))
        assert time.monotonic() - began < 0.2
        assert (reply.status, reply.json["id"], reply.json["error"]["code"]) == (503, "x", jsonrpc.NO_NODE)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 5000 + b"]" * 5000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id":1}', -32600),
        (b'{"id":{},"method":"eth_chainId"}', -32600),
    ],
)
async def test_bad_requests_get_the_errors_of_json_rpc(body: bytes, code: int) -> None:
    async with FakeNode() as a, running([a]) as proxy:
        reply = await proxy.post(body)
        assert reply.json["error"]["code"] == code
        assert a.http.methods() == []


async def test_a_body_over_the_limit_gets_413() -> None:
    async with FakeNode() as a, running([a], max_body_size=1000) as proxy:
        reply = await proxy.post(call("eth_chainId", "x" * 2_000_000))
        assert (reply.status, reply.json["error"]["code"]) == (413, jsonrpc.TOO_LARGE)
        assert (await proxy.post(call("eth_chainId"))).status == 200


async def test_only_post_and_what_browsers_ask_before_it() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        reply = await proxy.get("/el")
        assert (reply.status, reply.all(b"allow")) == (405, [b"OPTIONS, POST"])


async def test_whether_a_page_may_post_is_asked_of_a_node_that_is_well() -> None:
    leave = [(b"Access-Control-Allow-Origin", b"https://dapp.example")]
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        a.http.canned["/"] = Canned(status=503)
        b.http.canned["/"] = Canned(status=204, headers=leave)
        asked = {"Origin": "https://dapp.example", "Access-Control-Request-Method": "POST"}
        reply = await proxy.get("/el", "OPTIONS", headers=asked)
        assert (reply.status, reply.all(b"access-control-allow-origin")) == (204, [b"https://dapp.example"])
        (seen,) = (each for each in b.http.requests if each.method == b"OPTIONS")
        assert (b"Access-Control-Request-Method", b"POST") in seen.headers


# ---- big answers


async def _big(proxy: Running, size: int) -> int:
    reply = await proxy.post(call("eth_call", {"gas": hex(size)}))
    assert reply.status == 200
    return len(reply.json["result"]) // 2 - 1


@pytest.mark.parametrize("chunked", [None, 10_000])
async def test_big_answers_are_passed_on_whole(chunked: int | None) -> None:
    async with FakeNode() as a, running([a]) as proxy:
        a.http.chunked = chunked
        for size in (400_000, 6_000_000):
            assert await _big(proxy, size) == size


async def test_a_big_answer_that_breaks_off_is_seen_to_be_broken() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b], health_check_interval_ms=60_000) as proxy:
        a.http.cut_after = 3_000_000
        with pytest.raises(Exception, match=r"(?i)payload|disconnect|reset"):
            await _big(proxy, 6_000_000)
