"""Subscriptions live under the client's own id through any number of switches, and nothing else reaches the client."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.session import events as ev
from tests.proxy.session.stage import Stage
from tests.proxy.session.upstream import SMALL_IDS

mode = pytest.mark.mode


def switch(stage: Stage, away_from: str) -> None:
    """The client's link is lost and the client is carried by another node."""
    stage[away_from].drop()
    stage.wait(0.1)
    assert stage.carrier not in (None, away_from)


@mode("issue 2", "S6")
def test_replays_are_answered_to_nobody_and_every_stream_goes_on_once_under_its_id() -> None:
    stage = Stage("P1", "P2").start()
    asked: list[list[Any]] = [["newHeads"], ["newHeads"], ["logs", {}], ["newPendingTransactions"], ["syncing"]]
    subs = [stage.subscribe(*params, id=100 + number) for number, params in enumerate(asked)]
    assert len(set(subs)) == 5
    stage.take()
    for number in range(3):
        switch(stage, stage.carrier or "")
        assert stage.take() == []
        assert stage.call("eth_chainId", id=100)["result"], "an id that a subscription used is as good as any"
        block = stage.grow()[0]
        for name in ("P1", "P2"):
            stage[name].announce("newPendingTransactions", f"0x{number}")
            stage[name].announce("syncing", False)
        told = stage.take()
        assert all(frame.keys() == {"jsonrpc", "method", "params"} for frame in told)
        streams = [frame["params"]["subscription"] for frame in told]
        assert streams.count(subs[0]) == streams.count(subs[1]) == 1
        assert streams.count(subs[2]) == len(block.logs)
        assert streams.count(subs[3]) == streams.count(subs[4]) == 1
        assert set(streams) <= set(subs)
    assert stage.counts["ws_subscriptions_active"] == 5


@mode("S1")
def test_unsubscribe_works_after_a_switch() -> None:
    stage = Stage().start()
    heads, logs = stage.subscribe("newHeads"), stage.subscribe("logs", {})
    switch(stage, "P1")
    assert stage.call("eth_unsubscribe", heads)["result"] is True
    assert stage.call("eth_unsubscribe", logs, id=8) == {"jsonrpc": "2.0", "id": 8, "result": True}
    stage.grow(blocks=3)
    assert stage.take() == []
    assert stage["P2"].links == {2: {}}, "the node was not told"
    assert stage.counts["ws_subscriptions_active"] == 0


@mode("S1")
def test_unsubscribe_is_answered_while_no_node_is_there() -> None:
    stage = Stage("P1").start()
    pending, heads = stage.subscribe("newPendingTransactions"), stage.subscribe("newHeads")
    stage.lose("P1")
    assert stage.call("eth_unsubscribe", pending)["result"] is True
    stage.revive("P1")
    stage.wait(2)
    assert [params for _, _, params in stage["P1"].streams("newPendingTransactions")] == []
    assert stage.call("eth_unsubscribe", heads)["result"] is True


@mode("S1")
def test_unsubscribe_twice_is_false_and_never_names_a_stream_of_the_node() -> None:
    stage = Stage("P1")
    stage["P1"].dialect = SMALL_IDS
    stage.start()
    heads = stage.subscribe("newHeads")
    assert stage.call("eth_unsubscribe", "0x1")["result"] is False
    assert stage.grow()[0].hash in stage.heads(heads)
    stage.take()
    assert stage.call("eth_unsubscribe", heads)["result"] is True
    assert stage.call("eth_unsubscribe", heads)["result"] is False
    assert stage["P1"].methods().count("eth_unsubscribe") == 1


def test_an_unsubscribe_that_names_no_id_is_the_nodes_to_judge() -> None:
    stage = Stage("P1").start()
    assert "error" in stage.call("eth_unsubscribe")
    assert "error" in stage.call("eth_unsubscribe", 1, 2)
    assert "error" in stage.call("eth_unsubscribe", {"id": 1})


