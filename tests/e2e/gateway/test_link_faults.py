"""Faults of links: refused, reset, closed, silent, cut. Each seen by a real client of a real socket."""

from __future__ import annotations

import socket as sockets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from e2e.gateway.client import GatewayError
from tests.e2e.gateway.fakes import NODE, SOON, call, dial, post, wait_for

if TYPE_CHECKING:
    from e2e.gateway.client import GatewayClient
    from e2e.gateway.facts import LaneName
    from tests.e2e.gateway.fakes import FakeNode

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def test_a_refused_lane_refuses_and_comes_back_at_the_same_port(gateway: GatewayClient) -> None:
    url = gateway.urls(NODE).ws
    refused = gateway.add("refuse", NODE, "ws")
    with pytest.raises(ConnectionRefusedError):
        dial(url)
    assert post(gateway).ok, "the other lane is well"
    gateway.remove(refused)
    with connect(url) as client:
        client.send(call("eth_chainId"))
        assert client.recv(SOON)


def test_refusal_leaves_open_links_alone(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("refuse", NODE, "ws")
    socket.send(call("eth_chainId"))
    assert socket.recv(SOON)


def test_two_refusals_of_one_lane_end_with_the_second(gateway: GatewayClient) -> None:
    first, second = gateway.add("refuse", NODE, "ws"), gateway.add("refuse", NODE, "ws")
    gateway.remove(first)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway.urls(NODE).ws)
    gateway.remove(second)
    dial(gateway.urls(NODE).ws).close()


def test_down_closes_links_and_refuses_new_ones(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("down", NODE, "ws")
    with pytest.raises(ConnectionClosedError):
        socket.recv(SOON)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway.urls(NODE).ws)


