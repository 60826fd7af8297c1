"""Faults that know JSON-RPC, over both lanes where they are for both."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from websockets.sync.client import ClientConnection, connect

from tests.e2e.gateway.fakes import NODE, SOON, SUBSCRIPTION, call, post

if TYPE_CHECKING:
    from e2e.gateway.client import GatewayClient
    from e2e.gateway.facts import LaneName
    from tests.e2e.gateway.fakes import FakeNode

LANES = pytest.mark.parametrize("lane", ["http", "ws"])


class Asker:
    """Asks over one lane and returns what comes back, parsed."""

    def __init__(self, lane: LaneName, gateway: GatewayClient, socket: ClientConnection) -> None:
        self.lane = lane
        self._gateway = gateway
        self._socket = socket

    def ask(self, text: str, within: float = SOON) -> Any:
        """Raise TimeoutError if nothing comes in time."""
        if self.lane == "ws":
            self._socket.send(text)
            return json.loads(self._socket.recv(within))
        try:
            return requests.post(self._gateway.urls(NODE).http, data=text, timeout=within).json()
        except requests.ReadTimeout as error:
            raise TimeoutError from error


@pytest.fixture
def asker(lane: LaneName, gateway: GatewayClient, socket: ClientConnection) -> Asker:
    return Asker(lane, gateway, socket)


@LANES
def test_method_failure_answers_with_an_error_and_spares_the_node(
    asker: Asker, gateway: GatewayClient, node: FakeNode
) -> None:
    failing = gateway.add("method_failure", NODE, asker.lane, methods=["eth_getB*"], code=-32005, message="no")
    answer = asker.ask(call("eth_getBalance", request_id="1.0"))
    assert answer == {"jsonrpc": "2.0", "id": 1.0, "error": {"code": -32005, "message": "no"}}
    assert "eth_getBalance" not in "".join(node.seen)
    assert "result" in asker.ask(call("eth_chainId"))
    fact = gateway.facts()[-1]
    assert (fact.fault, fact.what, fact.detail) == ("method_failure", "failed", {"method": "eth_getBalance"})
    assert fact.at == pytest.approx(time.monotonic(), abs=SOON)
    gateway.remove(failing)
    assert "result" in asker.ask(call("eth_getBalance"))


@LANES
def test_an_id_that_the_node_spells_otherwise_is_found_again(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("method_failure", NODE, asker.lane)
    answer = asker.ask(call("eth_call", request_id="15e-1"))
    assert answer["error"]
    assert answer["id"] == 1.5


@LANES
def test_a_batch_fails_in_part(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("method_failure", NODE, asker.lane, methods=["eth_call"])
    batch = [call("eth_chainId", request_id='"a"'), call("eth_call", request_id="7"), call("net_version")]
    answers = asker.ask(f"[{','.join(batch)}]")
    assert [(answer["id"], "error" in answer) for answer in answers] == [("a", False), (7, True), (1, False)]


def test_a_replaced_answer_is_replaced_although_its_fault_is_gone(
    gateway: GatewayClient, socket: ClientConnection
) -> None:
    late = gateway.add("latency", NODE, "ws", latency=100)
    failing = gateway.add("method_failure", NODE, "ws")
    socket.send(call("eth_chainId"))
    gateway.wait_bites(failing, at_least=1, within=SOON)
    gateway.remove(failing)
    assert "error" in json.loads(socket.recv(SOON))
    gateway.remove(late)


@LANES
def test_method_timeout_swallows_the_call(asker: Asker, gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("method_timeout", NODE, asker.lane, methods=["eth_call"])
    with pytest.raises(TimeoutError):
        asker.ask(call("eth_call"), within=0.2)
    assert node.seen == []
    assert asker.ask(call("eth_chainId"))["result"]["method"] == "eth_chainId"


@LANES
def test_a_swallowed_call_is_missing_from_its_batch(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("method_timeout", NODE, asker.lane, methods=["eth_call"])
    answers = asker.ask(f"[{call('eth_chainId')},{call('eth_call', request_id='2')}]")
    assert [answer["id"] for answer in answers] == [1]


@LANES
def test_probability_and_times_bound_what_is_hit(asker: Asker, gateway: GatewayClient) -> None:
    half = gateway.add("method_failure", NODE, asker.lane, probability=0.5, seed=11)
    failed = ["error" in asker.ask(call("eth_chainId")) for _ in range(20)]
    assert 4 <= sum(failed) <= 16
    gateway.remove(half)
    gateway.add("method_failure", NODE, asker.lane, times=2)
    assert ["error" in asker.ask(call("eth_chainId")) for _ in range(4)] == [True, True, False, False]


@LANES
def test_every_nth_probe_is_lost(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("probe_failure", NODE, asker.lane, every=3)
    for turn in range(1, 7):
        assert asker.ask(call("eth_chainId"))
        if turn % 3:
            assert asker.ask(call("eth_blockNumber"))
        else:
            with pytest.raises(TimeoutError):
                asker.ask(call("eth_blockNumber"), within=0.1)


@LANES
def test_an_absurd_head_and_a_node_that_syncs(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("absurd_head", NODE, asker.lane)
    gateway.add("syncing", NODE, asker.lane, current=5)
    assert asker.ask(call("eth_blockNumber"))["result"] == hex(2**60)
    assert asker.ask(call("eth_syncing"))["result"]["currentBlock"] == "0x5"
    assert asker.ask(call("eth_chainId"))["result"]["method"] == "eth_chainId"


def test_a_stalled_head_does_not_move_and_says_nothing(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    stalled = gateway.add("stalled_head", NODE, "ws")
    heads = []
    for number in range(2):
        socket.send(call("eth_blockNumber", [number]))
        node.push(SUBSCRIPTION, number)
        heads.append(json.loads(socket.recv(SOON))["result"])
    assert heads[0] == heads[1]
    gateway.remove(stalled)
    node.push(SUBSCRIPTION, "again")
    assert json.loads(socket.recv(SOON))["params"]["result"] == "again"


@LANES
def test_slow_answers_are_late_and_only_those_chosen(asker: Asker, gateway: GatewayClient) -> None:
    gateway.add("slow_answers", NODE, asker.lane, methods=["eth_call"], delay=250)
    began = time.monotonic()
    assert asker.ask(call("eth_chainId"))
    assert time.monotonic() - began < 0.25
    assert asker.ask(call("eth_call"))
    assert time.monotonic() - began >= 0.25


def test_slow_answers_change_the_order_but_not_that_of_events(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    gateway.add("slow_answers", NODE, "ws", methods=["eth_call"], delay=200)
    socket.send(call("eth_call", request_id="1"))
    socket.send(call("eth_chainId", request_id="2"))
    assert json.loads(socket.recv(SOON))["id"] == 2
    node.push(SUBSCRIPTION, 1)
    assert json.loads(socket.recv(SOON))["params"]["result"] == 1
    assert json.loads(socket.recv(SOON))["id"] == 1


def test_an_answer_comes_twice(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("answer_twice", NODE, "ws", times=1)
    socket.send(call("eth_chainId"))
    assert socket.recv(SOON) == socket.recv(SOON)
    socket.send(call("eth_chainId", request_id="2"))
    assert json.loads(socket.recv(SOON))["id"] == 2


@LANES
@pytest.mark.parametrize(("asked", "answered"), [("7", "7"), ('"7"', 7), ("1.5", "1.5"), ('"a"', "a"), ("null", None)])
def test_ids_change_their_type(asker: Asker, gateway: GatewayClient, asked: str, answered: Any) -> None:
    gateway.add("id_type", NODE, asker.lane)
    answer = asker.ask(call("eth_chainId", request_id=asked))
    assert answer["id"] == answered
    assert type(answer["id"]) is type(answered)


@LANES
def test_an_oversize_answer_means_the_same(asker: Asker, gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("oversize", NODE, asker.lane, bytes=2**20)
    text = call("eth_chainId")
    if asker.lane == "ws":
        socket.send(text)
        received = socket.recv(SOON)
    else:
        received = post(gateway).text
    assert len(received) == 2**20
    assert json.loads(received)["id"] == 1
    assert asker.ask(text)["id"] == 1, "one answer only, unless asked for more"


def test_an_oversize_answer_need_not_come_to_its_end(gateway: GatewayClient, socket: ClientConnection) -> None:
    for lane in ("http", "ws"):
        gateway.add("oversize", NODE, lane, bytes=2**30, sent=100)
    socket.send(call("eth_chainId"))
    with pytest.raises(TimeoutError):
        socket.recv(0.1)
    with requests.post(gateway.urls(NODE).http, data=call("eth_chainId"), stream=True, timeout=SOON) as begun:
        assert begun.headers["Content-Length"] == str(2**30)
        assert b'"result"' in begun.raw.read(100)


def test_a_status_comes_from_the_gateway_alone(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("http_status", NODE, "http", status=429, retry_after=3, methods=["eth_call"])
    refused = post(gateway, "eth_call")
    assert (refused.status_code, refused.reason, refused.headers["Retry-After"]) == (429, "Too Many Requests", "3")
    assert node.seen == []
    assert post(gateway).ok


def test_a_status_stands_over_a_valid_body(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("http_status", NODE, "http", status=500, keep_body=True)
    marked = post(gateway)
    assert (marked.status_code, marked.json()["result"]["method"]) == (500, "eth_chainId")
    assert marked.headers["Set-Cookie"] == "a=1, b=2"
    assert len(node.seen) == 1


def test_one_connection_serves_refused_and_good_requests(gateway: GatewayClient) -> None:
    gateway.add("http_status", NODE, "http", times=2)
    url = gateway.urls(NODE).http
    with requests.Session() as session:
        statuses = [session.post(url, data=call("eth_chainId"), timeout=SOON).status_code for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert gateway.lane(NODE, "http")["accepted"] == 1


def test_what_is_no_call_is_refused_unless_methods_are_named(gateway: GatewayClient) -> None:
    page = f"{gateway.urls(NODE).http}/eth/v1/node/health"
    named = gateway.add("http_status", NODE, "http", methods=["eth_call"])
    assert requests.get(page, timeout=SOON).status_code != 503
    gateway.remove(named)
    gateway.add("http_status", NODE, "http")
    assert requests.get(page, timeout=SOON).status_code == 503


def test_subscriptions_of_a_kind_are_refused(gateway: GatewayClient, socket: ClientConnection, node: FakeNode) -> None:
    gateway.add("refuse_subscription", NODE, "ws", kinds=["logs"])
    socket.send(call("eth_subscribe", ["logs", {}]))
    assert json.loads(socket.recv(SOON))["error"]["code"] == -32601
    socket.send(call("eth_subscribe", ["newHeads"]))
    assert json.loads(socket.recv(SOON))["result"] == SUBSCRIPTION
    assert len([text for text in node.seen if "eth_subscribe" in text]) == 1
    assert gateway.lane(NODE, "ws")["subscriptions"] == {"logs": 1, "newHeads": 1}


@pytest.mark.parametrize(("scope", "second"), [("node", "0x2"), ("link", "0x1")])
def test_subscription_ids_are_small_numbers(gateway: GatewayClient, node: FakeNode, scope: str, second: str) -> None:
    numbered = gateway.add("sequential_ids", NODE, "ws", scope=scope)
    url = gateway.urls(NODE).ws
    with connect(url) as one, connect(url) as two:
        for socket, name in ((one, "0x1"), (two, second)):
            socket.send(call("eth_subscribe", ["newHeads"]))
            assert json.loads(socket.recv(SOON))["result"] == name
        node.push(SUBSCRIPTION, {"number": "0x10"})
        assert json.loads(one.recv(SOON))["params"] == {"subscription": "0x1", "result": {"number": "0x10"}}
        assert json.loads(two.recv(SOON))["params"]["subscription"] == second
        gateway.remove(numbered)
        node.push(SUBSCRIPTION, 1)
        assert json.loads(one.recv(SOON))["params"]["subscription"] == "0x1", "it keeps the name that it got"
        one.send(call("eth_unsubscribe", ["0x1"]))
        assert json.loads(one.recv(SOON))["result"] is True
    assert json.loads(node.seen[-1])["params"] == [SUBSCRIPTION]


def test_new_links_see_the_nodes_own_ids_once_the_fault_is_gone(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.remove(gateway.add("sequential_ids", NODE, "ws"))
    with connect(gateway.urls(NODE).ws) as socket:
        socket.send(call("eth_subscribe", ["newHeads"]))
        assert json.loads(socket.recv(SOON))["result"] == SUBSCRIPTION
    assert node.seen


def test_two_faults_on_one_lane_both_bite(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("absurd_head", NODE, "ws", block="0x10")
    gateway.add("id_type", NODE, "ws")
    gateway.add("latency", NODE, "ws", latency=100)
    began = time.monotonic()
    socket.send(call("eth_blockNumber"))
    assert json.loads(socket.recv(SOON)) == {"jsonrpc": "2.0", "id": "1", "result": "0x10"}
    assert time.monotonic() - began >= 0.1


def test_what_is_not_json_rpc_passes_rewriting_lanes_untouched(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    gateway.add("id_type", NODE, "ws")
    for text in ('"text"', "[]", "[1, 2]", "17", '{"jsonrpc" : "2.0"}', "{", ""):
        node.echo = True
        socket.send(text)
        assert socket.recv(SOON) == text


def test_a_consensus_node_that_syncs_says_so_and_all_else_passes(gateway: GatewayClient) -> None:
    gateway.add("syncing", NODE, "http", current=5, highest=9)
    url = gateway.urls(NODE).http
    assert requests.get(f"{url}/eth/v1/node/health", timeout=SOON).status_code == 206
    told = requests.get(f"{url}/eth/v1/node/syncing", timeout=SOON).json()["data"]
    assert (told["is_syncing"], told["head_slot"], told["sync_distance"]) == (True, "5", "4")
    assert "is_syncing" not in requests.get(f"{url}/eth/v1/node/version", timeout=SOON).text
