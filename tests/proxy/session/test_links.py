"""Links that are refused, lost, silent or worse than another: the client notices nothing but a moment."""

from __future__ import annotations

import pytest

from proxy.session import Settings
from proxy.session import events as ev
from tests.proxy.session.stage import Stage

mode = pytest.mark.mode


@mode("L1", "L2")
def test_a_lost_link_is_replaced_at_once_and_the_client_stays() -> None:
    stage = Stage().start()
    heads = stage.subscribe("newHeads")
    stage["P1"].drop("closed with 1001")
    stage.wait(0.1)
    assert stage.carrier == "P2"
    block = stage.grow()[0]
    assert stage.heads(heads) == [block.hash]
    assert stage.call("eth_chainId")["result"]
    assert stage.closed is None


@mode("L1")
def test_a_link_lost_while_its_node_stays_healthy_is_reported() -> None:
    stage = Stage().start()
    stage["P1"].drop()
    assert stage.reports == ["P1"]


def test_a_report_says_how_long_the_link_was_open() -> None:
    stage = Stage("P1").start()
    stage.wait(12)
    commands = stage.session.apply(ev.UpstreamLost(1, "closed with 1001"), stage.now)
    assert ev.ReportLane("P1", "closed with 1001", doubt=False, lived=12.0) in commands


@mode("L3")
def test_the_primary_takes_over_from_a_backup_once_it_is_well() -> None:
    stage = Stage("P1", "B1", "B2")
    stage["P1"].healthy = False
    stage.apply(ev.NodesChanged(stage.snapshot()))
    stage.start()
    stage.wait(0.1)
    assert stage.carrier == "B1"
    stage.route("P1", "B1", "B2")
    stage.wait(0.3)
    assert stage.carrier == "P1"


@mode("L6", "L7")
def test_a_silent_node_is_found_out_by_pings_while_something_is_due() -> None:
    stage = Stage().start()
    stage["P1"].silent = True
    stage.ask("eth_chainId")
    stage.wait(1.45)
    assert stage.carrier == "P2"
    assert [answer["id"] for answer in stage.answers()] == [7]


@mode("L6")
def test_a_subscription_alone_makes_the_session_listen_for_silence() -> None:
    stage = Stage().start()
    stage.subscribe("newPendingTransactions")
    stage.wait(5)
    stage["P1"].silent = True
    stage.wait(1.5)
    assert stage.carrier == "P2"


def test_an_idle_link_is_asked_rarely() -> None:
    stage = Stage().start()
    stage.wait(60)
    assert 3 <= stage.pings["P1"] <= 4
    assert stage.carrier == "P1"


def test_a_clock_that_fires_late_is_not_taken_for_silence() -> None:
    stage = Stage().start()
    stage.subscribe("newHeads")
    stage.wait(10)
    stage["P1"].silent = True
    stage.wait(0.6)  # a ping is on its way, the pong will not be read in time
    stage.now += 20
    stage["P1"].silent = False
    stage.apply(ev.TimePassed())
    stage.apply(ev.UpstreamPonged(1))
    stage.wait(3)
    assert stage.carrier == "P1"
    assert len(stage.dials) == 1


def test_a_late_clock_excuses_a_dial_and_what_was_asked() -> None:
    stage = Stage("P1", "P2").start()
    stage.subscribe("newPendingTransactions")
    stage["P2"].silent = True
    stage["P1"].drop()
    stage.wait(0.1)
    assert stage["P2"].dialling
    stage.now += 5
    stage.apply(ev.TimePassed())
    assert stage["P2"].dialling
    stage["P2"].silent = False
    stage["P2"].holds = {"eth_subscribe"}
    stage["P2"].open(stage["P2"].dialling.pop())
    stage.now += 5
    stage.apply(ev.TimePassed())
    stage["P2"].release_all()
    assert stage.carrier == "P2"


def test_a_link_that_was_idle_is_no_sign_of_a_late_clock() -> None:
    """With something due it should have been asked long ago: that excuses nobody's silence."""
    stage = Stage("P1", "B1").start()
    stage["B1"].silent = True
    stage.wait(14)
    stage.route("B1")
    stage.wait(0.3)
    assert stage["B1"].dialling
    stage["P1"].silent = True
    stage.ask("eth_chainId")
    stage.route("B1")
    stage.wait(1.1)
    assert 2 not in stage["B1"].dialling, "the dial was excused"


