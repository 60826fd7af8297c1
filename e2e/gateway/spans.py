"""Where the parts of a JSON text stand, so that a fault changes the bytes of one value and leaves the others alone."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPEN: Final = frozenset(b"[{")
_CLOSE: Final = frozenset(b"]}")
_BETWEEN: Final = frozenset(b",:")


def items(text: bytes) -> list[tuple[int, int]]:
    """Return the spans of an array's elements, or of an object's keys and values in turn. `text` is valid JSON."""
    found: list[tuple[int, int]] = []
    depth, start, end = 0, -1, 0
    for token in _TOKEN.finditer(text):
        kind = text[token.start()]
        if kind in _OPEN:
            depth += 1
            if depth == 1:
                continue
        elif kind in _CLOSE:
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and kind in _BETWEEN:
            found.append((start, end))
            start = -1
            continue
        if start < 0:
            start = token.start()
        end = token.end()
    if start >= 0:
        found.append((start, end))
    return found


def members(text: bytes) -> dict[bytes, tuple[int, int]]:
    """Return the span of each value of an object under its key, which is taken as written between its quotes."""
    spans = items(text)
    return {text[key[0] + 1 : key[1] - 1]: value for key, value in zip(spans[::2], spans[1::2], strict=True)}


def with_member(text: bytes, key: bytes, value: bytes) -> bytes:
    """Return the object `text` with the bytes of the value of `key` replaced; KeyError if it has no such key."""
    start, end = members(text)[key]
    return text[:start] + value + text[end:]
