"""HTTP/1.1 messages, taken apart without changing a byte (RFC 9112, section 6)."""

from __future__ import annotations

import gzip
import zlib
from collections import deque
from typing import Final

from e2e.gateway.head import END, HEAD_LIMIT, Head, read_head, without
from e2e.gateway.piece import READ_LIMIT, Opaque, Piece

_FRAMING: Final = (b"content-length", b"transfer-encoding")
_NEVER_ENDS: Final = -1


class Exchange:
    """An HTTP request or response with its body; `body` is None where it was too long to be read."""

    __slots__ = ("_body", "_raw_head", "head")

    def __init__(self, raw_head: bytes, head: Head, body: bytes | None) -> None:
        self._raw_head = raw_head
        self.head = head
        self._body = body

    def payload(self) -> bytes | None:
        coding = self.head.field(b"content-encoding")
        if not self._body or coding != b"gzip":
            return self._body if self._body and coding in (b"", b"identity") else None
        try:
            return gzip.decompress(self._body)
        except (OSError, EOFError, zlib.error):
            return None

    def with_head(self, lines: tuple[str, ...]) -> Exchange:
        """Return it with another start line, the first of `lines`, and the others as fields besides its own."""
        _, _, rest = self._raw_head.partition(b"\r\n")
        raw = "\r\n".join(lines).encode() + b"\r\n" + rest
        return Exchange(raw, read_head(raw), self._body)

    def with_payload(self, payload: bytes, size: int | None = None) -> bytes:
        """Return the message with another payload, packed as its own was; `size`: the bytes that it says it has."""
        raw = self._raw_head
        for name in _FRAMING:
            raw = without(raw, name)
        body = gzip.compress(payload) if self.head.field(b"content-encoding") == b"gzip" else payload
        return b"%s\r\nContent-Length: %d%s%s" % (raw.removesuffix(END), len(body) if size is None else size, END, body)


class HttpScanner:
    """One direction of an HTTP link: requests, or responses to the methods given to `expect`."""

    def __init__(self) -> None:
        self._buffer = b""
        self._head: Head | None = None
        self._raw_head = b""
        self._body = bytearray()
        self._too_long = False
        self._left = 0  # bytes of the body (or of the chunk and its line end) still to come
        self._chunks: _Chunks | None = None
        self._asked: deque[bytes] = deque()
        self._opaque: Opaque | None = None

    def expect(self, method: bytes) -> None:
        """Take note that the next response in turn answers a request of `method`: one to HEAD has no body."""
        self._asked.append(method)

    def give_up(self) -> None:
        """Understand nothing from here on: the link was upgraded to something else."""
        self._opaque = Opaque()

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        while data:
            if self._opaque is not None:
                pieces += self._opaque.feed(data)
                break
            data = self._in_head(data, pieces) if self._head is None else self._in_body(data, pieces)
        return pieces

    def rest(self) -> bytes:
        rest, self._buffer = self._buffer, b""
        return rest

    def _in_head(self, data: bytes, pieces: list[Piece]) -> bytes:
        self._buffer += data
        at = self._buffer.find(END)
        if at < 0 and len(self._buffer) <= HEAD_LIMIT:
            return b""
        if at < 0:
            self.give_up()
            return self.rest()
        self._raw_head, data = self._buffer[: at + len(END)], self._buffer[at + len(END) :]
        self._buffer = b""
        self._head = read_head(self._raw_head)
        self._left = self._size_of_body(self._head)
        self._chunks = _Chunks() if self._head.chunked and self._left else None
        pieces.append(Piece(self._raw_head) if self._left else self._finish(self._raw_head))
        return data

    def _in_body(self, data: bytes, pieces: list[Piece]) -> bytes:
        if self._chunks is not None:
            taken = self._chunks.feed(data)
            self._keep(self._chunks.take())
            over = self._chunks.over
        else:
            taken = len(data) if self._left == _NEVER_ENDS else min(len(data), self._left)
            self._keep(data[:taken])
            self._left -= taken if self._left != _NEVER_ENDS else 0
            over = self._left == 0
        raw = data[:taken]
        pieces.append(self._finish(raw) if over else Piece(raw))
        return data[taken:]

    def _size_of_body(self, head: Head) -> int:
        status = head.status
        if status == 0:
            return _NEVER_ENDS if head.chunked else head.length or 0
        method = b"" if 100 <= status < 200 or not self._asked else self._asked.popleft()
        if method == b"HEAD" or status in (204, 304) or 100 <= status < 200:
            return 0
        if head.chunked or head.length is None:
            return _NEVER_ENDS
        return head.length

    def _keep(self, part: bytes) -> None:
        if len(self._body) + len(part) > READ_LIMIT:
            self._too_long = True
        if self._too_long:
            self._body.clear()
        else:
            self._body += part

    def _finish(self, raw: bytes) -> Piece:
        assert self._head is not None  # noqa: S101 (called only once a head was read)
        message = Exchange(self._raw_head, self._head, None if self._too_long else bytes(self._body))
        self._head = None
        self._body.clear()
        self._too_long = False
        return Piece(raw, message)


class _Chunks:
    """The chunked coding: `feed` says how many bytes belong to this body, `take` gives what they meant."""

    def __init__(self) -> None:
        self.over = False
        self._line = b""
        self._left = 0  # bytes of the chunk still to come
        self._ends = 0  # bytes of the line end behind a chunk
        self._trailers = False
        self._decoded = bytearray()

    def take(self) -> bytes:
        decoded = bytes(self._decoded)
        self._decoded.clear()
        return decoded

    def feed(self, data: bytes) -> int:
        at = 0
        while at < len(data) and not self.over:
            at = self._data(data, at) if self._left or self._ends else self._line_end(data, at)
        return at

    def _data(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        self._decoded += data[at : at + taken]
        self._left -= taken
        at += taken
        skipped = min(self._ends, len(data) - at) if not self._left else 0
        self._ends -= skipped
        return at + skipped

    def _line_end(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            self._line += data[at:]
            return len(data)
        line = (self._line + data[at:end]).strip()
        self._line = b""
        if self._trailers:
            self.over = not line
            return end + 1
        try:
            self._left = int(line.partition(b";")[0], 16)
        except ValueError:  # no chunked coding after all: the body ends with the connection
            self._left = 2**63
        self._trailers = self._left == 0
        self._ends = 2 if self._left else 0
        return end + 1
