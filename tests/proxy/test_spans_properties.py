"""Where things stand in JSON, however it is written and however long it is."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import spans
from tests.proxy.jsontexts import IDS, TEXT, VALUES, object_of, text_of
from tests.proxy.recursion import recursion_limit

if TYPE_CHECKING:
    from collections.abc import Callable


@given(st.data())
def test_elements_are_the_elements(data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES, max_size=6))
    found = spans.elements(data.draw(text_of(values)))
    assert [orjson.loads(text) for text in found] == values
    assert all(text == text.strip() for text in found)


@given(st.data(), st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_a_value_is_found_at_its_path(data: st.DataObject, fields: dict[str, Any]) -> None:
    text = data.draw(text_of(fields))
    path = [data.draw(st.sampled_from(sorted(fields)))]
    value = fields[path[0]]
    while isinstance(value, dict) and value and data.draw(st.booleans()):
        path.append(data.draw(st.sampled_from(sorted(value))))
        value = value[path[-1]]
    start, end = spans.value_span(text, *path)
    assert orjson.loads(text[start:end]) == value


@given(st.data(), VALUES)
def test_a_path_that_leads_nowhere_is_a_key_error(data: st.DataObject, value: Any) -> None:
    text = data.draw(text_of({"a": value}))
    for path in (["b"], ["a", "nowhere"], ["a", "b", "c"]):
        with pytest.raises(KeyError):
            spans.value_span(text, *path)


@given(st.data(), IDS)
def test_the_id_is_found_wherever_it_stands(data: st.DataObject, raw_id: bytes) -> None:
    others = [(f"x{number}", data.draw(text_of(data.draw(VALUES)))) for number in range(2)]
    text = data.draw(object_of(data.draw(st.permutations([*others, ("id", raw_id)]))))
    start, end = spans.id_span(text)
    assert text[start:end] == raw_id


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyError, match="b"):
        spans.value_span(b'{"a":{}}', "a", "b")
    assert spans.elements(b"[]") == []


@pytest.mark.parametrize("number", [b"1" * 10_000, b"-" + b"9" * 5_000, b"0." + b"3" * 5_000, b"1e999999"])
def test_a_number_of_any_length_is_a_value(number: bytes) -> None:
    text = b'{"a":%b,"id":%b ,"b":"\\n"}' % (number, number)
    start, end = spans.value_span(text, "id")
    assert text[start:end] == number


def test_what_is_nested_deeper_than_the_interpreter_goes_raises_what_is_said() -> None:
    deep = b"[" * 1000 + b"]" * 1000
    with recursion_limit(300):
        with pytest.raises(RecursionError):
            spans.value_span(b'{"x":%b,"id":1}' % deep, "id")
        with pytest.raises(RecursionError):
            spans.elements(deep)


def _fastest(read: Callable[[bytes], Any], text: bytes) -> float:
    """Seconds, of five times."""
    took = []
    for _ in range(5):
        began = perf_counter()
        read(text)
        took.append(perf_counter() - began)
    return min(took)


@pytest.mark.parametrize("part", [b",1", b",[]", b',"aaaa"', b',{"a":1}', b',"\\n"'])
def test_to_find_the_id_in_a_long_text_takes_few_times_what_it_takes_to_read_it(part: bytes) -> None:
    """Through tokens found by a regular expression it took up to a hundred times as long."""
    text = b'{"params":["\\n"%b],"id":1}' % (part * (300_000 // len(part)))
    assert _fastest(lambda text: spans.value_span(text, "id"), text) < 25 * _fastest(orjson.loads, text)
