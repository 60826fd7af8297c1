"""Where a node listens."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from proxy.config import secrets

_GZIP: Final = b"\x1f\x8b"
_PAGE_MOST: Final = 1 << 20  # bytes of a page that was packed


class Endpoint:
    """The URL of a node, cut into what a request needs. `authorization` stems from the URL's user and password."""

    __slots__ = ("_secrets", "authorization", "host", "host_header", "path", "port", "query", "tls")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.tls = parts.scheme in ("https", "wss")
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.host_header = parts.netloc.rpartition("@")[2].encode()
        self.path = (parts.path or "/").encode()
        self.query = parts.query.encode()
        self._secrets = [secret.encode() for secret in sorted(secrets(url), key=len, reverse=True)]
        self.authorization = b""
        if parts.username is not None:
            user = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
            self.authorization = b"Authorization: Basic " + base64.b64encode(user) + b"\r\n"

    def hide(self, text: bytes) -> bytes:
        """`text`, or what is packed in it with gzip, without the keys of this URL, as long as before."""
        if text.startswith(_GZIP) and self._secrets:
            plain = _unpacked(text)
            hidden = self.hide(plain)
            return text if hidden == plain else gzip.compress(hidden)
        for secret in self._secrets:
            text = text.replace(secret, b"*" * len(secret))
        return text

    def request(self, method: bytes, path: bytes, query: bytes, headers: bytes, body: bytes | None) -> bytes:
        """A whole request to this node. `path` goes below the node's own; `headers` are lines, each with its CRLF."""
        target = self.path.rstrip(b"/") + path if path else self.path
        if query or self.query:
            target += b"?" + b"&".join(part for part in (self.query, query) if part)
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


def _unpacked(text: bytes) -> bytes:
    """Nothing if it is not what it seems, or too much for a page."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(text, _PAGE_MOST)
    except zlib.error:
        return b""
    return plain if unpacking.eof else b""
