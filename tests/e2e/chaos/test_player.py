"""The player, on a run that only writes down what is done to it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from e2e.chaos.config import QUIET
from e2e.chaos.player import Player
from e2e.chaos.schedule import Deed, Schedule
from e2e.gateway.client import GatewayError, InForce
from e2e.ledger.entries import Injected
from e2e.ledger.recorder import Recorder
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.run import Run

NODES = ("a", "b")


@dataclass
class Nodes:
    """Stands for nemesis, lanes and testbed of a run. `slow`: a cure of a process waits for it."""

    done: list[str] = field(default_factory=list)
    slow: threading.Event = field(default_factory=threading.Event)
    stubborn: set[str] = field(default_factory=set)
    error: Exception = field(default_factory=lambda: FaultDidNotBiteError("the fault did not bite"))
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.slow.set()

    def as_run(self) -> Run:
        lanes = SimpleNamespace(arm=self.arm, cure=self.cure_lane)
        nemesis = SimpleNamespace(inject=self.inject, cure=self.cure)
        stage = SimpleNamespace(testbed=SimpleNamespace(reorg=self.reorg))
        return cast("Run", SimpleNamespace(lanes=lanes, nemesis=nemesis, stage=stage, recorder=self.recorder))

    def arm(self, fault: str, node: str, lane: Any, **attributes: Any) -> InForce:
        if node in self.stubborn:
            raise GatewayError("no such lane")
        self.done.append(f"{fault} {node} {lane}")
        return InForce(len(self.done), fault, node, lane, 0, fault != "reset", attributes)

    def cure_lane(self, fault: InForce) -> None:
        self.done.append(f"cured {fault.fault} {fault.node} {fault.lane}")

    def inject(self, fault: str, node: str) -> None:
        if node in self.stubborn:
            raise self.error
        self.done.append(f"{fault} {node}")

    def reorg(self, depth: int) -> None:
        assert self.slow.wait(10)
        self.done.append(f"reorg {depth}")

    def cure(self, node: str) -> None:
        assert self.slow.wait(10)
        self.done.append(f"cured {node}")


@contextmanager
def playing(nodes: Nodes, *deeds: Deed) -> Iterator[Player]:
    began = time.monotonic()
    player = Player(nodes.as_run(), Schedule(1, 60, NODES, QUIET, deeds), lambda: time.monotonic() - began)
    player.start()
    try:
        yield player
    finally:
        nodes.slow.set()
        player.stop()


def over(player: Player) -> None:
    wait_until(lambda: player.over, 10, "the player is done")


def test_each_fault_comes_at_its_time_with_its_cure() -> None:
    nodes = Nodes()
    with playing(nodes, Deed(0.0, 0.2, "kill", "a", "node"), Deed(0.1, 0.3, "down", "b", "both")) as player:
        over(player)
        assert player.hurt == ()
    assert nodes.done == [
        "kill a",
        "down b http",
        "down b ws",
        "cured a",
        "cured down b http",
        "cured down b ws",
    ]


def test_what_happens_in_an_instant_is_not_cured() -> None:
    nodes = Nodes()
    with playing(nodes, Deed(0, 0, "reset", "a", "ws"), Deed(0, 0, "reorg", "chain", "chain", {"depth": 2})) as player:
        over(player)
    assert sorted(nodes.done) == ["reorg 2", "reset a ws"]
    assert [entry.fault for entry in nodes.recorder.entries() if isinstance(entry, Injected)] == ["reorg"]


def test_a_node_that_is_slow_to_come_back_delays_nobody_else() -> None:
    nodes = Nodes()
    nodes.slow.clear()
    with playing(nodes, Deed(0, 0.05, "kill", "a", "node"), Deed(0.1, 0.2, "down", "b", "ws")) as player:
        wait_until(lambda: "cured down b ws" in nodes.done, 10, "the other node is cured")
        assert "cured a" not in nodes.done
        assert player.hurt == ("kill of a",)
        nodes.slow.set()
        over(player)
    assert nodes.done.count("cured a") == 1


def test_a_reorg_that_takes_its_time_keeps_nobody_from_being_cured() -> None:
    nodes = Nodes()
    nodes.slow.clear()
    chain = Deed(0, 0, "reorg", "chain", "chain", {"depth": 1})
    with playing(nodes, chain, Deed(0.1, 60, "down", "b", "ws")) as player:
        wait_until(lambda: "down b ws" in nodes.done, 10, "the lane is down")
        threading.Timer(0.1, nodes.slow.set).start()
        player.stop()
        assert player.complaints == []
    assert sorted(nodes.done) == ["cured down b ws", "down b ws", "reorg 1"]


def test_stopping_cures_what_is_in_force_and_begins_nothing_more() -> None:
    nodes = Nodes()
    deeds = (Deed(0, 60, "kill", "a", "node"), Deed(0, 60, "latency", "b", "http"), Deed(30, 40, "down", "b", "ws"))
    with playing(nodes, *deeds) as player:
        wait_until(lambda: len(nodes.done) == 2, 10, "both have begun")
        assert sorted(player.hurt) == ["kill of a", "latency of b (http)"]
        player.stop()
        assert player.over
    assert sorted(nodes.done) == ["cured a", "cured latency b http", "kill a", "latency b http"]


def test_a_fault_that_did_not_bite_is_a_complaint_and_is_not_cured() -> None:
    nodes = Nodes(stubborn={"a"})
    with playing(nodes, Deed(0, 0.1, "kill", "a", "node"), Deed(0, 0.1, "down", "a", "ws")) as player:
        over(player)
        assert len(player.complaints) == 2
        assert "did not bite" in player.complaints[0]
    assert nodes.done == []


def test_an_error_that_nobody_thought_of_is_a_complaint() -> None:
    nodes = Nodes(stubborn={"a"}, error=OSError(98, "Address already in use"))
    with playing(nodes, Deed(0, 0.1, "kill", "a", "node")) as player:
        over(player)
        assert player.complaints == ["kill of a: OSError: [Errno 98] Address already in use"]
        assert player.hurt == ()
