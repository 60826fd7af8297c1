"""What is read quickly is what is read thoroughly, however near a text comes to the usual without being it."""

from __future__ import annotations

from typing import Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.jsonrpc import NodeAnswer, NodeEvent, Request
from tests.proxy import nearlyusual
from tests.proxy.jsontexts import damaged, requests
from tests.proxy.recursion import DEEPER, recursion_limit

# each of the many ways to differ from the usual must be drawn, alone and with others; a text takes no time to read
THOROUGH: Final = settings(max_examples=max(1000, settings().max_examples))


# ---- what clients send ------------------------------------------------------------------------------------------


@given(st.binary() | requests().flatmap(lambda written: st.just(written.text) | damaged(st.just(written.text))))
def test_a_text_is_read_alike_quickly_and_thoroughly(text: bytes) -> None:
    assert jsonrpc.parse(text) == jsonrpc._parse(text)


@THOROUGH
@given(nearlyusual.requests() | damaged(nearlyusual.requests()), st.sampled_from([None, 0, 1]))
def test_a_nearly_usual_text_is_read_alike_quickly_and_thoroughly(text: bytes, most: int | None) -> None:
    with recursion_limit(DEEPER):
        assert jsonrpc.parse(text, most) == jsonrpc._parse(text, most)


@THOROUGH
@given(nearlyusual.requests())
def test_a_nearly_usual_request_is_what_is_written_and_takes_another_id(text: bytes) -> None:
    request = jsonrpc.parse(text)
    if not isinstance(request, Request):
        return
    value = orjson.loads(text)
    assert (request.method, request.params) == (value["method"], value.get("params"))
    if request.id is None:
        assert "id" not in value
        assert request.text(b"9") == text
        return
    assert repr(orjson.loads(request.id)) == repr(value["id"]), "1 is not 1.0"
    assert request.text(request.id) == text
    assert orjson.loads(request.text(b'"ours"')) == value | {"id": "ours"}


# ---- what nodes send --------------------------------------------------------------------------------------------


@THOROUGH
@given(nearlyusual.node_frames())
def test_a_nearly_usual_frame_of_a_node_is_what_is_written(text: bytes) -> None:
    value, frame = orjson.loads(text), jsonrpc.read_node(text)
    if "id" in value and not value.keys().isdisjoint({"result", "error"}):
        assert isinstance(frame, NodeAnswer)
        assert repr(orjson.loads(text[frame.start : frame.end])) == repr(value["id"])
        assert frame.id == text[frame.start : frame.end].strip(b'"')
        # who has both is odd enough, and may be taken for either
        assert frame.is_error == ("error" in value) or {"result", "error"} <= value.keys()
        assert orjson.loads(text[: frame.start] + b'"ours"' + text[frame.end :]) == value | {"id": "ours"}
    elif isinstance(value.get("params"), dict) and "subscription" in value["params"]:
        assert isinstance(frame, NodeEvent)
        assert frame.subscription == orjson.dumps(value["params"]["subscription"]), "one name, however it is written"
        told = orjson.loads(text[: frame.start] + b'"ours"' + text[frame.end :])
        assert told == value | {"params": value["params"] | {"subscription": "ours"}}
    else:
        assert frame is None
