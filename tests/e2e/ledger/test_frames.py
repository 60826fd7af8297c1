from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.ledger.frames import parse_frame, raw_id

IDS = ["1", "1.0", "1e3", "1E3", "-0", "0.10", str(2**53 + 1), str(2**64), '"a"', '""', '"1"', "null", "-1", "1" * 400]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("text", IDS)
def test_ids_are_kept_digit_for_digit(text: str) -> None:
    assert raw_id(f'{{"jsonrpc":"2.0","id":{text},"result":1}}') == text
    assert parse_frame(f'[{{"id":{text}}}, {{"id":7}}]')[0][0] == text


def test_a_string_has_one_spelling() -> None:
    assert raw_id('{"id":"\\u0061"}') == raw_id('{"id":"a"}') == '"a"'
    assert raw_id('{"id":"\\ud800"}') == '"\\ud800"'


def test_what_has_no_id() -> None:
    assert raw_id('{"method":"x"}') is None
    assert raw_id("[]") is None
    assert raw_id("5") is None
    assert raw_id('[{"id":1},{"id":2}]') is None


def test_batches_come_apart() -> None:
    assert parse_frame('[{"id":1,"result":5},{"method":"m"},3]') == [
        ("1", {"id": 1, "result": 5}),
        (None, {"method": "m"}),
        (None, 3),
    ]
    assert parse_frame("[]") == [(None, [])]


@pytest.mark.parametrize("text", ["", "{", "hello", '{"id":NaN}', "[" * 100_000, "9" * 5000])
def test_what_is_no_json_comes_back_as_text(text: str) -> None:
    assert parse_frame(text) == [(None, text)]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert len(parse_frame(text)) >= 1


@given(json_values, st.integers() | st.text() | st.none())
def test_frames_are_what_json_says(result: object, request_id: object) -> None:
    frame = {"id": request_id, "result": result}
    assert parse_frame(json.dumps(frame)) == [(json.dumps(request_id), frame)]


@given(st.lists(st.integers() | st.text() | st.none(), max_size=3), st.booleans())
def test_only_one_alone_has_the_id_of_the_frame(ids: list[int | str | None], in_batch: bool) -> None:
    elements = [json.dumps({"jsonrpc": "2.0", "id": each, "result": ids}) for each in ids]
    text = elements[0] if elements and not in_batch else f"[{','.join(elements)}]"
    alone = len(ids) == 1 or (ids and not in_batch)
    assert (raw_id(text) is not None) == bool(alone)
    assert not alone or json.loads(raw_id(text) or "") == ids[0]
