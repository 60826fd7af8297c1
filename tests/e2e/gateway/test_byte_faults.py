"""Faults that know bytes only: late, narrow, lost, cut."""

from __future__ import annotations

import socket as sockets
import time
from typing import TYPE_CHECKING

import pytest
import requests
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from e2e.gateway.client import GatewayError
from tests.e2e.gateway.fakes import NODE, SOON, call, dial, post, wait_for

if TYPE_CHECKING:
    from e2e.gateway.client import GatewayClient
    from tests.e2e.gateway.fakes import FakeNode


def timed(socket: ClientConnection, method: str = "eth_chainId") -> float:
    """Return how long the answer took, in seconds."""
    began = time.monotonic()
    socket.send(call(method))
    socket.recv(SOON)
    return time.monotonic() - began


def test_latency_is_added_in_the_directions_asked_for(gateway: GatewayClient, socket: ClientConnection) -> None:
    late = gateway.add("latency", NODE, "ws", latency=150, stream="both")
    assert timed(socket) >= 0.3
    assert gateway.wait_bites(late, at_least=2, within=0).bites == 2
    assert [fact.what for fact in gateway.facts() if fact.fault_id == late.id] == ["delayed"], "one fact for each link"
    gateway.remove(late)
    assert timed(socket) < 0.15


