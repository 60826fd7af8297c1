"""A lane without faults is the same bytes: seen from both ends of real sockets."""

from __future__ import annotations

import json
import os
import socket as sockets
import struct
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import requests
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

from e2e.testbed.protocol import NodeUrls
from tests.e2e.gateway.fakes import NODE, SOON, call, dial, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2e.gateway.client import GatewayClient
    from tests.e2e.gateway.fakes import FakeNode

UPGRADE = b"GET /ws?key=1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Odd:   spaces \r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

Ends = tuple[sockets.socket, sockets.socket]


def read(socket: sockets.socket, size: int) -> bytes:
    """Return exactly `size` bytes, or what came before the end of the stream."""
    received = bytearray()
    while len(received) < size and (part := socket.recv(min(65_536, size - len(received)))):
        received += part
    return bytes(received)


@pytest.fixture
def link(gateway: GatewayClient) -> Iterator[Callable[[str], Ends]]:
    """Make links whose both ends are bare sockets: (the proxy's, the node's)."""
    with ExitStack() as stack:
        listener = stack.enter_context(sockets.create_server(("127.0.0.1", 0)))
        listener.settimeout(SOON)
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        gateway.retarget(NODE, NodeUrls(f"http://{where}", f"ws://{where}"))

        def make(lane: str) -> Ends:
            proxy = stack.enter_context(dial(getattr(gateway.urls(NODE), lane)))
            node, _ = listener.accept()
            stack.enter_context(node).settimeout(SOON)
            return proxy, node

        yield make


@pytest.fixture
def upgraded(link: Callable[[str], Ends]) -> Ends:
    proxy, node = link("ws")
    proxy.sendall(UPGRADE)
    assert read(node, len(UPGRADE)) == UPGRADE
    node.sendall(SWITCHING)
    assert read(proxy, len(SWITCHING)) == SWITCHING
    return proxy, node


def test_frames_of_all_kinds_pass_both_ways(upgraded: Ends) -> None:
    fragments = b"\x01\x03abc" + b"\x89\x02hi" + b"\x80\x03def"
    broken = b"\x8f\x00" + b"\xf1\x01\xff" + b"\x81\x02\xc3\x28"  # a reserved opcode and bits, invalid UTF-8
    masked = b"\x81\x83abcd" + bytes(a ^ b for a, b in zip(b"abc", b"xyz", strict=True))
    for source, sink in (upgraded, upgraded[::-1]):
        data = fragments + broken + masked + b"\x82\x7e\x01\x00" + os.urandom(256) + b"\x88\x02\x03\xe9"
        source.sendall(data)
        assert read(sink, len(data)) == data


def test_fragments_are_passed_as_they_come(upgraded: Ends) -> None:
    proxy, node = upgraded
    node.sendall(b"\x01\x03abc")
    assert read(proxy, 5) == b"\x01\x03abc"
    proxy.sendall(b"\x89\x80abcd")
    assert read(node, 6) == b"\x89\x80abcd"
    node.sendall(b"\x80\x00")
    assert read(proxy, 2) == b"\x80\x00"


@pytest.mark.parametrize("lane", ["http", "ws"])
def test_a_half_closed_link_still_carries_the_other_half(link: Callable[[str], Ends], lane: str) -> None:
    proxy, node = link(lane)
    proxy.sendall(UPGRADE)
    proxy.shutdown(sockets.SHUT_WR)
    assert read(node, 10_000) == UPGRADE
    node.sendall(SWITCHING)
    assert read(proxy, len(SWITCHING)) == SWITCHING
    node.shutdown(sockets.SHUT_WR)
    assert proxy.recv(1) == b""


def test_half_a_frame_arrives_before_the_end(upgraded: Ends, gateway: GatewayClient) -> None:
    proxy, node = upgraded
    node.sendall(b"\x81\x7e\x01\x00only the start")
    node.shutdown(sockets.SHUT_WR)
    assert read(proxy, 1000) == b"\x81\x7e\x01\x00only the start"
    proxy.close()
    gateway.wait_links(NODE, "ws", at_most=0, within=SOON)


@pytest.mark.parametrize("ends", [lambda ends: ends, lambda ends: ends[::-1]], ids=["proxy", "node"])
def test_a_reset_is_passed_on_as_one(upgraded: Ends, ends: Callable[[Ends], Ends], gateway: GatewayClient) -> None:
    one, other = ends(upgraded)
    one.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
    with pytest.raises(ConnectionResetError):
        other.recv(1)
    assert gateway.wait_links(NODE, "ws", at_most=0, within=SOON) == 0


def test_a_peer_that_does_not_read_stops_the_other_from_writing(upgraded: Ends, gateway: GatewayClient) -> None:
    proxy, node = upgraded
    frame = b"\x82\x7f" + (2**16).to_bytes(8, "big") + bytes(2**16)
    node.settimeout(0.3)
    with pytest.raises(TimeoutError):
        node.sendall(frame * 1000)
    taken = gateway.lane(NODE, "ws")["bytes_to_proxy"]
    assert taken < 32 * 2**20, "the gateway holds a bounded part of 64 MiB"
    assert read(proxy, 10 * len(frame)) == frame * 10, "and goes on when it is read again"


