"""JSON-RPC as bytes, by example; what holds of all of it is in test_jsonrpc_properties."""

from __future__ import annotations

import orjson
import pytest

from proxy import jsonrpc, spans
from proxy.jsonrpc import Batch, Invalid, NodeAnswer, NodeEvent, Request
from tests.proxy.recursion import DEEPER, recursion_limit


@pytest.mark.parametrize(
    "method",
    [
        "eth_call", "eth_blockNumber", "eth_getLogs", "eth_getBalance", "eth_feeHistory", "eth_chainId", "net_version",
        "web3_clientVersion", "txpool_status", "debug_traceTransaction", "trace_filter", "eth_estimateGas",
    ],
)  # fmt: skip
def test_what_may_be_sent_twice(method: str) -> None:
    assert jsonrpc.is_read(method)


@pytest.mark.parametrize(
    "method",
    [
        "eth_sendRawTransaction", "eth_sendTransaction", "eth_sign", "personal_unlockAccount", "admin_addPeer",
        "miner_start", "debug_setHead", "eth_newFilter", "eth_getFilterChanges", "eth_uninstallFilter",
        "eth_subscribe", "eth_unsubscribe", "eth_callX", "ETH_CALL", "eth_", "", "engine_newPayloadV4",
    ],
)  # fmt: skip
def test_what_may_not_be_sent_twice(method: str) -> None:
    assert not jsonrpc.is_read(method)


@pytest.mark.parametrize("method", ["eth_call", "eth_subscribe"])
def test_what_is_nested_too_deep_is_refused_whatever_the_recursion_limit(method: str) -> None:
    deep = b'{"jsonrpc":"2.0","id":1,"method":"%b","params":%b}' % (method.encode(), b"[" * 2000 + b"]" * 2000)
    with recursion_limit(DEEPER):
        parsed = jsonrpc.parse(deep)
    assert isinstance(parsed, Invalid)
    assert orjson.loads(parsed.answer)["error"]["code"] == jsonrpc.PARSE_ERROR


def test_a_key_written_with_escapes_is_the_same_key() -> None:
    request = jsonrpc.parse(rb'{"\u0069d":5,"method":"a","params":{"id":6}}')
    assert isinstance(request, Request)
    assert request.text(b"7") == rb'{"\u0069d":7,"method":"a","params":{"id":6}}'


def test_the_last_of_two_ids_counts() -> None:
    request = jsonrpc.parse(b'{"id":1,"method":"a","id":2}')
    assert isinstance(request, Request)
    assert request.id == b"2"


def test_a_request_without_method_keeps_its_id_in_the_error() -> None:
    parsed = jsonrpc.parse(b'{"id":1.0}')
    assert isinstance(parsed, Invalid)
    assert b'"id":1.0,' in parsed.answer


def test_a_batch_keeps_texts_as_they_are() -> None:
    batch = jsonrpc.parse(b'[ {"id" : 1 , "method":"a"} ,\n{"method":"b"}, 3 ]')
    assert isinstance(batch, Batch)
    first, second, third = batch.items
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert first.text(b"9") == b'{"id" : 9 , "method":"a"}'
    assert (second.id, second.text(b"9")) == (None, b'{"method":"b"}')
    assert isinstance(third, Invalid)


