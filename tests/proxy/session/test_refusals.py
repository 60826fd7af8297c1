"""What nodes refuse of one client is no matter of others; what the proxy itself refuses is said, not silent."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.session import events as ev
from proxy.session.settings import Settings
from tests.proxy.session.stage import Stage

NAMES = ("P1", "P2", "B1")

# ---- nodes that refuse the client


@given(st.sets(st.sampled_from(NAMES)))
def test_a_client_is_served_by_whoever_takes_it_and_told_if_nobody_does(barred: set[str]) -> None:
    stage = Stage(*NAMES)
    for name in barred:
        stage[name].bars = True
    stage.start()
    stage.ask("eth_chainId")
    stage.wait(1)
    takers = [name for name in NAMES if name not in barred]
    assert stage.carrier == (takers[0] if takers else None)
    assert (stage.closed is None) == bool(takers)
    assert len(stage.take()) == bool(takers)
    assert stage.reports == [], "other clients lost the lane"
    assert set(stage.doubts) == {name for name in barred if not takers or NAMES.index(name) < NAMES.index(takers[0])}


@pytest.mark.parametrize("kind", ["newHeads", "logs"])
def test_a_confirmation_that_comes_twice_while_it_is_kept_counts_once(kind: str) -> None:
    stage = Stage("P1").start()
    node = stage["P1"]
    node.holds = {"eth_getBlockByNumber"}
    stage.ask("eth_subscribe", kind)
    asked = next(asked for asked in node.asked if asked.params == [kind])
    name = next(name for _, name, _ in node.streams(kind))
    node.tell(ev.UpstreamSent(1, node.dialect.answered(asked.id, b'"result":"%b"' % name)))
    node.release_all()
    [answer] = stage.answers()
    assert "eth_unsubscribe" not in node.methods()
    blocks = stage.grow(blocks=3)
    events = stage.events(answer["result"])
    assert len(events) == (len(blocks) if kind == "newHeads" else sum(len(block.logs) for block in blocks))


def test_a_client_that_all_nodes_refuse_is_told_which_and_why() -> None:
    stage = Stage("P1")
    stage["P1"].bars = True
    stage.start()
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert stage.closed.reason == "no node can go on with this client: P1 HTTP 403"


def test_a_client_that_the_primary_refuses_stays_on_the_backup_and_tries_ever_more_rarely() -> None:
    stage = Stage("P1", "B1")
    stage["P1"].bars = True
    stage.start()
    stage.wait(600)
    assert stage.carrier == "B1"
    assert stage.closed is None
    assert 10 < len(stage.doubts) < 40
    stage["P1"].bars = False
    stage.wait(31)
    assert stage.carrier == "P1"


# ---- nodes for which a message is too big


def too_big(stage: Stage) -> list[str]:
    """Whoever is asked to call ends the link; the nodes that did, in order."""
    asked = []
    for _ in range(10):
        for node in stage.nodes.values():
            if node.held:
                asked.append(node.name)
                node.drop("closed with 1009", refused=True)
        stage.wait(1)
    return asked


@pytest.mark.parametrize("names", [("P1",), NAMES])
def test_what_is_too_big_for_nodes_has_one_answer_and_costs_no_lane_and_no_client(names: tuple[str, ...]) -> None:
    stage = Stage(*names).start()
    heads = stage.subscribe("newHeads")
    for node in stage.nodes.values():
        node.holds = {"eth_call"}
    stage.ask("eth_call", {"data": "0x"}, "latest", id=1)
    assert len(too_big(stage)) == 1 + Settings().max_retries
    assert [answer["error"]["code"] for answer in stage.answers()] == [jsonrpc.NODE_FAILED]
    assert stage.reports == []
    assert stage.closed is None
    assert stage.grow()[0].hash in stage.heads(heads)


# ---- subscriptions that are not carried


def asked(*methods: str, **more: Any) -> list[dict[str, Any]]:
    return [{"jsonrpc": "2.0", "id": at, "method": method, **more} for at, method in enumerate(methods)]


@given(st.text(max_size=9).filter(lambda space: space != "eth"), st.booleans(), st.booleans())
def test_a_subscription_of_another_namespace_is_refused_in_words(space: str, batch: bool, offline: bool) -> None:
    stage = Stage("P1").start()
    if offline:
        stage.lose("P1")
    requests = asked(f"{space}_subscribe", params=["traceChain", "0x1", "0x2"])
    stage.send(orjson.dumps(requests if batch else requests[0]))
    [answer] = stage.take()
    if batch:
        [answer] = answer
    assert answer["id"] == 0
    assert answer["error"]["code"] == jsonrpc.NO_METHOD
    assert "eth_subscribe" in answer["error"]["message"]
    assert stage["P1"].asked == [], "a node was told to announce what nobody would hear"
    assert stage.session.open_calls == 0


def test_such_a_subscription_as_a_notification_is_dropped() -> None:
    stage = Stage("P1").start()
    stage.send(b'{"jsonrpc":"2.0","method":"debug_subscribe","params":["traceChain"]}')
    assert stage.take() == []
    assert stage["P1"].asked == []
    assert stage.session.open_calls == 0


@pytest.mark.parametrize("method", ["subscribe", "debug_subscribers", "debug_unsubscribe", "my_subscribe_all"])
def test_what_only_looks_like_it_is_the_nodes_to_answer(method: str) -> None:
    stage = Stage("P1").start()
    stage.ask(method)
    assert stage["P1"].methods() == [method]
    assert len(stage.answers()) == 1
