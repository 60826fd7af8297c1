"""What a scanner makes of a stream of bytes: pieces that, joined, are the stream again, and the messages they end.

A piece is passed on as it came unless a fault rewrites the message it belongs to, so a lane without faults is the
same bytes in the same order whatever the scanner understood of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

READ_LIMIT: Final = 16 * 2**20  # bytes; a longer message passes through unread, so that memory stays bounded


class Message(Protocol):
    """A whole message: a WebSocket message of one or more frames, or an HTTP request or response."""

    def payload(self) -> bytes | None:
        """Return the JSON text that it carries; None if it carries none or could not be read."""
        ...

    def with_payload(self, payload: bytes, size: int | None = None) -> bytes:
        """Return the bytes of the same message with another payload; `size`: the bytes that it says it has."""
        ...


class Piece(NamedTuple):
    """Bytes of one message, in order.

    `message` is set on the last piece of a message. `apart`: a control frame, which belongs to no message and may
    stand between the pieces of one. `closing`: a WebSocket close frame.
    """

    raw: bytes
    message: Message | None = None
    apart: bool = False
    closing: bool = False


class Scanner(Protocol):
    """Takes one direction of one link apart."""

    def feed(self, data: bytes) -> list[Piece]:
        """Return the pieces that `data` completes."""
        ...

    def rest(self) -> bytes:
        """Return, once, the bytes of a piece that will never be complete because the stream has ended."""
        ...


class Opaque:
    """A scanner that understands nothing: for what a lane does not speak."""

    def feed(self, data: bytes) -> list[Piece]:
        return [Piece(data, apart=True)]

    def rest(self) -> bytes:
        return b""