def test_reset_cuts_every_link_without_a_close_frame(gateway: GatewayClient, node: FakeNode) -> None:
    url = gateway.urls(NODE).ws
    raw = dial(url)
    raw.sendall(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
    gateway.wait_links(NODE, "ws", at_least=1, within=SOON)
    done = gateway.add("reset", NODE, "ws")
    with pytest.raises(ConnectionResetError):
        raw.recv(1)
    raw.close()
    assert done.bites == 1
    assert gateway.faults() == [], "it was of an instant"
    with connect(url):  # and listens again
        assert gateway.wait_links(NODE, "ws", at_least=1, at_most=1, within=SOON) == 1


def test_a_close_frame_carries_code_and_reason(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    socket.send(call("eth_chainId"))
    socket.recv(SOON)
    gateway.add("close", NODE, "ws", code=1012, reason="restarting")
    with pytest.raises(ConnectionClosedError) as caught:
        socket.recv(SOON)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1012, "restarting")
    assert gateway.wait_links(NODE, "ws", at_most=0, within=0.5) == 0
    wait_for(lambda: node.codes == [1006], "the node sees its link go")


def test_a_polite_close_is_one_for_the_client(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("close", NODE, "ws", code=1001)
    with pytest.raises(ConnectionClosedOK):
        socket.recv(SOON)


def test_a_black_hole_swallows_nothing_but_lets_nothing_through(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    hole = gateway.add("black_hole", NODE, "ws")
    socket.send(call("eth_chainId"))
    with pytest.raises(TimeoutError):
        socket.recv(0.3)
    with dial(gateway.urls(NODE).ws) as silent:
        silent.settimeout(0.3)
        silent.sendall(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
        with pytest.raises(TimeoutError):
            silent.recv(1)
    assert not node.seen
    gateway.remove(hole)
    assert socket.recv(SOON), "what was sent meanwhile arrives"


def test_a_black_hole_does_not_pass_a_hang_up_on(gateway: GatewayClient, node: FakeNode) -> None:
    with connect(gateway.urls(NODE).ws) as client:
        wait_for(lambda: len(node.sockets) == 1, "the node has the link")
        hole = gateway.add("black_hole", NODE, "ws")
        client.socket.shutdown(sockets.SHUT_RDWR)
    with pytest.raises(GatewayError, match="seen at the end"):
        gateway.wait_links(NODE, "ws", at_most=0, within=0.2)
    assert not node.codes
    gateway.remove(hole)
    gateway.wait_links(NODE, "ws", at_most=0, within=SOON)


def test_a_black_hole_on_one_lane_spares_the_other(gateway: GatewayClient, socket: ClientConnection) -> None:
    gateway.add("black_hole", NODE, "http")
    with pytest.raises(requests.ReadTimeout):
        post(gateway, timeout=0.3)
    socket.send(call("eth_chainId"))
    assert socket.recv(SOON)


def test_a_frozen_lane_takes_new_links_and_never_shakes_hands(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    frozen = gateway.add("freeze", NODE, "ws")
    with dial(gateway.urls(NODE).ws) as silent:
        silent.settimeout(0.2)
        silent.sendall(HANDSHAKE)
        with pytest.raises(TimeoutError):
            silent.recv(1)
        socket.send(call("eth_chainId"))
        assert socket.recv(SOON), "links that were open go on"
        assert len(node.sockets) == 1
        gateway.remove(frozen)
        silent.settimeout(SOON)
        assert silent.recv(12) == b"HTTP/1.1 101", "and is dialled once it thaws"


def test_a_frozen_link_may_hang_up(gateway: GatewayClient) -> None:
    gateway.add("freeze", NODE, "http")
    dial(gateway.urls(NODE).http).close()
    gateway.reset()
    assert gateway.wait_links(NODE, "http", at_most=0, within=SOON) == 0


def test_a_lane_drops_links_just_after_their_handshake(
    gateway: GatewayClient, socket: ClientConnection, node: FakeNode
) -> None:
    dropping = gateway.add("drop_after_accept", NODE, "ws", after=10)
    with connect(gateway.urls(NODE).ws) as short, pytest.raises(ConnectionClosedError):
        short.recv(SOON)
    assert gateway.wait_bites(dropping, at_least=1, within=SOON).bites == 1
    socket.send(call("eth_chainId"))
    assert socket.recv(SOON), "links that were open go on"


@pytest.mark.parametrize("header", [{"header": "Origin"}, {"header": "x-key"}])
def test_a_client_is_refused_and_others_are_not(gateway: GatewayClient, node: FakeNode, header: dict[str, str]) -> None:
    refusing = gateway.add("refuse_client", NODE, "ws", value="stranger", status=401, **header)
    tries = 20  # in some the request is there before the gateway has dialled the node
    for _ in range(tries):
        with pytest.raises(InvalidStatus, match="401"):
            connect(gateway.urls(NODE).ws, additional_headers={header["header"]: "stranger"}, proxy=None)
    assert gateway.wait_bites(refusing, at_least=tries, within=SOON).bites == tries
    assert not node.sockets
    with connect(gateway.urls(NODE).ws, additional_headers={header["header"]: "friend"}, proxy=None) as friend:
        friend.send(call("eth_chainId"))
        assert friend.recv(SOON)
    gateway.remove(refusing)
    with connect(gateway.urls(NODE).ws, additional_headers={header["header"]: "stranger"}, proxy=None) as welcome:
        welcome.send(call("eth_chainId"))
        assert welcome.recv(SOON)


@pytest.mark.parametrize("lane", ["http", "ws"])
def test_a_lane_drops_links_before_anything_is_said(gateway: GatewayClient, lane: LaneName) -> None:
    gateway.add("drop_after_accept", NODE, lane, after=0, handshake=False)
    for _ in range(3):
        url = getattr(gateway.urls(NODE), lane)
        with pytest.raises(ConnectionResetError), dial(url) as short:
            short.recv(1)
    assert gateway.lane(NODE, lane)["accepted"] == 3, "each attempt is counted"
    assert len(gateway.dials(NODE, lane)) == 3


def test_idle_connections_are_closed_and_busy_ones_are_not(gateway: GatewayClient) -> None:
    slow = gateway.add("slow_answers", NODE, "http", delay=400)
    with requests.Session() as session, ThreadPoolExecutor(1) as aside:
        answer = aside.submit(session.post, gateway.urls(NODE).http, data=call("eth_chainId"), timeout=SOON)
        gateway.wait_bites(slow, at_least=1, within=SOON)  # a connection is idle until its request is there
        idle = gateway.add("idle_close", NODE, "http", idle=100)
        assert answer.result().ok, "busy is not idle"
        assert gateway.wait_links(NODE, "http", at_most=0, within=SOON) == 0
    assert gateway.wait_bites(idle, at_least=1, within=0).bites == 1


def test_connections_that_were_idle_already_are_closed(gateway: GatewayClient) -> None:
    with dial(gateway.urls(NODE).http) as raw:
        gateway.wait_links(NODE, "http", at_least=1, within=SOON)
        gateway.add("idle_close", NODE, "http", idle=50)
        assert raw.recv(1) == b""


def test_a_link_that_is_not_upgraded_yet_is_just_closed(gateway: GatewayClient) -> None:
    with dial(gateway.urls(NODE).ws) as raw:
        gateway.wait_links(NODE, "ws", at_least=1, within=SOON)
        gateway.add("close", NODE, "ws")
        assert raw.recv(1) == b""


def test_a_client_that_does_not_answer_a_close_frame_is_let_go(gateway: GatewayClient) -> None:
    with dial(gateway.urls(NODE).ws) as raw:
        raw.sendall(HANDSHAKE)
        while b"\r\n\r\n" not in raw.recv(4096):
            pass
        gateway.add("close", NODE, "ws", code=1001, reason="bye")
        assert raw.recv(7) == b"\x88\x05\x03\xe9bye"
        raw.sendall(b"\x89\x80abcd")
        assert raw.recv(1) == b"", "within a second"
