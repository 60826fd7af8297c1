"""Dials that hang or are refused: another node is dialled, and with none left each is given more time."""

from __future__ import annotations

import pytest

from tests.proxy.session.stage import Stage

mode = pytest.mark.mode


@mode("L3")
def test_a_dial_that_hangs_is_given_up_for_another_node() -> None:
    stage = Stage("P1", "B1", "B2")
    stage["P1"].accepts = False
    stage["B1"].silent = True
    stage.start()
    stage.ask("eth_chainId", id=1)
    stage.wait(1.2)
    assert stage.carrier == "B2"
    assert [answer["id"] for answer in stage.answers()] == [1]
    assert stage["B1"].dialling == [], "the dial was not given up"


@mode("L3")
def test_where_all_nodes_are_slow_to_open_each_gets_more_time_than_before() -> None:
    """On a starved machine no handshake is done in its usual time: to give up each of them would go on for ever."""
    stage = Stage("P1", "P2", "B1")
    for node in stage.nodes.values():
        node.silent = True
    stage.start()
    stage.ask("eth_chainId", id=1)
    while stage.carrier is None and stage.now < 1020:
        stage.wait(0.05)
        began, name = stage.dials[-1]
        if stage.now >= began + 2.5 and stage[name].dialling:
            stage[name].silent = False
            stage[name].open(stage[name].dialling.pop())
    assert stage.carrier is not None
    assert [answer["id"] for answer in stage.answers()] == [1]


@mode("L3")
def test_once_carried_a_client_waits_no_longer_for_a_dial_than_ever() -> None:
    stage = Stage("P1", "P2")
    stage["P1"].silent = stage["P2"].silent = True
    stage.start()
    stage.wait(5)
    stage["P2"].silent = False
    stage.wait(5)
    assert stage.carrier == "P2"
    stage["P2"].accepts = False
    stage["P2"].drop()
    stage["P2"].accepts = True
    stage.wait(1.3)
    assert stage.carrier == "P2", "one dial to the silent node took more than its second"


@mode("L3")
def test_a_dial_to_a_node_that_falls_ill_meanwhile_is_given_up_at_once() -> None:
    stage = Stage("P1", "P2")
    stage["P1"].silent = True
    stage.start()
    stage.wait(0.1)
    assert stage["P1"].dialling
    stage.route("P2")
    stage.wait(0.1)
    assert stage.carrier == "P2"
    assert stage["P1"].dialling == []


@mode("L4", "L5")
@pytest.mark.parametrize("refusing", [["P1"], ["P1", "P2"], ["P1", "P2", "B1"]])
def test_a_new_client_is_served_by_the_first_node_that_takes_the_dial(refusing: list[str]) -> None:
    stage = Stage("P1", "P2", "B1", "B2")
    for name in refusing:
        stage[name].accepts = False
    stage.start()
    stage.wait(0.1)
    assert stage.carrier == ["P1", "P2", "B1", "B2"][len(refusing)]
    assert stage.call("eth_chainId")["result"]
