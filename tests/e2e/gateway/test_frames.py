"""A stream of frames leaves as it came, whatever its pieces, and every message in it is understood."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.gateway import frames, stream
from e2e.gateway.frames import BINARY, CLOSE, CONTINUATION, TEXT, FrameScanner, build_close, build_frame, unmask
from e2e.gateway.stream import Stream

if TYPE_CHECKING:
    from e2e.gateway.piece import Message

UNHURRIED = settings(deadline=None)  # the machine may be busy
PING = 0x9
SIZES = st.sampled_from([0, 1, 5, 125, 126, 127, 200, 65_535, 65_536])


def encode(opcode: int, payload: bytes, mask: bytes, *, fin: bool = True) -> bytes:
    """Encode a frame in the plainest way, as an independent opinion."""
    size = len(payload)
    if size < 126:
        sizes = bytes([size])
    else:
        sizes = b"\x7e" + size.to_bytes(2, "big") if size < 2**16 else b"\x7f" + size.to_bytes(8, "big")
    head = bytes([opcode | (0x80 if fin else 0), sizes[0] | (0x80 if mask else 0)]) + sizes[1:]
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
    return head + mask + masked


@dataclass
class Drawn:
    """Frames: messages in fragments, with control frames between; and the payloads of the messages."""

    data: bytes = b""
    payloads: list[bytes | None] = field(default_factory=list)
    masked: bool = False

    def __repr__(self) -> str:
        return f"{len(self.payloads)} messages in {len(self.data)} bytes: {self.data[:200]!r}"


@st.composite
def streams(draw: st.DrawFn) -> Drawn:
    masked = draw(st.booleans())
    masks = st.binary(min_size=4, max_size=4) if masked else st.just(b"")
    drawn = Drawn(masked=masked)
    for _ in range(draw(st.integers(0, 4))):
        parts = draw(st.lists(SIZES.map(lambda size: b"x" * size) | st.binary(max_size=9), min_size=1, max_size=3))
        for index, part in enumerate(parts):
            if draw(st.integers(0, 3)) == 0:
                drawn.data += encode(PING, b"are you there", draw(masks))
            opcode = CONTINUATION if index else draw(st.sampled_from([TEXT, BINARY]))
            drawn.data += encode(opcode, part, draw(masks), fin=index == len(parts) - 1)
        drawn.payloads.append(b"".join(parts))
    return drawn


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@dataclass
class Watched:
    """A stream that notes what it is shown, and rewrites nothing."""

    masked: bool
    keep: bool = False
    noted: list[bytes | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stream = Stream(FrameScanner(masked=self.masked), lambda: self.keep, self._note, self._rewrite)

    def _note(self, message: Message) -> None:
        self.noted.append(message.payload())

    def _rewrite(self, message: Message, raw: bytes) -> bytes:
        self._note(message)
        return raw

    def feed(self, parts: list[bytes]) -> bytes:
        return b"".join([self.stream.feed(part) for part in parts])


@UNHURRIED
@given(streams(), st.lists(st.integers(0, 10**6), max_size=12))
def test_frames_leave_as_they_came(drawn: Drawn, places: list[int]) -> None:
    watched = Watched(drawn.masked)
    assert watched.feed(cut(drawn.data, places)) == drawn.data
    assert watched.noted == drawn.payloads
    assert watched.stream.rest() == b""


@UNHURRIED
@given(streams(), st.lists(st.integers(0, 10**6), max_size=12))
def test_messages_kept_whole_leave_as_they_came(drawn: Drawn, places: list[int]) -> None:
    watched = Watched(drawn.masked, keep=True)
    out = watched.feed(cut(drawn.data, places))
    assert watched.noted == drawn.payloads
    again = Watched(drawn.masked)
    assert again.feed([out]) == out
    assert again.noted == drawn.payloads
    assert len(out) == len(drawn.data), "only pings overtake the message they stand in"


@UNHURRIED
@given(streams(), st.lists(st.integers(0, 10**6), max_size=6), st.integers(0, 10**6))
def test_a_stream_that_breaks_off_loses_nothing(drawn: Drawn, places: list[int], end: int) -> None:
    data = drawn.data[: end % (len(drawn.data) + 1)]
    watched = Watched(drawn.masked)
    assert watched.feed(cut(data, places)) + watched.stream.rest() == data


@UNHURRIED
@given(streams(), st.lists(st.integers(0, 10**6), max_size=12), st.lists(st.booleans(), min_size=13, max_size=13))
def test_a_fault_that_comes_and_goes_loses_nothing(drawn: Drawn, places: list[int], kept: list[bool]) -> None:
    watched = Watched(drawn.masked)
    out = b""
    for part, watched.keep in zip(cut(drawn.data, places), itertools.cycle(kept), strict=False):
        out += watched.stream.feed(part)
    assert watched.noted == drawn.payloads
    assert len(out) == len(drawn.data)


@UNHURRIED
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_bytes_that_are_no_frames_pass(data: bytes, places: list[int]) -> None:
    watched = Watched(masked=False)
    assert watched.feed(cut(data, places)) + watched.stream.rest() == data


@UNHURRIED
@given(SIZES, st.binary(max_size=9), st.booleans())
def test_a_built_frame_is_one_that_anybody_can_read(size: int, start: bytes, masked: bool) -> None:
    payload = start.ljust(size, b"y")
    built = build_frame(TEXT, payload, masked=masked)
    assert built == encode(TEXT, payload, bytes(4) if masked else b"")


@UNHURRIED
@given(st.binary(), st.binary(min_size=4, max_size=4))
def test_masking_twice_is_nothing(payload: bytes, mask: bytes) -> None:
    assert unmask(unmask(payload, mask), mask) == payload


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("chunk", [1, 7, 64, 10_000])
def test_a_message_too_long_to_read_passes_unread(monkeypatch: pytest.MonkeyPatch, chunk: int, keep: bool) -> None:
    monkeypatch.setattr(frames, "READ_LIMIT", 100)
    monkeypatch.setattr(stream, "READ_LIMIT", 100)
    raw = [
        encode(TEXT, b"before", b""),
        encode(TEXT, b"z" * 500, b""),
        encode(TEXT, b"a" * 60, b"", fin=False),
        encode(CONTINUATION, b"b" * 60, b""),
        encode(TEXT, b"c" * 500, b"", fin=False),
        encode(CONTINUATION, b"d", b""),
        encode(TEXT, b"after", b""),
    ]
    data = b"".join(raw)
    watched = Watched(masked=False, keep=keep)
    parts = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    passed = [watched.stream.feed(part) for part in parts]
    assert b"".join(passed) == data
    assert max(map(len, passed)) <= 100 + 64 + chunk or chunk > 100, "nothing is kept that is too long"
    assert watched.noted == [b"before", None, None, None, b"after"]


def test_a_compressed_message_is_not_taken_for_text() -> None:
    raw = bytearray(encode(TEXT, b"deflated", b""))
    raw[0] |= 0x40
    watched = Watched(masked=False)
    assert watched.feed([bytes(raw)]) == bytes(raw)
    assert watched.noted == [None]


def test_a_close_frame_is_seen() -> None:
    watched = Watched(masked=False)
    frame = build_close(1001, "going away", masked=False)
    assert frame == encode(CLOSE, b"\x03\xe9going away", b"")
    assert watched.feed([frame]) == frame
    assert watched.stream.close_seen
