"""Who is taken away, when it is given back, and what is said where clients do not move; on a network made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from e2e.soak import forcing
from e2e.soak.forcing import Forcing

if TYPE_CHECKING:
    from e2e.soak.ground import Ground

P1, P2, B1 = "el-1-primary", "el-2-primary", "el-3-backup"


@dataclass
class Node:
    name: str


@dataclass
class Network:
    """Stands for ground, proxy and nemesis: clients are where a sound proxy would have them, if it is one."""

    nodes: tuple[str, ...] = (P1, B1)
    sound: bool = True
    comes_home: bool = True
    counts: bool = True
    hurt: list[str] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    moved: bool = False

    @property
    def sut(self) -> Any:
        return type("Sut", (), {"nodes": [Node(name) for name in self.nodes]})

    @property
    def nemesis(self) -> Any:
        return self

    @property
    def scraper(self) -> object | None:
        return self if self.counts else None

    def inject(self, fault: str, node: str) -> None:
        self.deeds.append(f"{fault} {node}")
        self.hurt.append(node)
        self.moved = self.moved or self.sound

    def cure_all(self) -> None:
        self.deeds.append("cure")
        self.hurt.clear()
        self.moved = self.moved and not self.comes_home

    def carrying(self) -> frozenset[str] | None:
        if not self.counts:
            return None
        at_home = [name for name in self.nodes if name not in self.hurt]
        return frozenset({B1 if self.moved else (at_home[0] if self.sound else self.nodes[0])})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forcing, "MOVES_WITHIN", 0.05)
    monkeypatch.setattr(forcing, "LOOK", 0.01)


def forces(network: Network) -> Forcing:
    return Forcing(cast("Ground", network))


def test_the_node_in_use_is_taken_away_and_given_back_once_clients_have_moved() -> None:
    network = Network()
    forced = forces(network).force()
    assert network.deeds == [f"stop {P1}", "cure"]
    assert forced.seen
    assert str(forced) == f"stop of {P1}: clients away after 0.0 s, home after 0.0 s"


def test_faults_come_in_turn() -> None:
    network = Network()
    each = forces(network)
    assert [each.force().fault for _ in range(3)] == ["stop", "kill", "stop"]


def test_only_the_primary_that_carries_clients_is_taken() -> None:
    network = Network(nodes=(P1, P2, B1))
    forces(network).force()
    assert network.deeds[0] == f"stop {P1}"


@pytest.mark.parametrize(
    ("network", "away", "home"), [(Network(sound=False), False, True), (Network(comes_home=False), True, False)]
)
def test_clients_that_do_not_move_are_not_seen_and_the_node_is_cured_all_the_same(
    network: Network, away: bool, home: bool
) -> None:
    forced = forces(network).force()
    assert (forced.away is not None, forced.home is not None) == (away, home)
    assert not forced.seen
    assert network.hurt == []


def test_a_proxy_that_does_not_say_where_clients_are_is_not_waited_for() -> None:
    network = Network(counts=False)
    forced = forces(network).force()
    assert (forced.away, forced.home, forced.seen) == (None, None, False)
    assert network.deeds == [f"stop {P1}", "cure"]


def test_it_goes_on_until_the_end() -> None:
    network = Network()
    ends = iter([False] * 3)
    assert list(forces(network).every(60.0, lambda: next(ends, True))) == []
    assert network.deeds == []
    done = [forced for forced, _ in zip(forces(network).every(0.02, lambda: False), range(2), strict=False)]
    assert len(done) == 2
