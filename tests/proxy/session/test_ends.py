"""How a session ends, and what no peer can do to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

import proxy.session
from proxy import jsonrpc
from proxy.config import Config
from proxy.session import State
from proxy.session import events as ev
from proxy.shell.metrics import Metrics
from tests.proxy.session.stage import Stage

mode = pytest.mark.mode


@mode("C6")
def test_a_drained_session_closes_with_1001_after_its_last_answer() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.ask("eth_call", id=1)
    stage.apply(ev.DrainBegan())
    assert stage.session.state is not State.CLOSED
    assert stage.call("eth_chainId")["result"], "what comes meanwhile is served"
    stage["P1"].release_all()
    assert [answer["id"] for answer in stage.answers()] == [1]
    assert stage.closed is not None
    assert stage.closed.code == 1001
    assert stage["P1"].links == {}


@mode("C6")
def test_a_drained_session_without_requests_closes_at_once() -> None:
    stage = Stage("P1").start()
    stage.apply(ev.DrainBegan())
    assert stage.closed is not None
    assert stage.closed.code == 1001


@mode("C6")
def test_a_drained_session_without_a_node_closes_when_its_requests_are_overdue() -> None:
    stage = Stage("P1").start()
    stage.lose("P1")
    stage.ask("eth_call", id=1)
    stage.apply(ev.DrainBegan())
    stage.wait(31)
    assert stage.answers()[0]["error"]["code"] == jsonrpc.TIMED_OUT
    assert stage.closed is not None


@mode("C2")
def test_a_slow_reader_is_cut_off_with_1013() -> None:
    stage = Stage("P1").start()
    stage.subscribe("newHeads")
    stage.apply(ev.ClientFellBehind())
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert stage.counts["ws_slow_clients"] == 1


@mode("C3")
@pytest.mark.parametrize("code", [1002, 1007, 1009])
def test_a_client_that_breaks_the_protocol_is_told_how(code: int) -> None:
    stage = Stage("P1").start()
    stage.apply(ev.ClientErred(code, "broken"))
    assert stage.closed == ev.CloseClient(code, "broken")
    assert stage.session.state is State.CLOSED


@mode("C1")
def test_a_client_that_leaves_leaves_nothing_behind() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage.subscribe("newHeads")
    stage["B1"].holds = {"eth_call"}
    stage.ask("eth_call")
    stage.route("P1", "B1")
    stage.wait(0.3)
    stage.ask("eth_call")
    stage.apply(ev.ClientLeft())
    assert stage["P1"].links == stage["B1"].links == {}
    assert stage.carrier is None
    assert stage.counts["ws_subscriptions_active"] == 0
    assert stage.counts["ws_queue_size"] == 0
    assert stage.session.wake == float("inf")


def test_a_client_that_leaves_while_its_requests_wait_leaves_no_queue() -> None:
    stage = Stage("P1").start()
    stage.lose("P1")
    stage.ask("eth_call")
    stage.apply(ev.ClientLeft())
    assert stage.counts["ws_queue_size"] == 0


def test_a_dial_that_is_under_way_is_given_up_with_the_session() -> None:
    stage = Stage("P1")
    stage["P1"].silent = True
    stage.start()
    assert stage["P1"].dialling
    stage.apply(ev.ClientLeft())
    assert stage["P1"].dialling == []


EVENTS: list[ev.Event] = [
    ev.ClientSent(b'{"id":1,"method":"eth_chainId"}'),
    ev.UpstreamOpened(1),
    ev.UpstreamSent(1, b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'),
    ev.UpstreamLost(1, "gone"),
    ev.TimePassed(),
    ev.DrainBegan(),
    ev.ClientLeft(),
    ev.ClientErred(1002, "again"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_nothing_follows_the_end(event: ev.Event) -> None:
    stage = Stage("P1").start()
    stage.apply(ev.ClientLeft())
    assert stage.session.apply(event, stage.now) == []


BROKEN = [
    b"",
    b"\xff\xfe",
    b"[]",
    b"7",
    b'{"jsonrpc":"2.0","id":null,"error":{}}',
    b'{"jsonrpc":"2.0","id":{"a":[1]},"result":1}',
    b'{"jsonrpc":"2.0","id":99,"result":1}',
    b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1",',
    b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":1},"params":7}',
    b'{"method":"eth_subscription","params":{"subscription":{"a":1},"result":1}}',
    b'{"method":"eth_subscription","params":[]}',
    b'{"id":[[',
]


@pytest.mark.parametrize("text", BROKEN)
def test_nonsense_of_a_node_reaches_nobody(text: bytes) -> None:
    stage = Stage("P1").start()
    heads = stage.subscribe("newHeads")
    stage.take()
    stage.apply(ev.UpstreamSent(1, text))
    assert stage.take() == []
    assert stage.grow()[0].hash in stage.heads(heads)


@pytest.mark.parametrize(
    "garbage",
    [
        b'{"jsonrpc":"2.0","id":%b,"result":',
        b'{"jsonrpc":"2.0","id":%b,"result":"0x1"}}',
        b'{"jsonrpc":"2.0","id":%b,"result":\xff}',
    ],
)
@pytest.mark.parametrize("method", ["eth_subscribe", "eth_getBlockByNumber"])
def test_a_node_that_breaks_json_where_it_matters_is_left(garbage: bytes, method: str) -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].holds = {method}
    stage.ask("eth_subscribe", "newHeads", id=1)
    [asked] = stage["P1"].held
    stage.apply(ev.UpstreamSent(1, garbage % b"%d" % asked.id))
    stage.wait(0.3)
    assert stage.carrier == "P2"
    [answer] = stage.answers()
    assert stage.grow()[0].hash in stage.heads(answer["result"])


@pytest.mark.parametrize("text", [b'{"subscription":"%b","result":', b'{"subscription":"%b","result":1}},'])
def test_a_node_that_breaks_json_in_its_heads_is_left(text: bytes) -> None:
    stage = Stage("P1", "P2").start()
    heads = stage.subscribe("newHeads")
    [(epoch, name, _)] = stage["P1"].streams("newHeads")
    stage.apply(ev.UpstreamSent(epoch, b'{"jsonrpc":"2.0","method":"eth_subscription","params":' + text % name))
    stage.wait(0.3)
    assert stage.carrier == "P2"
    assert stage.grow()[0].hash in stage.heads(heads)


def test_what_a_node_sends_that_is_no_text_does_not_cost_the_client_its_connection() -> None:
    stage = Stage("P1", "P2", "B1").start()
    pending = stage.subscribe("newPendingTransactions")
    stage["P1"].holds = {"eth_call"}
    stage.ask("eth_call", id=1)
    [asked] = stage["P1"].held
    stage.apply(ev.UpstreamSent(1, b'{"jsonrpc":"2.0","id":%d,"result":"\xff"}' % asked.id))
    stage.wait(0.3)
    assert ([answer["id"] for answer in stage.answers()], stage.carrier) == ([1], "P2")
    [(epoch, name, _)] = stage["P2"].streams("newPendingTransactions")
    stage.apply(ev.UpstreamSent(epoch, stage["P2"].dialect.announced(name, b'"\xff"')))
    stage.wait(0.3)
    assert stage.carrier not in ("P2", None)
    stage[stage.carrier].announce("newPendingTransactions", "0xé")
    assert (stage.events(pending), stage.closed) == (["0xé"], None)


@pytest.mark.parametrize("taking_over", [False, True])
def test_a_node_that_floods_events_before_it_confirms_is_left(taking_over: bool) -> None:
    stage = Stage("P1", "B1", "B2").start()
    if taking_over:
        stage.subscribe("newPendingTransactions")
        stage["B1"].holds = {"eth_subscribe"}
        stage.lose("P1")
        stage.wait(0.1)
    else:
        stage["P1"].holds = {"eth_subscribe"}
        stage.ask("eth_subscribe", "newPendingTransactions")
    epoch = 2 if taking_over else 1
    for number in range(5000):
        stage.apply(ev.UpstreamSent(epoch, stage["P1"].dialect.announced(b"0xnobody", b"%d" % number)))
    stage.wait(0.3)
    assert stage.carrier == ("B2" if taking_over else "B1")
    assert len(stage.frames) == 1


def test_every_metric_that_a_session_counts_exists() -> None:
    source = "".join(path.read_text() for path in Path(proxy.session.__path__[0]).glob("*.py"))
    names = set(re.findall(r'Count\("(\w+)"', source))
    assert len(names) > 10
    metrics = Metrics(Config(nodes=()))
    for name in names:
        assert isinstance(getattr(metrics, name), Counter | Gauge | Histogram), name
