"""The health book, driven by a small world of nodes in virtual time."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.health import SILENCE, Answered, Failed, HealthBook, Observation

Answer = Callable[[float], tuple[float, Observation]]
"""What a probe sent at a time will bring: after how many seconds, and what."""

TIMEOUT = 5.0
DEAD = Failed("connection refused", refused=True)


def good(head: int = 100, takes: float = 0.002) -> Answer:
    return lambda _now: (takes, Answered(head))


def bad(failure: Failed = DEAD, takes: float = 0.001) -> Answer:
    return lambda _now: (takes, failure)


def silent() -> Answer:
    return lambda _now: (TIMEOUT, Failed("no answer in 5 s"))


@dataclass
class World:
    """Carries out what the book wants, and writes down each change of health with its time."""

    nodes: dict[str, Answer]
    interval: float = 1.0
    max_failures: int = 3
    late: float = 0.0
    now: float = 0.0
    probes: list[tuple[float, str]] = field(default_factory=list)
    changes: list[tuple[float, str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = HealthBook(
            self.nodes,
            max_lag=5,
            max_failures=self.max_failures,
            interval=self.interval,
            timeout=TIMEOUT,
            rng=random.Random(1),
        )
        self._coming: list[tuple[float, int, str, float, Observation]] = []
        self._health = dict.fromkeys(self.nodes, False)

    def run(self, seconds: float) -> World:
        end = self.now + seconds
        while True:
            wake = self.book.wake + self.late
            comes = self._coming[0][0] if self._coming else float("inf")
            if min(wake, comes) > end:
                break
            if comes <= wake:
                self.now, _, name, sent_at, observation = heapq.heappop(self._coming)
                self.book.observed(name, observation, sent_at, self.now)
            else:
                self.now = max(self.now, wake)
                for name in self.book.due(self.now, self.late):
                    self._send(name)
            self._look()
        self.now = end
        return self

    def _send(self, name: str) -> None:
        self.probes.append((self.now, name))
        takes, observation = self.nodes[name](self.now)
        heapq.heappush(self._coming, (self.now + takes, len(self.probes), name, self.now, observation))

    def _look(self) -> None:
        for name, before in self._health.items():
            healthy = self.book.verdict(name).healthy
            if healthy != before:
                self._health[name] = healthy
                self.changes.append((self.now, name, healthy))

    def becomes(self, name: str, *, healthy: bool, within: float) -> float:
        """How long it takes from now until the health of `name` is so; fails if it is not `within` that time."""
        began, known = self.now, len(self.changes)
        while self.now < began + within:
            self.run(0.01)
            for at, changed, state in self.changes[known:]:
                if changed == name and state is healthy:
                    return at - began
        raise AssertionError(f"{name} is not {'healthy' if healthy else 'unhealthy'} within {within} s")

    def on_their_way(self, name: str) -> int:
        """Probes that have not come back, those that nobody waits for any more among them."""
        return sum(probed == name for _, _, probed, _, _ in self._coming)

    def count(self, name: str, since: float = 0.0) -> int:
        return sum(at >= since and probed == name for at, probed in self.probes)


def test_at_the_start_one_good_probe_is_enough() -> None:
    world = World({"a": good()})
    assert not world.book.verdict("a").healthy
    world.run(0.01)
    assert world.book.verdict("a") == (100, 0, True, True, "")


def test_a_healthy_node_is_probed_once_an_interval() -> None:
    world = World({"a": good()}, interval=2.0).run(20.01)
    assert world.count("a") == 10


def test_h7_one_bad_probe_in_twenty_flips_nothing() -> None:
    for failure in (DEAD, Failed("connection reset"), Failed("HTTP 500")):
        probes = iter(range(10_000))
        world = World({"a": lambda now, n=probes, f=failure: bad(f)(now) if next(n) % 20 == 5 else good()(now)})  # type: ignore[misc]
        world.run(300)
        assert world.changes == [(0.002, "a", True)]


def test_two_refused_connections_are_certain() -> None:
    world = World({"a": good()}).run(0.5)
    world.nodes["a"] = bad()
    world.book.hurry("a", world.now)
    assert world.becomes("a", healthy=False, within=1) < 0.1


def test_a_request_that_was_refused_counts_as_one_of_them() -> None:
    world = World({"a": good()}).run(0.5)
    world.nodes["a"] = bad()
    world.book.refused("a", world.now)
    assert world.becomes("a", healthy=False, within=1) <= 0.02
    assert world.book.verdict("a").reason == "connection refused"


def test_a_request_that_was_refused_proves_nothing_against_a_good_probe() -> None:
    world = World({"a": good()}).run(0.5)
    for _ in range(50):
        world.book.refused("a", world.now)
        world.run(0.1)
    assert world.book.verdict("a").healthy


@pytest.mark.parametrize("max_failures", [1, 3, 7])
def test_as_many_bad_probes_in_a_row_as_the_config_says(max_failures: int) -> None:
    world = World({"a": good()}, max_failures=max_failures).run(0.5)
    world.nodes["a"] = bad(Failed("HTTP 500"))
    before = world.count("a")
    took = world.becomes("a", healthy=False, within=2)
    assert world.count("a") - before == max_failures
    assert took < 0.52 + max_failures * 0.11


def test_two_good_probes_in_a_row_bring_a_node_back_in_time() -> None:
    world = World({"a": good()}).run(0.5)
    world.nodes["a"] = bad()
    world.becomes("a", healthy=False, within=2)
    world.run(20)
    world.nodes["a"] = good()
    assert 0.2 < world.becomes("a", healthy=True, within=2) < 1


def test_good_and_bad_probes_in_turn_bring_nobody_back() -> None:
    world = World({"a": bad()}).run(1)
    turns = iter(range(10_000))
    world.nodes["a"] = lambda now: good()(now) if next(turns) % 2 else bad()(now)
    world.run(60)
    assert world.changes == []


def test_ill_nodes_are_probed_at_an_even_pace() -> None:
    world = World({"a": bad(), "b": silent(), "c": good()}).run(10)
    since = world.now
    world.run(60)
    assert 80 <= world.count("a", since) <= 160
    assert world.count("b", since) <= 160


def test_a_silent_node_is_left_long_before_its_probe_times_out() -> None:
    world = World({"a": good(), "b": good()}).run(1.2)
    world.nodes["a"] = silent()
    assert world.becomes("a", healthy=False, within=2) < 2
    assert world.book.verdict("a").reason == "silent"
    assert world.book.verdict("b").healthy


def test_a_request_that_waits_makes_it_quicker() -> None:
    world = World({"a": good(), "b": good()}, interval=30).run(1)
    world.nodes["a"] = silent()
    world.book.hurry("a", world.now)
    assert world.becomes("a", healthy=False, within=1) < SILENCE + 0.05


def test_a_node_that_speaks_again_is_back_after_two_prompt_answers() -> None:
    world = World({"a": good(), "b": good()}).run(1)
    world.nodes["a"] = silent()
    world.becomes("a", healthy=False, within=2)
    world.run(30)
    world.nodes["a"] = good()
    assert world.becomes("a", healthy=True, within=2) < 1.2


def test_when_all_are_slow_alike_nobody_is_blamed() -> None:
    world = World({"a": good(), "b": good()}).run(1)
    world.nodes.update(a=good(takes=2.0), b=good(takes=2.0))
    world.run(30)
    assert {change[1:] for change in world.changes} == {("a", True), ("b", True)}


def test_a_lone_node_is_never_silent_but_in_the_end_dead() -> None:
    world = World({"a": good()}).run(1)
    world.nodes["a"] = silent()
    assert 5 < world.becomes("a", healthy=False, within=20) < 16


def test_a_node_that_is_always_slow_does_not_flap() -> None:
    world = World({"a": good(), "b": good()}).run(1)
    world.nodes["a"] = good(takes=1.5)
    world.becomes("a", healthy=False, within=3)
    world.run(60)
    assert not world.book.verdict("a").healthy
    assert len([change for change in world.changes if change[1] == "a"]) == 2


def test_the_last_who_is_left_is_used_although_slow() -> None:
    world = World({"a": good(), "b": good()}).run(1)
    world.nodes["a"] = good(takes=1.5)
    world.becomes("a", healthy=False, within=3)
    world.nodes["b"] = bad()
    world.becomes("a", healthy=True, within=3)
    assert not world.book.verdict("b").healthy


def test_a_starved_machine_does_not_judge_silence() -> None:
    world = World({"a": good(), "b": good()}, late=1.0).run(1)
    world.nodes["a"] = good(takes=1.5)
    world.run(30)
    assert world.changes[2:] == []


def test_lag_and_syncing_are_known_at_once_and_end_after_two_probes() -> None:
    world = World({"a": good(), "b": good()}).run(0.5)
    world.nodes["b"] = good(103)
    world.run(1)
    assert world.book.verdict("a") == (100, 3, True, True, "")
    world.nodes["b"] = good(106)
    world.becomes("a", healthy=False, within=1.5)
    assert world.book.verdict("a") == (100, 6, True, False, "6 behind the head")
    world.nodes["a"] = good(106)
    assert 0.2 < world.becomes("a", healthy=True, within=2) < 1
    world.nodes["a"] = lambda _now: (0.002, Answered(106, syncing=True))
    world.becomes("a", healthy=False, within=1.5)
    assert world.book.verdict("a").reason == "syncing"


def test_a_slow_answer_is_compared_with_the_head_of_its_own_time() -> None:
    def slow(now: float) -> tuple[float, Answered]:
        return 0.7, Answered(100 + int(now * 4))  # four blocks a second

    world = World({"a": slow, "b": slow})
    world.run(30)
    assert {change[1:] for change in world.changes} == {("a", True), ("b", True)}


def test_h9_an_absurd_head_makes_nobody_ill() -> None:
    world = World({"a": good(), "b": good(2**60), "c": good(101)})
    world.run(30)
    assert [change[2] for change in world.changes] == [True, True, True]
    assert world.book.head == 101


behaviours = st.sampled_from(
    [good(), good(107), good(2**50), good(takes=0.5), good(takes=1.7), bad(), bad(Failed("HTTP 500")), silent()]
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), behaviours, st.floats(0, 8), st.sampled_from(["", "hurry", "refused"])),
        max_size=12,
    ),
    st.integers(1, 4),
)
def test_whatever_happened_the_good_are_healthy_and_the_dead_are_not(
    history: list[tuple[str, Answer, float, str]], max_failures: int
) -> None:
    world = World({"a": good(), "b": good(), "c": good()}, max_failures=max_failures)
    for name, behaviour, seconds, word in history:
        world.nodes[name] = behaviour
        if word == "hurry":
            world.book.hurry(name, world.now)
        elif word == "refused":
            world.book.refused(name, world.now)
        world.run(seconds)
        assert not world.book.crowded(name) or world.on_their_way(name) > 1
        # nobody is probed without measure
        assert len(world.probes) < 60 + 30 * world.now
    world.nodes.update(a=good(), b=good(), c=bad())
    world.run(8)
    since = len(world.changes)
    world.run(10)
    assert [world.book.verdict(name).healthy for name in "abc"] == [True, True, False]
    assert world.changes[since:] == []


@settings(deadline=None)
@given(st.floats(0.0, 3.0), st.floats(0.1, 3.0))
def test_a_dead_node_is_out_and_a_healed_one_back_whenever_it_happens(dies: float, lies: float) -> None:
    world = World({"a": good(), "b": good()}).run(1 + dies)
    world.nodes["a"] = silent()
    world.becomes("a", healthy=False, within=2)
    world.run(lies)
    world.nodes["a"] = good()
    world.becomes("a", healthy=True, within=2)
    world.nodes["a"] = bad()
    world.becomes("a", healthy=False, within=1.2)
    world.run(lies)
    world.nodes["a"] = good()
    world.becomes("a", healthy=True, within=2)
