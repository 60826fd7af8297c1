"""Hypothesis strategies of JSON as it may be written: any order, white space, escapes, numbers and nesting."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACE = st.text(" \t\n\r", max_size=3).map(str.encode)

# what UTF-8 can carry
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(["id", '"id":1', "\\", '"', "result", "params", "subscription", "{", "]", ","])
)

# what passes through JSON unchanged, with keys that could be mistaken for those that are looked for
VALUES: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "params", "subscription", "result", "method", "x", 'a"b']), inner)
    ),
    max_leaves=6,
)

# the JSON text of every id that a client may use
IDS: st.SearchStrategy[bytes] = st.one_of(
    st.sampled_from(
        [b"0", b"-0", b"-1", b"1.0", b"1e3", b"1E+3", b"0.1e-7", b"9007199254740993", b"18446744073709551616", b"null"]
    ),
    st.integers().map(lambda number: b"%d" % number),
    TEXT.map(orjson.dumps),
    st.sampled_from([rb'"\u0069d"', rb'"\"id\":1"', rb'"\\"', b'"id"', rb'"\/"', rb'"]}{["']),
)

METHODS = st.sampled_from(["eth_call", "eth_chainId", "eth_subscribe", "eth_sendRawTransaction", "acme_\u00fc", ""])


_LAYOUTS = st.integers(0, 2**32).map(Random)  # one draw a text: drawing each space would take most of the time


def text_of(value: Any) -> st.SearchStrategy[bytes]:
    """`value` written in one of the ways in which it can be."""
    return _LAYOUTS.map(lambda rng: _text(value, rng))


def object_of(members: Sequence[tuple[str, bytes]]) -> st.SearchStrategy[bytes]:
    """The object of these members, whose values are texts already, in this order."""
    return _LAYOUTS.map(lambda rng: _object(members, rng))


def _text(value: Any, rng: Random) -> bytes:
    if isinstance(value, list):
        return b"[%b]" % _joined([_text(item, rng) for item in value], rng)
    if isinstance(value, dict):
        return _object([(key, _text(item, rng)) for key, item in value.items()], rng)
    if isinstance(value, str) and rng.random() < 0.5:
        return b'"%b"' % "".join(f"\\u{unit:04x}" for unit in _utf16(value)).encode()
    return orjson.dumps(value)


def _object(members: Sequence[tuple[str, bytes]], rng: Random) -> bytes:
    texts = [b"%b%b:%b%b" % (_text(key, rng), _space(rng), _space(rng), value) for key, value in members]
    return b"{%b}" % _joined(texts, rng)


def _joined(texts: list[bytes], rng: Random) -> bytes:
    padded = [b"%b%b%b" % (_space(rng), text, _space(rng)) for text in texts]
    return b",".join(padded) if padded else _space(rng)


def _space(rng: Random) -> bytes:
    return bytes(rng.choices(b" \t\n\r", k=rng.choice((0, 0, 0, 1, 2))))


def _utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


class Written(NamedTuple):
    """A request as text, and what is in it."""

    text: bytes
    id: bytes | None
    method: str
    params: Any


@st.composite
def requests(draw: st.DrawFn) -> Written:
    """Valid requests; some are notifications."""
    raw_id, method, params = draw(st.none() | IDS), draw(METHODS), draw(VALUES)
    members = [("method", draw(text_of(method))), ("jsonrpc", b'"2.0"')]
    members.append(("params", draw(text_of(params))))
    members += [("x", text) for text in draw(st.lists(VALUES.flatmap(text_of), max_size=1))]
    if raw_id is not None:
        members.append(("id", raw_id))
    return Written(draw(object_of(draw(st.permutations(members)))), raw_id, method, params)


@st.composite
def damaged(draw: st.DrawFn, texts: st.SearchStrategy[bytes]) -> bytes:
    """Texts with a piece cut out, or put in, somewhere."""
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 4)))
    return (
        text[:start] + draw(st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"]", b",", b":", b"\\"])) + text[end:]
    )