@pytest.mark.parametrize("lane", ["http", "ws"])
def test_large_messages_pass_whole(lane: str, link: Callable[[str], Ends]) -> None:
    proxy, node = link(lane)
    size = 40 * 2**20
    body = os.urandom(2**20) * 40
    if lane == "ws":
        proxy.sendall(UPGRADE)
        node.sendall(SWITCHING)
        assert read(node, len(UPGRADE)) == UPGRADE
        assert read(proxy, len(SWITCHING)) == SWITCHING
        data = b"\x82\x7f" + size.to_bytes(8, "big") + body
    else:
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body
    writer = threading.Thread(target=node.sendall, args=(data,))
    writer.start()
    assert read(proxy, len(data)) == data
    writer.join()


def test_heads_are_passed_and_shown(gateway: GatewayClient, link: Callable[[str], Ends]) -> None:
    proxy, node = link("ws")
    extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    sent = UPGRADE.replace(b"X-Odd", extension + b"Authorization: Bearer secret\r\nX-Odd")
    proxy.sendall(sent)
    assert read(node, len(sent) - len(extension)) == sent.replace(extension, b"")
    start, *fields = gateway.lane(NODE, "ws")["last_head"]
    assert start == "GET /ws?key=1 HTTP/1.1"
    assert ["authorization", "Bearer secret"] in fields
    assert ["sec-websocket-extensions", "permessage-deflate"] in fields, "the counters show what the proxy wrote"


def test_a_refused_upgrade_is_passed_on(link: Callable[[str], Ends]) -> None:
    proxy, node = link("ws")
    proxy.sendall(UPGRADE)
    assert read(node, len(UPGRADE)) == UPGRADE
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    node.sendall(refusal)
    node.close()
    assert read(proxy, 1000) == refusal


def test_http_passes_byte_for_byte(link: Callable[[str], Ends]) -> None:
    proxy, node = link("http")
    for body in (b"{}", b"[ 1 ,2]", b"not json"):
        request = b"POST /key HTTP/1.1\r\nhOsT: x\r\nX-Twice: 1\r\nX-Twice: 2\r\nContent-Length: %d\r\n\r\n" % len(body)
        response = b"HTTP/1.1 200 Fine\r\nset-cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        proxy.sendall(request + body)
        assert read(node, len(request) + 2) == request + body[:2]
        read(node, len(body) - 2)
        for part in (response, b"2\r\n{}\r\n", b"0\r\n\r\n"):
            node.sendall(part)
            assert read(proxy, len(part)) == part, "each part as it comes"


@pytest.mark.parametrize("code", [1000, 1001, 4999])
def test_close_codes_pass_from_node_to_proxy(gateway: GatewayClient, node: FakeNode, code: int) -> None:
    with connect(gateway.urls(NODE).ws) as client:
        wait_for(lambda: len(node.sockets) == 1, "the node has the link")
        node.sockets[0].close(code, "because")
        with pytest.raises((ConnectionClosedOK, ConnectionClosedError)) as caught:
            client.recv(SOON)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code, "because")


def test_close_codes_pass_from_proxy_to_node(gateway: GatewayClient, node: FakeNode) -> None:
    with connect(gateway.urls(NODE).ws) as client:
        client.close(4001)
    wait_for(lambda: node.codes == [4001], "the node got the code")
    assert gateway.wait_links(NODE, "ws", at_most=0, within=SOON) == 0


def test_pings_are_answered_by_the_node_itself(gateway: GatewayClient, socket: ClientConnection) -> None:
    assert socket.ping().wait(SOON)
    gateway.add("black_hole", NODE, "ws")
    assert not socket.ping().wait(0.2)


def test_counters_say_what_the_proxy_wrote(gateway: GatewayClient, socket: ClientConnection) -> None:
    before = time.monotonic()
    transaction = ["0xf86c"]
    socket.send(f"[{call('eth_call')},{call('eth_sendRawTransaction', transaction)}]")
    socket.recv(SOON)
    with requests.Session() as session:
        for _ in range(3):
            session.post(gateway.urls(NODE).http, data=call("eth_chainId"), timeout=SOON)
    ws, http = gateway.lane(NODE, "ws"), gateway.lane(NODE, "http")
    assert (ws["to_node"], ws["to_proxy"], ws["methods"]) == (1, 1, {"eth_call": 1, "eth_sendRawTransaction": 1})
    assert (http["accepted"], http["to_node"], http["to_proxy"]) == (1, 3, 3)
    (arrived,) = [fact for fact in gateway.facts() if fact.what == "arrived"]
    assert arrived.detail == {"method": "eth_sendRawTransaction", "params": transaction}
    (dialled,) = gateway.dials(NODE, "ws")
    assert dialled <= before + 0.01 <= arrived.at + SOON


def test_facts_are_numbered(gateway: GatewayClient, socket: ClientConnection) -> None:
    for number in range(3):
        socket.send(call("eth_sendRawTransaction", [str(number)]))
        socket.recv(SOON)
    assert [fact.number for fact in gateway.facts()] == [1, 2, 3]
    assert [fact.detail["params"] for fact in gateway.facts(after=2)] == [["2"]]


def test_what_passes_while_a_fault_rewrites_is_the_same_json(gateway: GatewayClient, node: FakeNode) -> None:
    node.echo = True
    gateway.add("absurd_head", NODE, "ws")
    text = '{ "jsonrpc":"2.0", "id" : 18446744073709551617, "method":"m", "params":[1.0, 1e3, "\\u00e9", {"a":{}}] }'
    with connect(gateway.urls(NODE).ws) as client:
        for sent in (text, f"[ {text} , {text} ]"):
            client.send(sent)
            assert client.recv(SOON) == sent
        client.send(iter(["[1", ", 2]"]))
        assert json.loads(client.recv(SOON)) == [1, 2]
