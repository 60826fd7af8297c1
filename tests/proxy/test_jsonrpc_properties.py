"""What holds of JSON-RPC as bytes, however it is written."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.jsonrpc import Batch, Invalid, NodeAnswer, NodeEvent, Request
from tests.proxy.jsontexts import IDS, SPACE, TEXT, VALUES, Written, damaged, object_of, requests, text_of


@given(st.data())
def test_texts_say_what_they_were_made_of(data: st.DataObject) -> None:
    """The strategy itself: every layout is valid JSON of the same value."""
    value = data.draw(VALUES)
    assert orjson.loads(data.draw(text_of(value))) == value


# ---- what clients send ------------------------------------------------------------------------------------------


@given(requests(), SPACE, SPACE)
def test_a_request_is_read_and_cut_where_its_id_stands(written: Written, before: bytes, after: bytes) -> None:
    text = before + written.text + after
    request = jsonrpc.parse(text)
    assert isinstance(request, Request)
    assert (request.id, request.method, request.params) == (written.id, written.method, written.params)
    assert request.data == text
    assert request.text(request.id or b"") == text


@given(requests(), IDS)
def test_another_id_changes_nothing_but_the_id(written: Written, other: bytes) -> None:
    request = jsonrpc.parse(written.text)
    assert isinstance(request, Request)
    expected = orjson.loads(written.text)
    if request.id is not None:
        expected["id"] = orjson.loads(other)
    assert orjson.loads(request.text(other)) == expected


@given(st.data(), IDS, IDS)
def test_of_two_ids_the_last_one_counts(data: st.DataObject, first: bytes, last: bytes) -> None:
    members = [("id", first), ("method", b'"a"'), ("id", last)]
    request = jsonrpc.parse(data.draw(object_of(members)))
    assert isinstance(request, Request)
    assert request.id == last


@given(st.binary() | damaged(requests().map(lambda written: written.text)))
def test_no_bytes_of_a_client_raise(text: bytes) -> None:
    parsed = jsonrpc.parse(text)
    if isinstance(parsed, Invalid):
        answer = orjson.loads(parsed.answer)
        assert answer["error"]["code"] in (jsonrpc.PARSE_ERROR, jsonrpc.INVALID_REQUEST)


@given(VALUES)
def test_only_objects_with_a_method_and_a_legal_id_are_requests(value: Any) -> None:
    parsed = jsonrpc.parse(orjson.dumps(value))
    if isinstance(value, list) and value:
        assert isinstance(parsed, Batch)
        return
    legal = (
        isinstance(value, dict)
        and isinstance(value.get("method"), str)
        and not isinstance(value.get("id"), bool | dict | list)
    )
    assert isinstance(parsed, Request if legal else Invalid)


@given(st.data())
def test_the_parts_of_a_batch_are_read_as_each_would_be_alone(data: st.DataObject) -> None:
    texts = data.draw(st.lists(requests().map(lambda written: written.text) | VALUES.flatmap(text_of), min_size=1))
    batch = jsonrpc.parse(b"[%b]" % b" , ".join(texts))
    assert isinstance(batch, Batch)
    for item, text in zip(batch.items, texts, strict=True):
        alone = jsonrpc.parse(text)
        assert item == alone or isinstance(orjson.loads(text), list)


# ---- failures ------------------------------------------------------------------------------------------------


@given(st.data(), st.integers(-32700, 4) | st.just(jsonrpc.INTERNAL_ERROR), VALUES, IDS)
def test_that_a_node_failed_by_itself_is_read_off_the_code_in_every_layout(
    data: st.DataObject, code: int, more: Any, raw_id: bytes
) -> None:
    error = data.draw(object_of(data.draw(st.permutations([("code", b"%d" % code), ("message", b'"it failed"')]))))
    members = [("jsonrpc", b'"2.0"'), ("id", raw_id), ("error", error)]
    text = data.draw(object_of(data.draw(st.permutations(members))))
    # white space may push the code further out than any node would
    assert jsonrpc.is_internal_error(text) == (code == jsonrpc.INTERNAL_ERROR and b"-32603" in text[:256])
    packed = gzip.compress(text)
    assert jsonrpc.is_internal_error(packed) == jsonrpc.is_internal_error(text)
    assert not jsonrpc.is_internal_error(packed[: data.draw(st.integers(0, len(packed) - 1))])
    assert not jsonrpc.is_internal_error(data.draw(object_of([("id", raw_id), ("result", data.draw(text_of(more)))])))


# ---- what nodes send --------------------------------------------------------------------------------------------


@given(st.data(), st.integers(0, 2**53), st.sampled_from(["result", "error"]), VALUES, IDS)
def test_an_answer_is_read_in_every_layout_and_takes_the_clients_id(
    data: st.DataObject, number: int, kind: str, value: Any, client_id: bytes
) -> None:
    node_id = b"%d" % number if data.draw(st.booleans()) else b'"%d"' % number
    members = [("jsonrpc", b'"2.0"'), ("id", node_id), (kind, data.draw(text_of(value)))]
    text = data.draw(object_of(members if data.draw(st.booleans()) else data.draw(st.permutations(members))))
    answer = jsonrpc.read_node(text)
    assert isinstance(answer, NodeAnswer)
    assert answer.id == b"%d" % number
    assert answer.is_error == (kind == "error")
    told = orjson.loads(text[: answer.start] + client_id + text[answer.end :])
    assert told == {"jsonrpc": "2.0", "id": orjson.loads(client_id), kind: value}


@given(st.data(), TEXT | st.integers(0, 2**53), VALUES)
def test_an_event_is_read_in_every_layout_and_takes_the_clients_subscription(
    data: st.DataObject, name: str | int, value: Any
) -> None:
    inner = [("subscription", data.draw(text_of(name))), ("result", data.draw(text_of(value)))]
    params = data.draw(object_of(data.draw(st.permutations(inner))))
    members = [("jsonrpc", b'"2.0"'), ("method", b'"eth_subscription"'), ("params", params)]
    text = data.draw(object_of(members if data.draw(st.booleans()) else data.draw(st.permutations(members))))
    event = jsonrpc.read_node(text)
    assert isinstance(event, NodeEvent)
    assert event.subscription == orjson.dumps(name), "one name, however it is escaped"
    told = orjson.loads(text[: event.start] + b'"ours"' + text[event.end :])
    assert told["params"] == {"subscription": "ours", "result": value}


FRAMES = st.sampled_from(
    [
        b'{"jsonrpc":"2.0","id":12,"result":"0x1"}',
        b'{"jsonrpc":"2.0","id":12,"error":{"code":1,"message":"\\u00fc"}}',
        b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"a":[1,"}"]}}}',
        b'{"params":{"result":1,"subscription":7},"method":"eth_subscription","jsonrpc":"2.0"}',
        b'{"id":null,"error":{}}',
    ]
)


@given(st.binary() | damaged(FRAMES) | damaged(damaged(FRAMES)) | VALUES.map(orjson.dumps))
def test_no_bytes_of_a_node_raise(text: bytes) -> None:
    frame = jsonrpc.read_node(text)
    if frame is not None:
        assert 0 <= frame.start < frame.end <= len(text)


# ---- what we say ------------------------------------------------------------------------------------------------


@given(st.none() | IDS, st.integers(-(2**31), 2**31), TEXT, st.none() | st.dictionaries(TEXT, VALUES, max_size=3))
def test_an_error_of_ours_is_an_answer(
    raw_id: bytes | None, code: int, message: str, more: dict[str, Any] | None
) -> None:
    text = jsonrpc.error_body(raw_id, code, message, more)
    assert b'"id":' + (raw_id or b"null") in text
    expected: dict[str, Any] = {"code": code, "message": message} | ({} if more is None else {"data": more})
    assert orjson.loads(text)["error"] == expected


@given(
    st.sampled_from(["eth_send", "eth_sign", "personal_", "admin_", "miner_", "debug_set", "engine_", "eth_new", "x"]),
    st.text(max_size=12),
)
def test_nothing_that_may_change_anything_is_a_read(space: str, rest: str) -> None:
    assert not jsonrpc.is_read(space + rest)
