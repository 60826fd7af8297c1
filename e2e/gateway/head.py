"""The head of an HTTP/1.1 message: the start line and the header fields, as bytes and in order."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

END: Final = b"\r\n\r\n"
HEAD_LIMIT: Final = 64 * 2**10  # bytes; geth, nginx and llhttp all stop well before


@dataclass(frozen=True, slots=True)
class Head:
    """`start` is the start line without its line end; names of `fields` are in lower case."""

    start: bytes
    fields: tuple[tuple[bytes, bytes], ...]

    def field(self, name: bytes) -> bytes:
        """Return the last value of `name` (lower case), empty if there is none."""
        found = b""
        for key, value in self.fields:
            if key == name:
                found = value
        return found

    @property
    def status(self) -> int:
        """Return the status of a response, 0 for a request."""
        parts = self.start.split(b" ", 2)
        return int(parts[1]) if parts[0].startswith(b"HTTP/") and parts[1:] and parts[1].isdigit() else 0

    @property
    def chunked(self) -> bool:
        return b"chunked" in self.field(b"transfer-encoding").lower()

    @property
    def length(self) -> int | None:
        value = self.field(b"content-length")
        return int(value) if value.isdigit() else None


def status_line(status: int) -> str:
    """Return the start line of a response with any status."""
    known = {each.value: each.phrase for each in HTTPStatus}
    return f"HTTP/1.1 {status} {known.get(status, 'Injected')}"


def response(status: int, content: str, body: bytes) -> bytes:
    """Return a whole response; `content` is the type of its body."""
    lines = (status_line(status), f"Content-Type: {content}", f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END + body


def read_head(raw: bytes) -> Head:
    """Read a head, with or without the empty line that ends it; never raises."""
    start, *lines = raw.removesuffix(END).split(b"\r\n")
    fields = []
    for line in lines:
        name, _, value = line.partition(b":")
        fields.append((name.strip().lower(), value.strip()))
    return Head(start, tuple(fields))


def without(raw: bytes, name: bytes) -> bytes:
    """Return the head `raw` without the lines of the field `name` (lower case), all else as it was."""
    start, *lines = raw.removesuffix(END).split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() != name]
    return b"\r\n".join([start, *kept]) + END
