"""JSON-RPC text, quickly: what nodes usually write is told by its first bytes, the rest goes the ledger's exact way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr

import orjson

from e2e.ledger.frames import parse_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

# A library parser turns 1.0 into 1 and 1e3 into 1000.0; an id has to be seen digit for digit. Parsing exactly is five
# times dearer, so it is left to ids that need it.
_PLAIN_ID = rb'-?(?:0|[1-9][0-9]*)|"[ !#-\[\]-~]*"|null'
_USUAL_ANSWER = re.compile(rb'\{"jsonrpc":"2\.0","id":(' + _PLAIN_ID + rb")[,}]")
_USUAL_EVENT = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{'


def encode(request_id: str | None, method: str, params: Any) -> str:
    """Return the text of one request; `request_id` is JSON text and goes in digit for digit, None: a notification."""
    head = '{"jsonrpc":"2.0",' if request_id is None else f'{{"jsonrpc":"2.0","id":{request_id},'
    return f'{head}"method":{orjson.dumps(method).decode()},"params":{orjson.dumps(params).decode()}}}'


def pieces(text: AnyStr, count: int) -> Iterator[AnyStr]:
    """Cut a text into so many pieces of one length, the last as it comes."""
    size = -(-len(text) // count)
    return (text[at : at + size] for at in range(0, len(text), size))


def as_recorded(request_id: str) -> str:
    """The id text as the ledger spells it: numbers digit for digit, strings in one spelling. Raises ValueError."""
    if request_id.isdecimal() and request_id.isascii():
        return request_id
    spelled = parse_frame(f'{{"id":{request_id}}}')[0][0]
    if spelled is None:
        message = f"{request_id!r} is not the JSON text of an id"
        raise ValueError(message)
    return spelled


def frames(raw: bytes) -> list[tuple[str | None, Any]]:
    """Take a message apart: each frame of it (a batch has several) with the text of its id, None where it has none.

    Never raises: what is not JSON comes back as text.
    """
    usual = _USUAL_ANSWER.match(raw)
    if usual is not None or raw.startswith(_USUAL_EVENT):
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
        else:
            if usual is not None:
                return [(usual[1].decode(), parsed)]
            if "id" not in parsed:
                return [(None, parsed)]
    return parse_frame(raw.decode(errors="replace"))
