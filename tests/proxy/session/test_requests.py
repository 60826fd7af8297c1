"""Every request gets exactly one answer under its own id: at a switch, without a node, in batches, in time."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy import jsonrpc
from proxy.session import Settings
from proxy.session import events as ev
from tests.proxy.session.stage import Stage

mode = pytest.mark.mode

IDS = [
    b"0", b"-1", b"-0", b"9007199254740993", b"18446744073709551616", b"1.0", b"1e3", b"1E+3", b"0.1e-7",
    b'"1"', b'""', b'"\\u0031\\n\\"]}{["', '"ü"'.encode(), b"null",
]  # fmt: skip


def request(raw_id: bytes, method: bytes = b"eth_chainId", params: bytes = b"[]") -> bytes:
    return b'{"id": %b ,"jsonrpc":"2.0","method":"%b","params":%b}' % (raw_id, method, params)


def chain_id(raw_id: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":"0x539"}' % raw_id


@mode("S6")
@pytest.mark.parametrize("raw_id", IDS)
def test_ids_come_back_digit_for_digit_before_and_after_a_switch(raw_id: bytes) -> None:
    stage = Stage().start()
    stage.send(request(raw_id))
    stage["P1"].holds = {"*"}
    stage.send(request(raw_id))
    stage["P1"].drop()
    stage.send(request(raw_id))
    stage.wait(0.1)
    stage.send(request(raw_id))
    assert stage.frames == [chain_id(raw_id)] * 4


@mode("S6")
def test_a_node_never_sees_a_clients_id() -> None:
    stage = Stage("P1").start()
    for raw_id in IDS:
        stage.send(request(raw_id))
    assert [asked.id for asked in stage["P1"].asked] == list(range(1, len(IDS) + 1))


@mode("S6")
def test_an_id_may_be_reused_at_once_even_while_it_is_in_use() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.ask("eth_call", "first", id=1)
    stage.ask("eth_call", "second", id=1)
    stage["P1"].release("eth_call", "one")
    stage["P1"].release("eth_call", "two")
    assert [(answer["id"], answer["result"]) for answer in stage.answers()] == [(1, "one"), (1, "two")]


@mode("S6")
@pytest.mark.parametrize("raw_id", [b"true", b"[1]", b'{"a":1}'])
def test_an_id_of_no_legal_type_is_an_invalid_request(raw_id: bytes) -> None:
    stage = Stage("P1").start()
    stage.send(request(raw_id))
    [answer] = stage.answers()
    assert (answer["id"], answer["error"]["code"]) == (None, -32600)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", -32700), (b"{", -32700), (b'{"id":1,"method":"a"}x', -32700),
        (b"1", -32600), (b'"a"', -32600), (b"null", -32600), (b"[]", -32600), (b"{}", -32600),
        (b'{"id":1}', -32600), (b'{"id":1,"method":2}', -32600), (b"[" * 2000, -32700),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_by_us(text: bytes, code: int) -> None:
    stage = Stage("P1").start()
    stage.send(text)
    [answer] = stage.answers()
    assert answer["error"]["code"] == code
    assert stage["P1"].asked == []


@mode("C3")
def test_what_is_no_text_closes_with_1007() -> None:
    stage = Stage("P1").start()
    stage.send(b'{"id":1,"method":"\xff"}')
    assert stage.closed is not None
    assert stage.closed.code == 1007


@mode("S7")
def test_a_mixed_batch_is_answered_whole_in_order_and_without_its_notifications() -> None:
    stage = Stage("P1").start()
    stage.send(
        b'[ {"id":1.0,"method":"eth_chainId"}, 7, {"method":"eth_chainId"}, {"id":"x","method":3},'
        b' {"id":null,"method":"eth_nothing"} , [] ]'
    )
    [frame] = stage.frames
    assert frame.startswith(b'[{"jsonrpc":"2.0","id":1.0,"result":"0x539"}')
    parts = orjson.loads(frame)
    assert [part["id"] for part in parts] == [1.0, None, "x", None, None]
    assert [part.get("error", {}).get("code") for part in parts] == [None, -32600, -32600, -32601, -32600]
    assert stage["P1"].methods() == ["eth_chainId", "eth_chainId", "eth_nothing"]


@mode("S7")
def test_notifications_are_passed_on_and_not_answered() -> None:
    stage = Stage("P1").start()
    stage.send(b'{"method":"eth_chainId"}')
    stage.send(b'[{"method":"eth_chainId"},{"method":"net_version"}]')
    stage.wait(31)
    assert stage.frames == []
    assert stage["P1"].methods() == ["eth_chainId", "eth_chainId", "net_version"]
    assert stage.session.open_calls == 0


@mode("S7")
def test_a_batch_of_nothing_but_nonsense_is_answered() -> None:
    stage = Stage("P1").start()
    stage.send(b"[1,2]")
    assert [part["error"]["code"] for part in stage.answers()[0]] == [-32600, -32600]


@mode("S7")
def test_a_batch_over_the_limit_is_refused_whole() -> None:
    stage = Stage("P1", settings=Settings(max_batch=2)).start()
    stage.send(b"[1,2,3]")
    [answer] = stage.answers()
    assert answer["error"]["code"] == -32600
    assert "2 requests" in answer["error"]["message"]


@mode("issue 1", "L9")
def test_requests_of_the_window_between_two_nodes_are_all_answered_in_order() -> None:
    stage = Stage("P1", "B1").start()
    stage["B1"].silent = True
    stage.lose("P1")
    for number in range(100):
        stage.ask("eth_chainId", id=number)
        stage.wait(0.02)
    assert stage.take() == []
    stage.revive("B1")
    stage.wait(2)
    assert [answer["id"] for answer in stage.answers()] == list(range(100))
    assert stage.counts["ws_queue_size"] == 0
    assert stage.counts["ws_messages_queued"] == 100


@mode("L9")
def test_what_a_lost_link_owed_is_asked_of_the_next_node_before_what_waits() -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].holds = {"*"}
    for number in range(3):
        stage.ask("eth_chainId", id=number)
    stage["P1"].drop()
    stage.ask("eth_chainId", id=3)
    stage.wait(0.1)
    assert [answer["id"] for answer in stage.answers()] == [0, 1, 2, 3]
    assert stage.counts["ws_requests_resent"] == 3


@mode("L9")
def test_what_an_older_link_owed_goes_before_what_came_later() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage["B1"].holds = {"*"}
    for number in range(2):
        stage.ask("eth_chainId", id=number)
    stage.route("P1", "B1")
    stage.wait(0.3)
    stage.lose("P1")
    stage.ask("eth_chainId", id=2)
    stage["B1"].drop()
    stage["B1"].holds.clear()
    stage.wait(1)
    assert [answer["id"] for answer in stage.answers()] == [0, 1, 2]


@mode("L9")
def test_a_batch_whose_parts_were_at_two_nodes_is_answered_once_and_whole() -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].holds = {"eth_call"}
    stage.send(b"[%b,%b]" % (request(b"1"), request(b"2", b"eth_call", b'[{"to":"0x"},"latest"]')))
    assert stage.take() == []
    stage["P2"].holds = {"eth_call"}
    stage["P1"].drop()
    stage.wait(0.1)
    stage["P2"].release("eth_call", "0x2a")
    [[first, second]] = stage.answers()
    assert (first["id"], first["result"], second["id"], second["result"]) == (1, "0x539", 2, "0x2a")
    assert stage["P2"].methods() == ["eth_call"]


@mode("L9")
def test_what_a_link_that_was_left_still_owed_goes_to_the_new_one_when_it_dies() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage["B1"].holds = {"eth_chainId", "eth_sendRawTransaction"}
    stage.ask("eth_chainId", id=1)
    stage.ask("eth_sendRawTransaction", "0x", id=2)
    stage.route("P1", "B1")
    stage.wait(0.3)
    assert stage.carrier == "P1"
    stage["B1"].drop()
    answers = {answer["id"]: answer for answer in stage.answers()}
    assert answers[1]["result"] == "0x539"
    assert answers[2]["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "personal_sign", "eth_newFilter", "acme_unheardOf"])
def test_what_is_no_read_is_written_once_and_its_loss_is_told(method: str) -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].holds = {method}
    stage.ask(method, "0x", id="tx")
    stage["P1"].drop()
    [answer] = stage.answers()
    assert answer["id"] == "tx"
    assert answer["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN
    assert answer["error"]["data"] == {"promise": "sends_once", "node": "P1", "maybe_executed": True}
    stage.wait(40)
    assert stage.take() == []
    assert stage["P2"].asked == []


def test_a_send_that_waited_is_written_to_the_next_node() -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].drop()
    stage.ask("eth_sendRawTransaction", "0x", id=1)
    stage.wait(0.1)
    assert stage["P2"].methods() == ["eth_sendRawTransaction"]


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_read_is_sent_to_as_many_other_nodes_as_are_allowed(retries: int) -> None:
    stage = Stage("P1", "P2", "B1", "B2", settings=Settings(max_retries=retries)).start()
    for node in stage.nodes.values():
        node.holds = {"eth_chainId"}
    stage.ask("eth_chainId")
    for _ in range(retries):
        stage[stage.carrier or ""].drop()
        stage.wait(0.1)
        assert stage.take() == []
    stage[stage.carrier or ""].drop()
    [answer] = stage.answers()
    assert answer["error"]["code"] == jsonrpc.NODE_FAILED
    assert answer["error"]["data"]["maybe_executed"] is False
    assert sum(len(node.asked) for node in stage.nodes.values()) == retries + 1


def test_an_application_error_is_an_answer_and_never_retried() -> None:
    stage = Stage("P1", "P2").start()
    assert stage.call("eth_nothing")["error"]["code"] == -32601
    assert stage["P2"].asked == []


@mode("L12")
def test_without_any_node_every_request_gets_an_error_in_time() -> None:
    stage = Stage("P1", settings=Settings(request_timeout=3)).start()
    stage.lose("P1")
    stage.route()
    stage.ask("eth_chainId", id=1)
    stage.ask("eth_sendRawTransaction", "0x", id=2)
    stage.wait(2.99)
    assert stage.take() == []
    stage.wait(0.02)
    for answer in stage.answers():
        assert answer["error"]["code"] == jsonrpc.TIMED_OUT
        assert answer["error"]["data"] == {"promise": "answered_once", "node": None, "maybe_executed": False}
    assert stage.counts["ws_queue_size"] == 0


@mode("L12")
def test_a_node_that_returns_in_time_answers_what_waited() -> None:
    stage = Stage("P1").start()
    stage.lose("P1")
    stage.ask("eth_chainId", id=1)
    stage.wait(10)
    stage.revive("P1")
    stage.wait(15)
    assert [answer["result"] for answer in stage.answers()] == ["0x539"]


@pytest.mark.parametrize(("method", "maybe"), [("eth_call", False), ("eth_sendRawTransaction", True)])
def test_an_answer_that_does_not_come_in_time_is_an_error_and_comes_not_twice(method: str, maybe: bool) -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {method}
    stage.ask(method)
    stage.wait(30.01)
    [answer] = stage.answers()
    assert answer["error"]["code"] == jsonrpc.TIMED_OUT
    assert answer["error"]["data"] == {"promise": "answered_once", "node": "P1", "maybe_executed": maybe}
    stage["P1"].release_all()
    assert stage.take() == []
    assert stage.counts["ws_strangers_dropped"] == 1
    assert stage.carrier == "P1"


def test_a_part_of_a_batch_that_times_out_is_an_error_in_its_place() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.send(b"[%b,%b,%b]" % (request(b"1"), request(b"2", b"eth_call"), request(b"3")))
    stage.wait(31)
    [parts] = stage.answers()
    assert [part["id"] for part in parts] == [1, 2, 3]
    assert ["error" in part for part in parts] == [False, True, False]


@mode("C4")
def test_what_does_not_fit_the_queue_is_refused_at_once_and_counted() -> None:
    stage = Stage("P1").start()
    stage.lose("P1")
    for number in range(1500):
        stage.ask("eth_chainId", id=number)
    refused = stage.answers()
    assert [answer["id"] for answer in refused] == list(range(1000, 1500))
    assert {answer["error"]["code"] for answer in refused} == {jsonrpc.QUEUE_FULL}
    assert refused[0]["error"]["data"] == {"promise": "bounded", "node": None, "maybe_executed": False}
    assert stage.counts["ws_queue_full"] == 500
    assert stage.counts["ws_queue_size"] == 1000
    stage.revive("P1")
    stage.wait(1)
    assert [answer["id"] for answer in stage.answers()] == list(range(1000))


@mode("C4")
def test_open_requests_are_bounded_in_bytes_with_or_without_a_node() -> None:
    stage = Stage("P1", settings=Settings(queue_max_bytes=10_000)).start()
    stage["P1"].holds = {"eth_call"}
    for number in range(3):
        stage.ask("eth_call", "0x" + "00" * 2_000, id=number)
    assert [(answer["id"], answer["error"]["code"]) for answer in stage.answers()] == [(2, jsonrpc.QUEUE_FULL)]
    stage["P1"].release("eth_call", "0x")
    stage.ask("eth_call", "0x" + "00" * 2_000, id=4)
    assert [answer["id"] for answer in stage.answers()] == [0]
    stage.ask("eth_call", id="i" * 9_000)
    assert stage.answers()[0]["error"]["code"] == jsonrpc.QUEUE_FULL, "an id has a size, too"


@mode("C4")
def test_parts_of_a_batch_that_do_not_fit_are_refused_in_their_places() -> None:
    stage = Stage("P1", settings=Settings(queue_max_messages=1)).start()
    stage.lose("P1")
    stage.send(b"[%b,%b,%b]" % (request(b"1"), request(b"2"), b'{"method":"eth_chainId"}'))
    assert stage.take() == []
    stage.revive("P1")
    stage.wait(1)
    [[first, second]] = stage.answers()
    assert (first["result"], second["error"]["code"]) == ("0x539", jsonrpc.QUEUE_FULL)


def test_what_is_over_does_not_pile_up_behind_one_slow_call() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.ask("eth_call")
    for number in range(1000):
        stage.ask("eth_chainId", id=number)
    assert len(stage.session._desk._deadlines) < 100


ANSWERS: list[tuple[bytes, Any]] = [
    (b'{"jsonrpc":"2.0","id":1,"result":"0x1"}', "0x1"),
    (b'{"result": "0x1", "id": 1}', "0x1"),
    (b'{"jsonrpc":"2.0","id":"1","result":"0x1"}', "0x1"),
    (b' { "id" : "1" , "error" : {"code":3,"data":{"id":9}} } ', None),
    (b'{"result":{"id":5,"params":{"subscription":7}},"id":1}', {"id": 5, "params": {"subscription": 7}}),
]


@pytest.mark.parametrize(("text", "result"), ANSWERS)
def test_answers_of_every_layout_reach_the_client_with_its_own_id(text: bytes, result: Any) -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"*"}
    stage.ask("eth_call", id="mine")
    stage["P1"].tell(ev.UpstreamSent(1, text))
    [answer] = stage.answers()
    assert answer["id"] == "mine"
    assert answer.get("result") == result


def test_an_answer_that_comes_twice_is_given_once() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"*"}
    stage.ask("eth_call")
    for _ in range(2):
        stage["P1"].tell(ev.UpstreamSent(1, ANSWERS[0][0]))
    assert len(stage.frames) == 1
    assert stage.counts["ws_strangers_dropped"] == 1
