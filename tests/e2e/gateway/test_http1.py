"""HTTP messages leave as they came, whatever their pieces, and every body in them is understood."""

from __future__ import annotations

import gzip
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.gateway import http1
from e2e.gateway.http1 import Exchange, HttpScanner

UNHURRIED = settings(deadline=None)  # the machine may be busy
BODIES = st.binary(max_size=400)


def chunked(body: bytes, size: int, ending: bytes = b"") -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    coded = b"".join(b"%x;why=not\r\n%s\r\n" % (len(part), part) for part in parts)
    return coded + b"0\r\n" + ending + b"\r\n"


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes | None]:
    """Draw a request and its body."""
    body = draw(BODIES)
    kind = draw(st.sampled_from(["length", "chunked", "trailers", "none"]))
    if kind == "none":
        return b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", None
    if kind == "length":
        return b"POST / HTTP/1.1\r\nhost: x\r\nCONTENT-LENGTH:  %d \r\n\r\n%s" % (len(body), body), body or None
    coded = chunked(body, draw(st.integers(1, 90)), b"Trailer: 1\r\n" if kind == "trailers" else b"")
    return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + coded, body or None


def scan(scanner: HttpScanner, data: bytes, places: list[int]) -> tuple[bytes, list[Exchange]]:
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    pieces = [piece for start, end in itertools.pairwise(edges) for piece in scanner.feed(data[start:end])]
    messages = [piece.message for piece in pieces if piece.message is not None]
    assert all(isinstance(message, Exchange) for message in messages)
    return b"".join([piece.raw for piece in pieces]), [each for each in messages if isinstance(each, Exchange)]


@UNHURRIED
@given(st.lists(requests(), max_size=4), st.lists(st.integers(0, 10**6), max_size=12))
def test_requests_leave_as_they_came(sent: list[tuple[bytes, bytes | None]], places: list[int]) -> None:
    data = b"".join(raw for raw, _ in sent)
    out, messages = scan(HttpScanner(), data, places)
    assert out == data
    assert [message.payload() for message in messages] == [body for _, body in sent]


@UNHURRIED
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_bytes_that_are_no_http_pass(data: bytes, places: list[int]) -> None:
    scanner = HttpScanner()
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    out = b"".join(piece.raw for start, end in itertools.pairwise(edges) for piece in scanner.feed(data[start:end]))
    assert out + scanner.rest() == data


@pytest.mark.parametrize(
    ("method", "response", "body"),
    [
        (b"POST", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"POST", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", b"{}"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", None),
        (b"POST", b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (b"POST", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", None),
        (b"POST", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
    ],
)
def test_a_response_ends_where_its_head_says(method: bytes, response: bytes, body: bytes | None) -> None:
    for size in (1, 5, 1000):
        scanner = HttpScanner()
        scanner.expect(method)
        scanner.expect(b"POST")
        data = response + b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n7"
        out, messages = scan(scanner, data, list(range(0, len(data), size)))
        assert out == data
        assert [message.head.status for message in messages] == [read_status(response), 100, 201]
        assert messages[0].payload() == body
        assert messages[2].payload() == b"7"


def read_status(response: bytes) -> int:
    return int(response.split(b" ")[1])


def test_a_response_without_length_ends_with_its_connection() -> None:
    scanner = HttpScanner()
    scanner.expect(b"POST")
    data = b"HTTP/1.0 200 OK\r\n\r\nas long as it takes"
    out, messages = scan(scanner, data, [3, 25])
    assert out == data
    assert messages == []


def test_after_an_upgrade_nothing_is_http() -> None:
    scanner = HttpScanner()
    scanner.give_up()
    assert scan(scanner, b"\x81\x01a", [1])[0] == b"\x81\x01a"


def test_a_compressed_body_is_read_and_its_replacement_is_compressed() -> None:
    body = gzip.compress(b'{"id":1}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX-A: b\r\nContent-Length: %d\r\n\r\n" % len(body)
    _, (message,) = scan(HttpScanner(), head + body, [])
    assert message.payload() == b'{"id":1}'
    _, (rewritten,) = scan(HttpScanner(), message.with_payload(b"[]"), [])
    assert rewritten.payload() == b"[]"
    assert [name for name, _ in rewritten.head.fields] == [b"content-encoding", b"x-a", b"content-length"]


@pytest.mark.parametrize("coding", [b"gzip", b"br"])
def test_a_body_that_cannot_be_decoded_is_left_alone(coding: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 3\r\n\r\n" % coding
    _, (message,) = scan(HttpScanner(), head + b"abc", [])
    assert message.payload() is None


def test_a_body_too_long_to_read_passes_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "READ_LIMIT", 100)
    data = b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\n" + b"x" * 500 + b"GET / HTTP/1.1\r\n\r\n"
    out, messages = scan(HttpScanner(), data, [60, 300])
    assert out == data
    assert [message.payload() for message in messages] == [None, None]


def test_a_head_without_end_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "HEAD_LIMIT", 50)
    data = b"x" * 200
    scanner = HttpScanner()
    assert (
        b"".join(piece.raw for start in range(0, 200, 30) for piece in scanner.feed(data[start : start + 30])) == data
    )


def test_a_broken_chunk_size_ends_the_understanding_and_loses_nothing() -> None:
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"
    assert scan(HttpScanner(), data, [50, 55])[0] == data