def test_late_bytes_keep_their_order(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("latency", NODE, "ws", latency=20, jitter=20, seed=7)
    for number in range(50):
        socket.send(call("eth_chainId", request_id=str(number)))
    assert [f'"id": {number},' in str(socket.recv(SOON)) for number in range(50)] == [True] * 50


def test_what_waits_is_let_go_when_the_fault_is_taken_away(gateway: GatewayClient, socket: ClientConnection) -> None:
    late = gateway.add("latency", NODE, "ws", latency=60_000)
    socket.send(call("eth_chainId"))
    gateway.wait_bites(late, at_least=1, within=SOON)
    gateway.remove(late)
    assert socket.recv(SOON)


def test_toxicity_spares_a_share_of_the_links(gateway: GatewayClient) -> None:
    late = gateway.add("latency", NODE, "http", latency=1, toxicity=0.5, seed=3)
    for _ in range(20):
        assert post(gateway).ok
    links_hit = gateway.wait_bites(late, at_least=0, within=0).bites
    assert 4 <= links_hit <= 16


def test_the_same_seed_hits_the_same_links(gateway: GatewayClient) -> None:
    hit = []
    for _ in range(2):
        before = gateway.lane(NODE, "http")["accepted"]
        late = gateway.add("latency", NODE, "http", latency=1, toxicity=0.5, seed=5)
        for _ in range(10):
            post(gateway)
        gateway.remove(late)
        hit.append([fact.link - before for fact in gateway.facts() if fact.fault_id == late.id and fact.link])
    assert hit[0] == hit[1] != []


def test_bandwidth_holds_the_rate(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("bandwidth", NODE, "ws", rate=100, stream="upstream")
    began = time.monotonic()
    socket.send(call("eth_call", ["x" * 40_000]))
    socket.recv(SOON)
    assert 0.4 <= time.monotonic() - began < 1.5


def test_a_narrow_line_does_not_fill_the_gateway_with_bytes(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("bandwidth", NODE, "ws", rate=1, stream="upstream")
    with connect(gateway.urls(NODE).ws, close_timeout=0) as client:
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.socket.sendall((b"\x82\xff" + (2**15).to_bytes(8, "big") + bytes(4 + 2**15)) * 1000)
        taken = gateway.lane(NODE, "ws")["bytes_to_node"]
        assert taken < 2 * 2**20, "it stops reading once it holds enough"
        gateway.add("reset", NODE, "ws")


def test_timeout_loses_what_is_sent_and_closes_later(gateway: GatewayClient, socket: ClientConnection) -> None:
    gone = gateway.add("timeout", NODE, "ws", timeout=200)
    began = time.monotonic()
    socket.send(call("eth_chainId"))
    with pytest.raises(ConnectionClosedError):
        socket.recv(SOON)
    assert time.monotonic() - began < 1
    assert gateway.wait_bites(gone, at_least=2, within=SOON)


def test_timeout_without_end_closes_when_it_is_taken_away(gateway: GatewayClient, socket: ClientConnection) -> None:
    gone = gateway.add("timeout", NODE, "ws")
    socket.send(call("eth_chainId"))
    with pytest.raises(TimeoutError):
        socket.recv(0.2)
    gateway.remove(gone)
    with pytest.raises(ConnectionClosedError):
        socket.recv(SOON)


def test_reset_peer_resets_links_old_and_new(gateway: GatewayClient, socket: ClientConnection) -> None:
    cut = gateway.add("reset_peer", NODE, "ws", timeout=50)
    with pytest.raises(ConnectionClosedError):
        socket.recv(SOON)
    with dial(gateway.urls(NODE).ws) as raw, pytest.raises(ConnectionResetError):
        raw.recv(1)
    assert gateway.wait_bites(cut, at_least=2, within=SOON).bites == 2


def test_slow_close_passes_the_end_on_late(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("slow_close", NODE, "ws", delay=300, stream="upstream")
    with dial(gateway.urls(NODE).ws) as raw:
        gateway.wait_links(NODE, "ws", at_least=1, within=SOON)
        raw.shutdown(sockets.SHUT_WR)
        began = time.monotonic()
        assert raw.recv(1) == b"", "the node ends its side when it sees the end of ours"
        assert time.monotonic() - began >= 0.3
    assert not node.seen


@pytest.mark.parametrize("limit", [0, 1, 100])
def test_limit_data_cuts_at_the_byte(gateway: GatewayClient, limit: int) -> None:
    gateway.add("limit_data", NODE, "http", bytes=limit)
    body = call("eth_chainId")
    with dial(gateway.urls(NODE).http) as raw:
        raw.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        received = b""
        while part := raw.recv(4096):
            received += part
    assert len(received) == limit
    assert b"HTTP/1.0 200 OK".startswith(received[:7])


def test_slicer_changes_nothing_but_the_pieces(gateway: GatewayClient, socket: ClientConnection) -> None:
    sliced = gateway.add("slicer", NODE, "ws", average_size=10, size_variation=5, delay=20_000)
    began = time.monotonic()
    socket.send(call("eth_call", ["y" * 150]))
    assert "y" * 150 in str(socket.recv(SOON))
    assert time.monotonic() - began >= 0.2, "at least ten pauses"
    assert gateway.wait_bites(sliced, at_least=1, within=0).bites == 1


@pytest.mark.parametrize(
    ("fault", "attributes", "complaint"),
    [
        ("latency", {"stream": "sideways"}, "stream is"),
        ("latency", {"toxicity": 2}, "toxicity is"),
        ("latency", {"latency": "long"}, "should be like 0"),
        ("latency", {"latncy": 1}, "it has stream, toxicity, latency, jitter"),
        ("bandwidth", {"rate": 0}, "rate is above 0"),
        ("slicer", {"average_size": 1, "size_variation": 2}, "average_size is above"),
        ("close", {"code": -1}, "code is"),
        ("close", {"reason": "x" * 200}, "at most 123 bytes"),
        ("gremlin", {}, "no fault is called 'gremlin'; there are absurd_head"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(
    gateway: GatewayClient, fault: str, attributes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(GatewayError, match=complaint):
        gateway.add(fault, NODE, "ws", **attributes)
    assert gateway.faults() == []


def test_lanes_are_told_apart(gateway: GatewayClient) -> None:
    gateway.add("latency", NODE, "ws", latency=60_000)
    assert post(gateway).ok
    with pytest.raises(GatewayError, match="close is for the lane 'ws' only"):
        gateway.add("close", NODE, "http")
    with pytest.raises(GatewayError, match="no lane 'ws' of 'el-9'; nodes are el-1-primary"):
        gateway.add("reset", "el-9", "ws")


def test_reset_of_the_gateway_takes_every_fault_away(gateway: GatewayClient, socket: ClientConnection) -> None:
    for fault in ("latency", "black_hole", "refuse", "method_timeout"):
        gateway.add(fault, NODE, "ws")
    gateway.add("black_hole", NODE, "http")
    gateway.reset()
    assert gateway.faults() == []
    assert timed(socket) < SOON
    assert post(gateway).ok
    dial(gateway.urls(NODE).ws).close()


def test_the_node_is_gone(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.retarget(NODE, type(gateway.urls(NODE))("http://127.0.0.1:1", "ws://127.0.0.1:1"))
    with pytest.raises(requests.ConnectionError):
        post(gateway)
    wait_for(lambda: gateway.lane(NODE, "http")["links"] == 0, "the link is over")
    assert gateway.lane(NODE, "http")["dial_failures"] == 1
    assert not node.seen
