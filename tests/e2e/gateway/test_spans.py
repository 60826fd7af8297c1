"""Values of a JSON text are found where they stand, however it is written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from e2e.gateway.calls import is_read
from e2e.gateway.spans import items, members, with_member

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
LAYOUTS = st.sampled_from([(None, (",", ":")), (None, (" , ", "\t: ")), (2, (",", ": "))])
Layout = tuple[int | None, tuple[str, str]]


def written(value: Any, layout: Layout, *, ascii_only: bool) -> bytes:
    indent, separators = layout
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only).encode("utf-8", "replace")


@given(st.lists(JSON, max_size=5), LAYOUTS, st.booleans())
def test_elements_are_found(values: list[Any], layout: Layout, ascii_only: bool) -> None:
    text = written(values, layout, ascii_only=ascii_only)
    assert [json.loads(text[start:end]) for start, end in items(text)] == json.loads(text)


@given(st.dictionaries(st.text('abc\\"é{', max_size=4), JSON, max_size=5), LAYOUTS)
def test_members_are_found_under_their_keys_as_written(value: dict[str, Any], layout: Layout) -> None:
    text = written(value, layout, ascii_only=True)
    found = {json.loads(b'"%s"' % key): json.loads(text[slice(*span)]) for key, span in members(text).items()}
    assert found == value


@given(st.dictionaries(st.text(), JSON, max_size=3), JSON, JSON, LAYOUTS)
def test_one_value_is_replaced_and_no_other_byte(
    others: dict[str, Any], before: Any, after: Any, layout: Layout
) -> None:
    text = written({**others, "id": before}, layout, ascii_only=True)
    new = json.dumps(after).encode()
    changed = with_member(text, b"id", new)
    assert json.loads(changed) == {**others, "id": after}
    start, end = members(text)[b"id"]
    assert (changed[:start], changed[start + len(new) :]) == (text[:start], text[end:])


def test_what_may_be_asked_twice() -> None:
    reads = ["eth_call", "eth_getLogs", "eth_subscribe", "net_version", "web3_sha3", "debug_traceCall", "txpool_status"]
    assert all(map(is_read, reads))
    sends = ["eth_sendRawTransaction", "eth_sendTransaction", "eth_sign", "eth_submitWork", "personal_unlockAccount"]
    assert not any(map(is_read, [*sends, "admin_addPeer", "miner_start", "debug_setHead", "unheard_of", ""]))
