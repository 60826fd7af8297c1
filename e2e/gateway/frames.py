"""WebSocket frames (RFC 6455, section 5.2): taken apart without changing a byte, and built.

Nothing is judged here: a broken frame passes through as it is, for the peer to refuse.
"""

from __future__ import annotations

import struct
from typing import Final

from e2e.gateway.piece import READ_LIMIT, Piece

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8

_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTROL: Final = 0x08
_NO_MASK = bytes(4)  # a mask of zeros is as valid as any and leaves the payload readable on the wire


def build_frame(opcode: int, payload: bytes, *, masked: bool, size: int | None = None) -> bytes:
    """Return a frame; what goes to the node has to be masked, what goes to the proxy must not be.

    `size`: the bytes that it says it has, if it is not to be whole.
    """
    flag = _MASKED if masked else 0
    size = len(payload) if size is None else size
    if size < 126:
        head = bytes((_FIN | opcode, flag | size))
    elif size < 2**16:
        head = struct.pack("!BBH", _FIN | opcode, flag | 126, size)
    else:
        head = struct.pack("!BBQ", _FIN | opcode, flag | 127, size)
    return head + _NO_MASK + payload if masked else head + payload


def build_close(code: int, reason: str, *, masked: bool) -> bytes:
    """Return a close frame; `reason` is at most 123 bytes of UTF-8."""
    return build_frame(CLOSE, struct.pack("!H", code) + reason.encode(), masked=masked)


def unmask(payload: bytes, mask: bytes) -> bytes:
    if mask == _NO_MASK:
        return payload
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")).to_bytes(size, "little")


class Frames:
    """A WebSocket message: the frames that carried it, its payload read only when somebody asks."""

    __slots__ = ("_masked", "_opcode", "_parts")

    def __init__(self, opcode: int, parts: list[tuple[bytes, int, bytes]], *, masked: bool) -> None:
        """Take `parts` as (frame, offset of the payload, mask)."""
        self._opcode = opcode
        self._parts = parts
        self._masked = masked

    def payload(self) -> bytes | None:
        if self._opcode not in (TEXT, BINARY) or not self._parts:
            return None
        return b"".join([unmask(frame[at:], mask) if mask else frame[at:] for frame, at, mask in self._parts])

    def with_payload(self, payload: bytes, size: int | None = None) -> bytes:
        return build_frame(self._opcode, payload, masked=self._masked, size=size)


def _lone_frame(data: bytes) -> tuple[bytes, int, bytes] | None:
    """Return the part that `data` is if it is one whole message and no more, as nearly everything is."""
    if len(data) < 6 or data[0] not in (_FIN | TEXT, _FIN | BINARY):
        return None
    size, head = data[1] & 0x7F, 2
    if size == 126:
        size, head = data[2] << 8 | data[3], 4
    elif size == 127:
        return None
    mask = data[head : head + 4] if data[1] & _MASKED else b""
    head += len(mask)
    return (data, head, mask) if len(data) == head + size else None


class FrameScanner:
    """One direction of a WebSocket link, after the handshake."""

    def __init__(self, *, masked: bool) -> None:
        """Expect masked frames on the way to the node."""
        self._masked = masked
        self._buffer = bytearray()
        self._need = 2
        self._unread = 0  # bytes still to come of a frame too long to read
        self._unread_is_last = False
        self._opcode = CONTINUATION
        self._parts: list[tuple[bytes, int, bytes]] = []
        self._held = 0
        self._readable = True

    def feed(self, data: bytes) -> list[Piece]:
        if not self._buffer and not self._held and (whole := _lone_frame(data)):
            return [Piece(data, Frames(data[0] & 0x0F, [whole], masked=self._masked))]
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._need:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        pieces: list[Piece] = []
        at = 0
        while at < len(data):
            end = self._next(data, at, pieces)
            if end == at:
                self._buffer += data[at:]
                break
            at = end
        return pieces

    def rest(self) -> bytes:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _next(self, data: bytes, at: int, pieces: list[Piece]) -> int:
        """Append the piece that starts at `at`; return where it ends, or `at` if it is not all there."""
        have = len(data) - at
        if self._unread:
            taken = min(have, self._unread)
            self._unread -= taken
            pieces.append(self._opaque(data[at : at + taken], last=self._unread == 0))
            return at + taken
        self._need = 2
        if have < 2:
            return at
        first, second = data[at], data[at + 1]
        size, head = second & 0x7F, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            self._need = head
            if have < head:
                return at
            size = int.from_bytes(data[at + 2 : at + head], "big")
        mask_at = head
        if second & _MASKED:
            head += 4
        if size > READ_LIMIT:
            return self._start_unread(data, at, head + size, pieces)
        self._need = head + size
        if have < self._need:
            return at
        end = at + self._need
        frame = data[at:end] if at or end < len(data) else data
        pieces.append(self._piece(frame, first, head, frame[mask_at:head]))
        return end

    def _piece(self, frame: bytes, first: int, payload_at: int, mask: bytes) -> Piece:
        opcode = first & 0x0F
        if opcode & _CONTROL:
            return Piece(frame, apart=True, closing=opcode == CLOSE)
        if opcode != CONTINUATION:
            self._opcode = opcode
        if first & 0x70:  # an extension of which nothing is known: the payload is not what it seems
            self._readable = False
        self._held += len(frame)
        if self._held > READ_LIMIT:
            self._readable = False
            self._parts.clear()
        if self._readable:
            self._parts.append((frame, payload_at, mask))
        return Piece(frame, self._finished()) if first & _FIN else Piece(frame)

    def _start_unread(self, data: bytes, at: int, size: int, pieces: list[Piece]) -> int:
        self._unread_is_last = bool(data[at] & _FIN)
        self._readable = False
        self._parts.clear()
        self._unread = size
        self._held += size
        return self._next(data, at, pieces)

    def _opaque(self, raw: bytes, *, last: bool) -> Piece:
        return Piece(raw, self._finished()) if last and self._unread_is_last else Piece(raw)

    def _finished(self) -> Frames:
        message = Frames(self._opcode, self._parts if self._readable else [], masked=self._masked)
        self._parts = []
        self._held = 0
        self._readable = True
        return message
