"""The reader of requests: the same requests come out whatever the pieces are and whichever heads are known."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.shell.headers import Heads, RequestHead
from proxy.shell.reading import Phase, Request, RequestReader

LIMIT = 1000


class Owner:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def head_began(self) -> None:
        """Of no interest here."""

    def head_read(self, head: RequestHead) -> None:
        """Of no interest here."""

    def arrived(self, request: Request) -> None:
        self.heard.append((request.head, request.body, request.rest))

    def refused(self, status: int, _target: bytes) -> None:
        self.heard.append(status)


def read(pieces: list[bytes], heads: Heads[RequestHead] | None = None) -> list[Any]:
    owner = Owner()
    reader = RequestReader(owner, Heads() if heads is None else heads, LIMIT)
    for piece in pieces:
        reader.feed(piece)
    return owner.heard


def until_closed(heard: list[Any]) -> list[Any]:
    """Up to the first request after which the connection ends: what comes behind it is for nobody."""
    last = next((at for at, item in enumerate(heard) if not isinstance(item, int) and not item[0].keep_alive), None)
    return heard if last is None else heard[: last + 1]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[first:last] for first, last in pairwise(edges)]


names = st.sampled_from(["Host", "X-A", "x-a", "Accept", "Connection", "Expect", "Upgrade", "TE", "Content-Type"])
values = st.sampled_from(["", "x", "a, b", "close", "keep-alive", "100-continue", "h2c", "X-A", "Upgrade"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from(["GET", "POST", "PUT", "HEAD"]))
    target = draw(st.sampled_from(["/el", "/el/?a=b", "/cl/x//", "http://h/el", "*"]))
    version = draw(st.sampled_from(["1.1", "1.1", "1.0"]))
    pairs = draw(st.lists(st.tuples(names, values), max_size=4))
    body = draw(st.binary(max_size=40))
    framing = draw(st.sampled_from(["length", "chunked", "none"])) if version == "1.1" else "length"
    if framing == "chunked":
        pairs.append(("Transfer-Encoding", "chunked"))
        body = b"".join(b"%x\r\n%b\r\n" % (1, body[i : i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    elif framing == "length":
        pairs.append(("Content-Length", str(len(body))))
    else:
        body = b""
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"{method} {target} HTTP/{version}\r\n{lines}\r\n".encode() + body


@given(st.lists(messages(), min_size=1, max_size=4), st.lists(st.integers(0, 10_000), max_size=8))
def test_the_pieces_do_not_matter(stream: list[bytes], places: list[int]) -> None:
    data = b"".join(stream)
    assert until_closed(read(cut(data, places))) == until_closed(read([data]))


@given(st.lists(messages(), min_size=1, max_size=4))
def test_heads_known_by_their_bytes_change_nothing(stream: list[bytes]) -> None:
    heads: Heads[RequestHead] = Heads()
    for message in stream:
        plain = read([message])
        assert read([message], heads) == plain
        # now it may be known
        assert read([message], heads) == plain
        assert read([message + message], heads) == read([message + message])
        assert read([message[:-1], message[-1:]], heads) == plain


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_any_bytes_are_read_or_refused_once(data: bytes, places: list[int]) -> None:
    heard = read(cut(data, places))
    assert sum(isinstance(item, int) for item in heard) <= 1
    assert all(not isinstance(item, int) for item in heard[:-1])


@given(st.integers(LIMIT + 1, 10**12), st.booleans())
def test_a_body_over_the_limit_is_refused_from_its_head(length: int, known: bool) -> None:
    heads: Heads[RequestHead] = Heads()
    if known:
        read([b"POST /el HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"], heads)
    assert read([b"POST /el HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length], heads) == [413]


def test_nothing_is_read_after_an_upgrade_or_a_refusal() -> None:
    upgrade = b"GET /el/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    owner = Owner()
    reader = RequestReader(owner, Heads(), LIMIT)
    reader.feed(upgrade + b"frames")
    reader.feed(b"more")
    assert [item[2] for item in owner.heard] == [b"frames"]
    assert reader.phase is Phase.OVER
    assert read([b"nonsense\r\n\r\n", upgrade]) == [400]


def test_a_head_is_not_learned_together_with_what_came_before_it() -> None:
    heads: Heads[RequestHead] = Heads()
    end = b"POST /el HTTP/1.1\r\nX-A: "
    other = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    read([b"POST /el HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(end), end + other], heads)
    assert read([end + other], heads) == read([end + other])


def test_a_body_in_tiny_pieces_takes_no_more_than_its_size() -> None:
    reader = RequestReader(Owner(), Heads(), 1 << 20)
    reader.feed(b"POST /el HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    tracemalloc.start()
    try:
        for _ in range(1000):
            reader.feed(b"2\r\nxx\r\n" * 200)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
