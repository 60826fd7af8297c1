"""Where things stand in the bytes of valid JSON, so that a message can be cut there and put together again.

The scanner is that of `json`, written in C: it goes through text of any sort nearly as fast as orjson validates it, and
says where a value ends.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgspec
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

# floats, because a whole number of more than 4,300 digits is an error to int
_scan: Final = json.JSONDecoder(parse_int=float).raw_decode
_SPACE: Final = re.compile(r"[ \t\n\r]*").match
_ID: Final = re.compile(rb'"id"\s*:\s*("[^"\\]*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|null)').search
_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def id_span(data: bytes) -> tuple[int, int]:
    """Where the value of the top-level key "id" stands in the valid JSON object `data`, which has one."""
    # without escapes it can be written in one way only: a single one is the top-level one
    match = _ID(data) if data.count(b'"id"') == 1 and data.find(b"\\") < 0 else None
    return value_span(data, "id") if match is None else match.span(1)


def value_span(data: bytes, *path: str) -> tuple[int, int]:
    """Where the value at `path` (keys of nested objects) stands in the valid JSON `data`; the last one wins.

    Raises KeyError where there is none, RecursionError where `data` is nested deeper than the interpreter goes.
    """
    start, end = 0, len(data)
    for key in path:
        found = None
        for name, first, last in _members(data[start:end]):
            if name == key:
                found = start + first, start + last
        if found is None:
            raise KeyError(key)
        start, end = found
    return start, end


def _members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """(key, start, end) of each value of the object `data`; nothing if it is no object."""
    text = data.decode("latin-1")  # a character for each byte
    at = _after_space(text, 0)
    if text[at] != "{":
        return
    at = _after_space(text, at + 1)
    while text[at] != "}":
        _, colon = _scan(text, at)
        key = orjson.loads(data[at:colon])
        start = _after_space(text, _after_space(text, colon) + 1)
        _, end = _scan(text, start)
        yield key, start, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE(text, at)
    return at if match is None else match.end()


def elements(data: bytes) -> list[bytes]:
    """The texts of the elements of the valid JSON array `data`.

    Raises RecursionError where it is nested deeper than the interpreter goes.
    """
    return [bytes(item) for item in _items(data)]