def test_a_late_clock_is_noticed_by_whatever_comes_first() -> None:
    stage = Stage("P1", "P2").start()
    stage.subscribe("newHeads")
    stage["P1"].silent = True
    stage.wait(0.6)
    stage["P1"].silent = False
    stage.now += 20
    stage.ask("eth_subscribe", "newPendingTransactions")
    stage.apply(ev.TimePassed())
    stage.apply(ev.UpstreamPonged(1))
    stage.wait(3)
    assert len(stage.dials) == 1


def test_silence_that_goes_on_after_the_late_clock_is_silence() -> None:
    stage = Stage().start()
    stage.subscribe("newHeads")
    stage["P1"].silent = True
    stage.now += 20
    stage.wait(1.5)
    assert stage.carrier == "P2"


@mode("L8")
def test_attempts_at_a_flapping_lane_grow_slower_than_linearly() -> None:
    stage = Stage("P1", "B1")
    stage["P1"].accepts = False
    stage.start()
    counts = []
    for second in range(240):
        stage.wait(0.5)
        stage.apply(ev.NodesChanged(stage.snapshot()))
        assert stage.call("eth_chainId", id=second)["id"] == second
        counts.append(sum(node == "P1" for _, node in stage.dials))
    assert stage.carrier == "B1"
    assert counts[59] <= 10
    assert counts[-1] <= 16


@mode("L8")
def test_a_node_that_takes_dials_and_drops_them_is_backed_off_from_too() -> None:
    stage = Stage("P1", "B1").start()
    for _ in range(120):
        stage["P1"].drop()
        stage.wait(0.5)
    assert len([node for _, node in stage.dials if node == "P1"]) <= 12


def test_a_link_that_held_clears_the_record_of_its_node() -> None:
    stage = Stage("P1").start()
    for _ in range(6):
        stage["P1"].drop()
        stage.wait(30)
    assert stage.carrier == "P1"
    stage.wait(30)
    stage["P1"].drop()
    stage.wait(0.3)
    assert stage.carrier == "P1"


@mode("L10")
def test_the_old_link_is_left_when_its_last_answer_is_there() -> None:
    stage = Stage("P1", "B1")
    stage["P1"].healthy = False
    stage.apply(ev.NodesChanged(stage.snapshot()))
    stage.start()
    stage.wait(0.1)
    stage["B1"].holds = {"eth_call"}
    stage.ask("eth_call", {"to": "0x"}, "latest")
    stage.route("P1", "B1")
    stage.wait(1)
    assert stage.carrier == "P1"
    assert stage["B1"].links, "left before it had answered"
    stage["B1"].release("eth_call", "0x2a")
    assert [answer["result"] for answer in stage.answers()] == ["0x2a"]
    assert not stage["B1"].links


@mode("L10")
def test_the_old_link_is_left_when_its_last_answer_is_overdue() -> None:
    stage = Stage("P1", "B1", settings=Settings(request_timeout=3))
    stage.route("B1")
    stage.start()
    stage["B1"].holds = {"eth_call"}
    stage.ask("eth_call", {"to": "0x"}, "latest")
    stage.route("P1", "B1")
    stage.wait(4)
    assert stage.carrier == "P1"
    assert not stage["B1"].links
    assert "error" in stage.answers()[0]


@mode("L11")
def test_a_herd_dials_spread_over_time() -> None:
    dials = []
    for seed in range(200):
        stage = Stage(seed=seed).start()
        stage["P1"].drop()
        stage.wait(0.2)
        dials.append(stage.dials[1][0] - 1000.0)
    assert max(dials) <= 0.05
    assert max(dials) - min(dials) > 0.04
    assert len(set(dials)) > 190