def test_an_unsubscribe_without_id_is_done_and_not_answered() -> None:
    stage = Stage("P1").start()
    heads = stage.subscribe("newHeads")
    stage.send(b'{"jsonrpc":"2.0","method":"eth_unsubscribe","params":["%b"]}' % heads.encode())
    stage.grow()
    assert stage.take() == []
    stage.send(
        b'[{"id":1,"method":"eth_chainId"},{"method":"eth_unsubscribe","params":["0x1"]},{"id":2,"method":"eth_chainId"}]'
    )
    assert [part["result"] for part in stage.answers()[0]] == ["0x539", "0x539"]


@mode("S2")
def test_small_ids_of_two_nodes_never_mix_streams_up() -> None:
    stage = Stage("P1", "P2")
    for node in stage.nodes.values():
        node.dialect = SMALL_IDS
    stage.start()
    pending, heads, logs = stage.subscribe("newPendingTransactions"), stage.subscribe("newHeads"), ""
    for number in range(10):
        stage.wait(11)  # a link that held this long is not backed off from
        switch(stage, stage.carrier or "")
        logs = logs or stage.subscribe("logs", {})
        stage.grow()
        stage[stage.carrier or ""].announce("newPendingTransactions", f"0xp{number}")
    assert [int(head["number"], 16) for head in stage.events(heads)] == list(range(71, 81))
    assert all("logIndex" in log for log in stage.events(logs))
    assert stage.events(pending) == [f"0xp{number}" for number in range(10)]


@mode("S3")
def test_a_node_that_refuses_a_replay_is_left_for_another() -> None:
    stage = Stage("P1", "B1", "B2").start()
    pending = stage.subscribe("newPendingTransactions")
    stage["B1"].refuses = {"newPendingTransactions"}
    stage.lose("P1")
    stage.wait(0.3)
    assert stage.carrier == "B2"
    stage["B2"].announce("newPendingTransactions", "0xp")
    assert stage.events(pending) == ["0xp"]
    assert "B1" not in stage.reports, "its lane is open: other clients may use it"


@mode("S3")
def test_a_client_whose_subscriptions_every_node_refuses_is_told_so() -> None:
    stage = Stage("P1", "B1", "B2").start()
    stage.subscribe("newPendingTransactions")
    for node in stage.nodes.values():
        node.refuses = {"newPendingTransactions"}
    stage["P1"].drop()
    stage.wait(5)
    assert stage.closed is not None
    assert stage.closed.code == 1013
    assert "refuses a subscription" in stage.closed.reason


@mode("S3")
def test_a_refusal_by_the_only_healthy_node_is_told_even_if_others_exist() -> None:
    stage = Stage("P1", "B1").start()
    stage.subscribe("newHeads")
    stage["B1"].refuses = {"newHeads"}
    stage.lose("P1")
    stage.route("B1")
    stage.wait(1)
    assert stage.closed is not None
    assert stage.closed.code == 1013


@mode("S3")
def test_a_planned_move_to_a_node_that_refuses_does_not_happen() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    heads = stage.subscribe("newHeads")
    stage["P1"].refuses = {"newHeads"}
    stage.route("P1", "B1")
    stage.wait(20)
    assert stage.carrier == "B1"
    assert stage.closed is None
    assert stage.grow()[0].hash in stage.heads(heads)
    assert len(stage.dials) < 12


def test_a_subscription_that_the_node_refuses_is_answered_as_the_node_said() -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].refuses = {"logs"}
    answer = stage.call("eth_subscribe", "logs", {})
    assert answer["error"] == {"code": -32601, "message": "this subscription is not supported"}
    assert stage["P1"].links == {1: {}}, "a feed that nobody follows was left behind"
    stage.lose("P1")
    stage.wait(0.1)
    assert stage["P2"].asked == []


@mode("S5")
def test_subscriptions_made_in_a_batch_go_on_after_a_switch() -> None:
    stage = Stage().start()
    stage.send(
        b'[{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]},'
        b'{"jsonrpc":"2.0","id":2,"method":"eth_chainId"},'
        b'{"jsonrpc":"2.0","id":3,"method":"eth_subscribe","params":["newPendingTransactions"]}]'
    )
    [[heads, chain_id, pending]] = stage.answers()
    assert (heads["id"], chain_id["id"], pending["id"]) == (1, 2, 3)
    switch(stage, "P1")
    block = stage.grow()[0]
    stage["P2"].announce("newPendingTransactions", "0xp")
    assert stage.heads(heads["result"]) == [block.hash]
    assert stage.events(pending["result"]) == ["0xp"]