@pytest.mark.parametrize("text", [b"[]", b"", b"{", b"nul", b"\xff", b'{"a":1}{', b"[1", b'{"id":1,"method":"a",}'])
def test_what_is_no_json_or_no_request_is_invalid(text: bytes) -> None:
    parsed = jsonrpc.parse(text)
    assert isinstance(parsed, Invalid)
    assert orjson.loads(parsed.answer)["id"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":1}', b"7"),
        (b'{"jsonrpc":"2.0","id":"7","result":1}', b"7"),
        (b'{"error":{"id":8},"id":7}', b"7"),
        (b'{"id":null,"error":{}}', b"null"),
        (b'{"jsonrpc":"2.0","id":7,"result":null,"error":{"code":-32603}}', b"7"),
        (b'{"jsonrpc":"2.0","result":null,"error":{"code":-32603},"id":7}', b"7"),
        (b'{"jsonrpc":"2.0","id":7,"result":null}', b"7"),
    ],
)
def test_answers(text: bytes, expected: bytes) -> None:
    answer = jsonrpc.read_node(text)
    assert isinstance(answer, NodeAnswer)
    assert answer.id == expected
    assert answer.is_error == ("error" in orjson.loads(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":1}}', b'"0x1"'),
        (b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":15,"result":1}}', b"15"),
        (b'{"method":"eth_subscription","params":{"result":{"subscription":2},"subscription":"0x1"}}', b'"0x1"'),
        (rb'{"method":"eth_subscription","params":{"subscription":"\u0030x1"}}', b'"0x1"'),
    ],
)
def test_events(text: bytes, expected: bytes) -> None:
    event = jsonrpc.read_node(text)
    assert isinstance(event, NodeEvent)
    assert event.subscription == expected


@pytest.mark.parametrize(
    "text", [b"", b"7", b"[]", b"{", b"{}", b'{"id":1}', b'{"id":1,"method":"x"}', b'{"params":[]}', b'{"params":{}}']
)
def test_what_is_neither(text: bytes) -> None:
    assert jsonrpc.read_node(text) is None


def test_a_number_that_no_double_holds_is_the_nodes_to_refuse() -> None:
    request = jsonrpc.parse(b'{"jsonrpc":"2.0","id":7,"method":"eth_subscribe","params":[1e999]}')
    assert isinstance(request, Request)
    assert request.params is None


@pytest.mark.parametrize("member", [b'"result":[{"a,\\"id\\":1":7}]', b'"error":{"code":3,"id":5}'])
@pytest.mark.parametrize(
    "around",
    [
        b'{"jsonrpc":"2.0",%b,"id":1234}',
        b'{"jsonrpc": "2.0", %b, "id": 1234}',
        b'{\n  "jsonrpc" : "2.0",\n  %b,\n  "id" : "1234"\n}\n',
    ],
)
def test_an_answer_with_its_id_last_costs_no_walk_through_it(
    around: bytes, member: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = around % member
    by_hand = spans.value_span(data, "id")
    monkeypatch.setattr(jsonrpc, "value_span", None)
    assert jsonrpc.read_node(data) == jsonrpc.NodeAnswer(b"1234", *by_hand, b"error" in member)


@pytest.mark.parametrize("member", [b'"result": [{"a,\\"id\\":1":7}]', b'"error" : {"code":3,"id":5}'])
@pytest.mark.parametrize(
    "before", [b'{\n  "jsonrpc" : "2.0",\n  "id" : %b,\n', b'{"id":%b,"jsonrpc":"2.0",', b'{"id": %b, ']
)
@pytest.mark.parametrize("node_id", [b"1234", b'"1234"'])
def test_a_roomy_answer_costs_no_walk_through_it(
    before: bytes, node_id: bytes, member: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = before % node_id + member + b"\n}\n"
    by_hand = spans.value_span(data, "id")
    monkeypatch.setattr(jsonrpc, "value_span", None)
    assert jsonrpc.read_node(data) == jsonrpc.NodeAnswer(b"1234", *by_hand, b"error" in member)


def test_a_long_request_is_read_whatever_is_in_it() -> None:
    text = rb'{"id":1,"method":"a","params":["\n",{"id":5}%b],"id" : 2.0 }' % (b",{}" * 500_000)
    assert jsonrpc.parse(text) == Request(b"2.0", "a", text, len(text) - 5, len(text) - 2)
    parsed = jsonrpc.parse(b"[%b , %b]" % (text, text), 2)
    assert isinstance(parsed, Batch)
    assert [item.data for item in parsed.items if isinstance(item, Request)] == [text, text]


@pytest.mark.parametrize("around", [b"%b", b"[%b]"])
def test_what_is_nested_deeper_than_the_interpreter_goes_is_refused(around: bytes) -> None:
    deep = rb'{"id":1,"method":"a","params":["\n",%b]}' % (b"[" * 1000 + b"]" * 1000)
    with recursion_limit(500):
        parsed = jsonrpc.parse(around % deep)
        assert jsonrpc.read_node(deep.replace(b"method", b"x").replace(b"}", b',"result":1}')) is None
    assert isinstance(parsed, Invalid)
    assert orjson.loads(parsed.answer)["error"]["code"] == jsonrpc.PARSE_ERROR


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}', True),
        (b'{"jsonrpc":"2.0","error":{"message":"oops","code":-32603},"id":1}', True),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"-32603"}}', False),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted","data":"-32603"}}', False),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"header not found"}}', False),
        (b'{"jsonrpc":"2.0","id":1,"result":{"error":{"code":-32603}}}', False),
        (b'{"jsonrpc":"2.0","id":1,"error":-32603}', False),
        (b"[-32603]", False),
        (b"-32603", False),
        (b'{"code":-32603', False),
        (b"", False),
    ],
)
def test_h8_only_the_code_for_it_says_that_the_node_itself_failed(answer: bytes, expected: bool) -> None:
    assert jsonrpc.is_internal_error(answer) is expected