@mode("L13")
def test_a_node_that_drops_the_link_in_the_replay_is_no_success() -> None:
    stage = Stage("P1", "B1", "B2").start()
    heads = stage.subscribe("newHeads")
    stage["B1"].holds = {"*"}
    stage.lose("P1")
    stage.wait(0.1)
    assert stage.session.node is None
    stage["B1"].drop()
    stage.wait(0.3)
    assert stage.carrier == "B2"
    block = stage.grow("B2")[0]
    assert stage.heads(heads) == [block.hash]


@mode("issue 5")
def test_the_client_returns_to_a_primary_and_stays() -> None:
    stage = Stage("P1", "P2", "B1").start()
    stage.route("B1")
    stage.wait(0.5)
    assert stage.carrier == "B1"
    stage.route("P2", "B1")
    stage.wait(0.5)
    assert stage.carrier == "P2"
    stage.route("P1", "P2", "B1")
    stage.wait(60)
    assert stage.carrier == "P2", "moved between primaries without need"


@mode("issue 5")
def test_whether_to_go_home_is_asked_again_on_arrival() -> None:
    """The primary came back while a backup was being dialled."""
    stage = Stage("P1", "B1").start()
    stage["B1"].silent = True
    stage.route("B1")
    stage["P1"].drop()
    stage.wait(0.1)
    stage.route("P1", "B1")
    stage["B1"].silent = False
    stage["B1"].open(stage["B1"].dialling.pop())
    assert stage.carrier == "B1"
    stage.wait(0.4)
    assert stage.carrier == "P1"


def test_another_primary_is_dialled_while_the_first_one_is_backed_off_from() -> None:
    stage = Stage("P1", "P2", "B1")
    stage["P1"].accepts = False
    stage.route("P1", "B1")
    stage.start()
    stage.wait(20)  # the record of P1 is long by now
    stage.route("P1", "P2", "B1")
    stage.wait(0.3)
    assert stage.carrier == "P2"


def test_a_failed_move_from_a_node_that_recovered_meanwhile_leaves_the_client_in_peace() -> None:
    stage = Stage("P1", "B1").start()
    stage["B1"].silent = True
    stage.route("B1")
    stage.wait(0.3)
    assert stage["B1"].dialling
    stage.route("P1", "B1")
    stage.wait(30)
    assert stage.carrier == "P1"
    assert len(stage.dials) == 2


def test_a_planned_move_whose_node_fails_leaves_the_client_where_it_is() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    stage["P1"].silent = True
    stage.route("P1", "B1")
    stage.wait(2)
    assert stage.carrier == "B1"
    assert stage.call("eth_chainId")["result"]


def test_the_client_is_carried_on_by_the_next_link_if_the_old_one_dies_during_a_move() -> None:
    stage = Stage("P1", "B1")
    stage.route("B1")
    stage.start()
    heads = stage.subscribe("newHeads")
    stage["P1"].holds = {"eth_subscribe"}
    stage.route("P1", "B1")
    stage.wait(0.3)
    stage["B1"].drop()
    assert stage.session.state.name == "RESTORING"
    stage.ask("eth_chainId", id=3)
    stage["P1"].release_all()
    assert stage.carrier == "P1"
    assert [answer["id"] for answer in stage.answers()] == [3]
    assert stage.grow()[0].hash in stage.heads(heads)


def test_a_client_whose_node_is_ill_stays_while_there_is_no_other() -> None:
    stage = Stage("P1").start()
    stage.route()
    stage.wait(10)
    assert stage.call("eth_chainId")["result"]


def test_late_words_of_a_link_that_was_left_find_nobody() -> None:
    stage = Stage().start()
    stage["P1"].drop()
    stage.wait(0.1)
    stage["P2"].holds = {"*"}
    stage.ask("eth_call")
    [asked] = stage["P2"].held
    stage.apply(ev.UpstreamSent(1, b'{"jsonrpc":"2.0","id":%d,"result":"0x1"}' % asked.id))
    stage.apply(ev.UpstreamLost(1, "late"))
    stage.apply(ev.UpstreamPonged(1))
    assert stage.frames == []
    assert stage.carrier == "P2"


def test_a_link_that_opens_after_it_was_given_up_is_hung_up() -> None:
    stage = Stage().start()
    assert stage.session.apply(ev.UpstreamOpened(9), stage.now) == [ev.HangUp(9)]