@mode("S5")
def test_events_wait_until_the_batch_that_subscribed_is_answered() -> None:
    stage = Stage("P1").start()
    stage.subscribe("newHeads")
    stage["P1"].holds = {"eth_call"}
    stage.send(
        b'[{"id":1,"method":"eth_subscribe","params":["newHeads"]},{"id":2,"method":"eth_subscribe",'
        b'"params":["newPendingTransactions"]},{"id":3,"method":"eth_call"}]'
    )
    stage.take()
    block = stage.grow()[0]
    stage["P1"].announce("newPendingTransactions", "0xp")
    assert len(stage.take()) == 1, "an event came under an id that the client does not know"
    stage["P1"].release("eth_call", "0x")
    answers, *events = stage.take()
    assert [part["id"] for part in answers] == [1, 2, 3]
    assert [event["params"]["subscription"] for event in events] == [part["result"] for part in answers[:2]]
    assert events[0]["params"]["result"]["hash"] == block.hash


@mode("S5")
def test_a_batch_that_is_never_answered_whole_frees_its_events_at_the_time_out() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_call"}
    stage.send(b'[{"id":1,"method":"eth_subscribe","params":["newHeads"]},{"id":3,"method":"eth_call"}]')
    stage.grow()
    assert stage.take() == []
    stage.wait(31)
    answers, event = stage.take()
    assert "error" in answers[1]
    assert event["params"]["subscription"] == answers[0]["result"]


@mode("S5")
@pytest.mark.parametrize("kind", ["newHeads", "logs", "newPendingTransactions", "syncing"])
def test_a_subscription_in_flight_at_the_switch_is_made_at_the_next_node(kind: str) -> None:
    stage = Stage("P1", "P2").start()
    stage["P1"].holds = {"eth_subscribe"}
    stage.ask("eth_subscribe", kind, id="s")
    assert stage.take() == []
    switch(stage, "P1")
    [answer] = stage.answers()
    assert answer["id"] == "s"
    assert [params[0] for _, _, params in stage["P2"].streams(kind)] == [kind]


@mode("S5")
@pytest.mark.parametrize("kind", ["newHeads", "logs", "newPendingTransactions", "syncing"])
def test_a_subscription_in_flight_at_a_planned_move_is_made_at_the_new_node(kind: str) -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage["B1"].holds = {"eth_subscribe"}
    stage.ask("eth_subscribe", kind, id="s")
    stage.route("P1", "B1")
    stage.wait(0.3)
    assert stage.carrier == "P1"
    [answer] = stage.answers()
    assert answer["id"] == "s"
    assert not stage["B1"].links
    assert len(stage["P1"].streams(kind)) == 1


@pytest.mark.parametrize("kind", ["newHeads", "logs", "newPendingTransactions"])
def test_a_subscription_made_while_another_node_takes_over_is_taken_over_too(kind: str) -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage.subscribe("syncing")
    stage["P1"].holds = {"eth_subscribe"}
    stage.route("P1", "B1")
    stage.wait(0.3)
    stage.subscribe(kind, id=2)
    stage["P1"].release_all()
    assert stage.carrier == "P1"
    assert len(stage["P1"].streams(kind)) == 1


def test_a_subscription_left_while_another_node_takes_over_is_left_there_too() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    heads, pending = stage.subscribe("newHeads"), stage.subscribe("newPendingTransactions")
    stage["P1"].holds = {"eth_subscribe"}
    stage.route("P1", "B1")
    stage.wait(0.3)
    stage["P1"].release("eth_subscribe")  # the feed
    assert stage.call("eth_unsubscribe", heads)["result"] is True
    assert stage.call("eth_unsubscribe", pending)["result"] is True
    stage["P1"].release_all()
    assert stage.carrier == "P1"
    assert stage["P1"].links == {2: {}}
    again = stage.subscribe("newHeads")
    first = stage.grow()[0]
    stage["P1"].drop()
    second = stage.grow("B1", "P1")[0]
    stage.wait(0.5)
    assert stage.heads(again) == [first.hash, second.hash]


