from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.ledger.codec import from_line, to_line
from e2e.ledger.entries import Arrived, Entry, Healed, Injected, Marked, Received, Scraped, Sent

EVERY_TYPE = get_args(Entry)
times = st.floats(0, 1e6)
names = st.text(max_size=9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
details = st.dictionaries(names, json_values, max_size=2)
BUILT = {Arrived, Healed, Injected, Marked, Received, Scraped, Sent}  # the others have nothing but plain fields
entries = st.one_of(
    st.builds(Marked, times, names, details),
    st.builds(Sent, times, names, st.integers(), st.none() | names, names, json_values),
    st.builds(Received, times, names, st.none() | names, json_values),
    st.builds(Injected, times, names, names, details, st.none() | times),
    st.builds(Healed, times, names, names),
    st.builds(Arrived, times, names, names, json_values),
    st.builds(Scraped, times, st.booleans(), st.dictionaries(names, times)),
    *[st.from_type(kind) for kind in EVERY_TYPE if kind not in BUILT],
).filter(lambda entry: not any(isinstance(value, float) and isnan(value) for value in asdict(entry).values()))


@given(entries)
def test_every_entry_survives_a_round_trip(entry: Entry) -> None:
    line = to_line(entry)
    assert "\n" not in line
    assert line.isascii()
    assert from_line(line) == entry


def test_what_is_at_its_default_is_left_out() -> None:
    assert to_line(Received(1.5, "a", "1", {"id": 1})) == (
        '{"type":"Received","at":1.5,"client":"a","id":"1","frame":{"id":1}}'
    )


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"type":"Gone","at":1}', '{"type":"Sent","at":1}'])
def test_what_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_line(line)
