from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.ledger.frames import parse_frame

IDS = ["1", "1.0", "1e3", "1E3", "-0", "0.10", str(2**53 + 1), str(2**64), '"a"', '""', '"1"', "null", "-1", "1" * 400]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def ids_of(text: str) -> list[str | None]:
    return [request_id for request_id, _ in parse_frame(text)]


@pytest.mark.parametrize("text", IDS)
def test_ids_are_kept_digit_for_digit(text: str) -> None:
    assert ids_of(f'{{"jsonrpc":"2.0","id":{text},"result":1}}') == [text]
    assert ids_of(f'[{{"id":{text}}}, {{"id":7}}]') == [text, "7"]


def test_a_string_has_one_spelling() -> None:
    assert ids_of('{"id":"\\u0061"}') == ids_of('{"id":"a"}') == ['"a"']
    assert ids_of('{"id":"\\ud800"}') == ['"\\ud800"']


def test_what_has_no_id() -> None:
    assert ids_of('{"method":"x"}') == [None]
    assert ids_of("[]") == [None]
    assert ids_of("5") == [None]


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


@given(st.lists(st.integers() | st.text() | st.none(), min_size=1, max_size=3))
def test_each_element_of_a_batch_has_its_own_id(ids: list[int | str | None]) -> None:
    elements = [json.dumps({"jsonrpc": "2.0", "id": each, "result": ids}) for each in ids]
    assert ids_of(f"[{','.join(elements)}]") == [json.dumps(each) for each in ids]
