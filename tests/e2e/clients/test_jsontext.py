from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.clients import jsontext
from e2e.ledger.frames import parse_frame

SPELLINGS = ["0", "-0", "7", "1.0", "1e3", "-1E-2", "9007199254740993", "18446744073709551616", "null", '""', '"1"']
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_id_is_sent_digit_for_digit(spelling: str) -> None:
    text = jsontext.encode(spelling, "eth_chainId", [])
    assert text == f'{{"jsonrpc":"2.0","id":{spelling},"method":"eth_chainId","params":[]}}'


def test_a_notification_has_no_id() -> None:
    assert json.loads(jsontext.encode(None, "eth_chainId", [])) == {
        "jsonrpc": "2.0",
        "method": "eth_chainId",
        "params": [],
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("layout", ['{"jsonrpc":"2.0","id":%s,"result":"0x1"}', '{ "id": %s, "result": 1.50 }'])
def test_the_id_of_an_answer_is_told_as_it_was_written(spelling: str, layout: str) -> None:
    ((told, _),) = jsontext.frames((layout % spelling).encode())
    assert told == jsontext.as_recorded(spelling) == spelling


def test_a_string_has_one_spelling_in_the_ledger() -> None:
    assert jsontext.as_recorded('"\\u0041\\/"') == jsontext.as_recorded('"A/"')


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the JSON text of an id"):
        jsontext.as_recorded("a b")


def test_each_frame_of_a_batch_is_told_apart() -> None:
    raw = b'[{"id":1.0,"result":1},{"method":"eth_subscription","params":{}},{"id":"a","error":{}}]'
    assert [told for told, _ in jsontext.frames(raw)] == ["1.0", None, '"a"']


@given(st.binary(max_size=60))
def test_no_bytes_are_too_strange(noise: bytes) -> None:
    for prefix in (b"", b'{"jsonrpc":"2.0","id":1,', b'{"jsonrpc":"2.0","method":"eth_subscription","params":{'):
        assert jsontext.frames(prefix + noise)


@given(st.sampled_from(SPELLINGS), json_values)
def test_the_quick_way_sees_what_the_exact_way_sees(spelling: str, result: Any) -> None:
    text = f'{{"jsonrpc":"2.0","id":{spelling},"result":{json.dumps(result)}}}'
    assert [told for told, _ in jsontext.frames(text.encode())] == [told for told, _ in parse_frame(text)]


def test_the_quick_way_does_not_overlook_an_id_behind_an_event() -> None:
    raw = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1"},"id":5}'
    assert jsontext.frames(raw)[0][0] == "5"
