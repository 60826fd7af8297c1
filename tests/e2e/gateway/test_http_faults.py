"""Faults of single HTTP exchanges, as bytes: answered before they are read, answers without end."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.e2e.gateway.fakes import NODE, SOON, call, dial, post, wait_for

if TYPE_CHECKING:
    import socket as sockets

    from e2e.gateway.client import GatewayClient
    from tests.e2e.gateway.fakes import FakeNode

SIZE = 32 * 2**20  # bytes: more than the buffers of two sockets hold


def head(length: int) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def read_to(end: bytes, socket: sockets.socket) -> bytes:
    said = b""
    while end not in said:
        part = socket.recv(1 << 20)
        assert part, f"closed after {said!r}"
        said += part
    return said


def write_what_is_taken(socket: sockets.socket, size: int) -> int:
    """Return how much of `size` bytes is left when no more is taken."""
    left = size
    socket.setblocking(False)
    with suppress(BlockingIOError):
        while left:
            left -= socket.send(b"a" * min(left, 1 << 20))
    socket.settimeout(SOON)
    return left


def test_a_large_request_is_answered_early_and_its_rest_is_taken_for_another(
    gateway: GatewayClient, node: FakeNode
) -> None:
    early = gateway.add("early_answer", NODE, "http", bytes=1000, after=200)
    with dial(gateway.urls(NODE).http) as socket:
        small = call("eth_chainId").encode()
        socket.sendall(head(len(small)) + small)
        assert b" 200 OK" in read_to(b"}}", socket), "a small one passes"
        socket.sendall(head(SIZE))
        assert read_to(b"}}", socket).startswith(b"HTTP/1.1 413 ")
        assert write_what_is_taken(socket, SIZE) > 0, "what is left waits"
        assert read_to(b"Bad Request", socket).startswith(b"HTTP/1.1 400 ")
        assert node.seen == [small.decode()]
        assert gateway.wait_bites(early, at_least=1, within=SOON).bites == 1
        gateway.remove(early)
        wait_for(lambda: gateway.lane(NODE, "http")["links"] == 0, "the link is cut: its node could not follow")
    assert post(gateway).ok


def test_a_lane_takes_large_requests_again(gateway: GatewayClient) -> None:
    early = gateway.add("early_answer", NODE, "http", bytes=10)
    assert post(gateway).status_code == 413
    gateway.remove(early)
    assert post(gateway).ok


def test_trailers_have_no_end(gateway: GatewayClient, node: FakeNode) -> None:
    gateway.add("endless_trailers", NODE, "http", size=100_000, methods=["eth_chainId"])
    asked = call("eth_chainId", request_id="7").encode()
    with dial(gateway.urls(NODE).http) as socket:
        socket.sendall(head(len(asked)) + asked)
        said = read_to(b"\r\n0\r\n", socket)
        while len(said) < 99_000:
            said += socket.recv(1 << 20)
        start, _, body = said.partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in start
        assert json.loads(body.splitlines()[1]) == {"jsonrpc": "2.0", "id": 7, "result": None}
        assert b"\r\n\r\n" not in body
    assert node.seen == []
    assert post(gateway, "eth_call").ok