def test_announcements_before_the_confirmation_are_kept_for_it() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_subscribe"}
    stage.ask("eth_subscribe", "newPendingTransactions", id=1)
    stage.apply(ev.UpstreamSent(1, stage["P1"].dialect.announced(b"0xearly", b'"0xp"')))
    assert stage.take() == []
    stage["P1"].release("eth_subscribe", "0xearly")
    answer, event = stage.take()
    assert event["params"] == {"subscription": answer["result"], "result": "0xp"}


def test_pending_transactions_that_two_nodes_announce_are_told_once() -> None:
    stage = Stage("P1", "P2").start()
    pending, full = stage.subscribe("newPendingTransactions"), stage.subscribe("newPendingTransactions", True)
    for name in ("P1", "P2"):
        stage[name].announce("newPendingTransactions", "0xaa")
        stage[name].announce("newPendingTransactions", {"hash": "0xbb", "nonce": "0x1"})
        stage[name].announce("newPendingTransactions", 5)  # nothing that has a name: passed on
        if name == "P1":
            switch(stage, "P1")
    for stream in (pending, full):
        assert stage.events(stream) == ["0xaa", {"hash": "0xbb", "nonce": "0x1"}, 5, 5]
    assert stage.counts["ws_pending_tx_gap_seconds"] > 0


def test_a_confirmation_after_the_time_out_is_undone_at_the_node() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_subscribe"}
    stage.ask("eth_subscribe", "newHeads")
    stage.wait(31)
    assert "error" in stage.answers()[0]
    stage["P1"].release_all()
    assert stage["P1"].links == {1: {}}
    stage.grow()
    assert stage.take() == []


def test_a_subscription_as_notification_reaches_the_node_and_nobody_hears_of_it() -> None:
    stage = Stage("P1").start()
    stage.send(b'{"method":"eth_subscribe","params":["newHeads"]}')
    stage.send(b'{"method":"eth_subscribe","params":["logs",{}]}')
    assert stage.take() == []
    assert stage["P1"].methods() == ["eth_subscribe"] * 2
    assert stage.session.open_calls == 0


def test_a_follower_of_logs_alone_survives_a_node_without_heads() -> None:
    stage = Stage("P1", "P2")
    for node in stage.nodes.values():
        node.refuses = {"newHeads"}
    stage.start()
    logs = stage.subscribe("logs", {})
    switch(stage, "P1")
    told = [orjson.loads(log.text) for block in stage.grow(blocks=4) for log in block.logs]
    assert told
    assert stage.events(logs) == told
    assert "error" in stage.call("eth_subscribe", "newHeads")


def test_a_second_follower_of_heads_costs_the_node_nothing() -> None:
    stage = Stage("P1").start()
    first = stage.subscribe("newHeads", id=1)
    second = stage.subscribe("newHeads", id=2)
    assert len(stage["P1"].streams("newHeads")) == 1
    block = stage.grow()[0]
    assert stage.heads(first) == stage.heads(second) == [block.hash]
    assert stage.call("eth_unsubscribe", first)["result"] is True
    block = stage.grow()[0]
    assert stage.heads(second)[-1] == block.hash
    assert len(stage.heads(first)) == 1


def test_two_followers_that_ask_at_once_share_one_feed() -> None:
    stage = Stage("P1").start()
    stage["P1"].holds = {"eth_subscribe"}
    for number in range(3):
        stage.ask("eth_subscribe", *(("logs", {}) if number == 1 else ("newHeads",)), id=number)
    stage["P1"].release_all()
    subs = [answer["result"] for answer in stage.answers()]
    block = stage.grow()[0]
    assert stage.heads(subs[0]) == stage.heads(subs[2]) == [block.hash]
    assert len(stage["P1"].streams("newHeads")) == 1
