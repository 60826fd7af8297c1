"""What passes through the proxy is what would have come without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config import Config
from proxy.session.desk import Desk
from proxy.shell.endpoint import Endpoint
from proxy.shell.headers import Heads, read_request, read_response
from proxy.shell.server import session_settings
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import call, running

if TYPE_CHECKING:
    from proxy.session.events import Command

HOP_BY_HOP = ["Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Upgrade"]


def test_a_request_over_websocket_may_be_as_long_as_a_frame() -> None:
    config = Config(nodes=())
    before, after = b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":["', b'"]}'
    filling = b"a" * (config.websocket.ws_max_frame_size - len(before) - len(after))
    refused: list[Command] = []
    desk = Desk(session_settings(config), refused, lambda _keys: None)
    assert [call.request.id for call in desk.admit(before + filling + after, 0.0)] == [b"1"]
    assert refused == []


@pytest.mark.anyio
async def test_h5_end_to_end_headers_of_requests_pass_and_hop_by_hop_ones_do_not() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        headers = [
            ("Authorization", "Bearer x"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("Cookie", "a=b"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "mine"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authorization", "secret"),
            ("TE", "trailers"),
        ]
        await proxy.post(call("eth_chainId"), "/el?token=t", headers=headers)
        heard = a.http.requests[-1]
        names = [name.lower() for name, _ in heard.headers]
        assert heard.target == b"/?token=t"
        assert [value for name, value in heard.headers if name.lower() == b"x-twice"] == [b"1", b"2"]
        assert (b"Authorization", b"Bearer x") in heard.headers
        assert (b"Cookie", b"a=b") in heard.headers
        assert dict(heard.headers)[b"Host"] == f"127.0.0.1:{a.http.port}".encode()
        assert not set(names) & {b"x-hop", b"connection", b"keep-alive", b"proxy-authorization", b"te", b"via"}
        assert names.count(b"content-length") == names.count(b"host") == 1


@pytest.mark.anyio
async def test_h5_end_to_end_headers_of_responses_pass_apart_and_in_order() -> None:
    sent = [
        (b"Set-Cookie", b"a=1"),
        (b"X-Other", b"x"),
        (b"Set-Cookie", b"b=2"),
        (b"Connection", b"X-Hop"),
        (b"X-Hop", b"mine"),
        (b"Vary", b"Origin"),
    ]
    async with FakeNode() as a, running([a]) as proxy:
        a.http.canned["eth_chainId"] = Canned(headers=sent)
        for _ in range(3):  # the second time the head is known by its bytes
            reply = await proxy.post(call("eth_chainId"))
            assert [pair for pair in reply.headers if pair[0] != b"Content-Length"] == [
                (b"Set-Cookie", b"a=1"),
                (b"X-Other", b"x"),
                (b"Set-Cookie", b"b=2"),
                (b"Vary", b"Origin"),
            ]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 403, 404, 413, 415])
async def test_statuses_pass(status: int) -> None:
    async with FakeNode() as a, running([a]) as proxy:
        a.http.canned["eth_chainId"] = Canned(status=status, body=b"" if status in (204, 304) else b"as it is")
        for _ in range(2):
            reply = await proxy.post(call("eth_chainId"))
            assert reply.status == status
            assert reply.body == (b"" if status in (204, 304) else b"as it is")


@pytest.mark.parametrize(
    ("url", "path", "query", "target", "host"),
    [
        ("http://host", b"", b"", b"/", b"host"),
        ("http://host:1/", b"", b"a=b", b"/?a=b", b"host:1"),
        ("https://host/v3/key", b"", b"", b"/v3/key", b"host"),
        ("https://host/v3?k=1", b"", b"a=b", b"/v3?k=1&a=b", b"host"),
        ("http://u:p@[::1]:8545/base/", b"/eth/v1/x", b"", b"/base/eth/v1/x", b"[::1]:8545"),
    ],
)
def test_where_a_request_goes(url: str, path: bytes, query: bytes, target: bytes, host: bytes) -> None:
    request = Endpoint(url).request(b"POST", path, query, b"", b"{}")
    assert request.startswith(b"POST " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n")
    assert request.endswith(b"Content-Length: 2\r\n\r\n{}")


def test_the_credentials_of_a_url_unless_the_client_brings_its_own() -> None:
    endpoint = Endpoint("http://us%20er:p%3Aw@host")
    assert b"\r\nAuthorization: Basic dXMgZXI6cDp3\r\n" in endpoint.request(b"GET", b"", b"", b"", None)
    own = endpoint.request(b"GET", b"", b"", b"X: y\r\nauthorization: Bearer z\r\n", None)
    assert b"Basic" not in own
    assert b"\r\nauthorization: Bearer z\r\n" in own


# ---- heads

tokens = st.text("abcdefghijklmnopqrstuvwxyzABC-", min_size=1, max_size=12).map(str.encode)
values = st.text("abc XYZ,;=/123", max_size=20).map(lambda text: text.strip().encode())
header_lists = st.lists(st.tuples(tokens | st.sampled_from([n.encode() for n in HOP_BY_HOP]), values), max_size=8)


@given(header_lists)
def test_what_passes_is_in_order_and_hop_by_hop_never_passes(headers: list[tuple[bytes, bytes]]) -> None:
    for lines in (
        read_request(b"POST", b"/el", headers, keep_alive=True, old=False).lines,
        read_response(200, b"OK", headers, bodiless=False).lines,
    ):
        passed = [(line.partition(b": ")[0], line.partition(b": ")[2]) for line in lines.split(b"\r\n") if line]
        rest = iter(headers)
        assert all(pair in rest for pair in passed)
        assert not {name.lower() for name, _ in passed} & {name.lower().encode() for name in HOP_BY_HOP}
        if not any(name.lower() == b"connection" for name, _ in headers):
            left_out = {name.lower() for name, _ in headers} - {name.lower() for name, _ in passed}
            assert left_out <= {name.lower().encode() for name in HOP_BY_HOP} | {b"host", b"expect"}


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/el", b"/el", b""),
        (b"/el//?a=b?c", b"/el", b"a=b?c"),
        (b"/", b"/", b""),
        (b"http://host/el?x", b"/el", b"x"),
        (b"http://host", b"/", b""),
        (b"*", b"*", b""),
        (b"/cl/http://x", b"/cl/http://x", b""),
    ],
)
def test_targets(target: bytes, path: bytes, query: bytes) -> None:
    head = read_request(b"GET", target, [], keep_alive=True, old=False)
    assert (head.path, head.query) == (path, query)


def test_heads_are_learnt_only_from_exactly_one_message_and_forgotten_when_there_are_too_many() -> None:
    heads: Heads[int] = Heads()
    heads.learn(b"POST\r\n\r\nab", 2, 1)
    heads.learn(b"GET\r\n\r\nab", 1, 2)
    heads.learn(b"X" * 5000 + b"\r\n\r\n", 0, 3)
    assert heads == {b"POST\r\n\r\n": 1}
    for number in range(3000):
        heads.learn(b"%d\r\n\r\n" % number, 0, number)
        assert len(heads) <= 1024
