"""Where a node listens, and what of HTTP belongs to one hop only."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers: TypeAlias = list[tuple[bytes, bytes]]

# RFC 9110, section 7.6.1; Expect is answered by each hop for itself, Content-Length and Host are written anew
_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_WRITTEN_ANEW = _HOP_BY_HOP | {b"content-length", b"expect", b"host", b"http2-settings"}


class Endpoint:
    """The URL of a node, cut into what a request needs. `authorization` stems from the URL's user and password."""

    __slots__ = ("authorization", "host", "host_header", "path", "port", "query", "tls")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.tls = parts.scheme in ("https", "wss")
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.host_header = parts.netloc.rpartition("@")[2].encode()
        self.path = (parts.path or "/").encode()
        self.query = parts.query.encode()
        self.authorization = b""
        if parts.username is not None:
            user = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
            self.authorization = b"Authorization: Basic " + base64.b64encode(user) + b"\r\n"

    def request(self, method: bytes, path: bytes, query: bytes, headers: bytes, body: bytes | None) -> bytes:
        """A whole request to this node. `path` goes below the node's own; `headers` are lines, each with its CRLF."""
        target = self.path.rstrip(b"/") + path if path else self.path
        queries = b"&".join(part for part in (self.query, query) if part)
        if queries:
            target += b"?" + queries
        # a client that brings credentials of its own is judged by them
        own = self.authorization if self.authorization and b"\nauthorization:" not in b"\n" + headers.lower() else b""
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b%b\r\n%b" % (
            method,
            target,
            self.host_header,
            own,
            headers,
            length,
            body or b"",
        )


def request_lines(headers: Headers) -> bytes:
    """The end-to-end headers of a client's request as lines, without those that `Endpoint.request` writes."""
    return _lines(headers, _WRITTEN_ANEW)


def response_lines(headers: Headers) -> bytes:
    """The end-to-end headers of a node's response as lines; repeated ones stay apart and in order."""
    return _lines(headers, _HOP_BY_HOP)


def _lines(headers: Headers, dropped: frozenset[bytes]) -> bytes:
    kept: Iterable[tuple[bytes, bytes]] = [pair for pair in headers if pair[0].lower() not in dropped]
    named = header(headers, b"connection")
    if named is not None and named.lower() not in (b"keep-alive", b"close"):
        tokens = {token.strip().lower() for token in named.split(b",")}
        kept = [pair for pair in kept if pair[0].lower() not in tokens]
    return b"".join([b"%b: %b\r\n" % pair for pair in kept])


def header(headers: Headers, name: bytes) -> bytes | None:
    """The value of the header `name` (in lower case); values of a repeated one are joined with commas."""
    values = [value for key, value in headers if key.lower() == name]
    return b", ".join(values) if values else None
