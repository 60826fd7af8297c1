"""JSON-RPC text as clients see it: parsed, with every id kept digit for digit.

`1`, `1.0` and `1e0` are equal numbers and different ids: a proxy that hands back one for another has changed what the
client sent. So an id is compared as its JSON text.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson


class _Integer(int):
    """An int that remembers how it was written."""

    text: str


class _Real(float):
    """A float that remembers how it was written."""

    text: str


def _integer(text: str) -> _Integer:
    number = _Integer(text)
    number.text = text
    return number


def _real(text: str) -> _Real:
    number = _Real(text)
    number.text = text
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DEEP = 900
_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=_refuse)


def _id_text(element: Any) -> str | None:
    if not isinstance(element, dict) or "id" not in element:
        return None
    value = element["id"]
    return value.text if isinstance(value, _Integer | _Real) else json.dumps(value)


def parse_frame(text: str) -> list[tuple[str | None, Any]]:
    """Each element of a frame (one, or those of a batch) as (JSON text of its id or None, parsed JSON).

    Never raises: text that is not JSON comes back as one element without id whose frame is the text itself.
    """
    try:
        if text.count("[") + text.count("{") > _DEEP:
            orjson.loads(
                text
            )  # bounds the depth; the decoder below bounds it by a recursion limit that others may raise
        parsed = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return [(None, text)]
    elements = parsed if isinstance(parsed, list) and parsed else [parsed]
    return [(_id_text(element), element) for element in elements]
