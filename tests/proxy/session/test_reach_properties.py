"""Whom a session dials, and when: only who is wanted, never too often, never too late."""

from __future__ import annotations

import math
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from proxy import routing
from proxy.nodes import Node, NodeState, Snapshot, Tier
from proxy.session import Settings
from proxy.session.reach import NEVER, Reach

SETTINGS = Settings()
NAMES = ("P1", "P2", "B1", "B2")


def snapshot_of(healthy: list[bool], ready: list[bool]) -> Snapshot:
    tiers = (Tier.PRIMARY, Tier.PRIMARY, Tier.BACKUP, Tier.BACKUP)
    nodes = [Node(name, tier, "http://x", "ws://x") for name, tier in zip(NAMES, tiers, strict=True)]
    return Snapshot(
        tuple(
            NodeState(node, healthy=well, ws_ready=open_)
            for node, well, open_ in zip(nodes, healthy, ready, strict=True)
        )
    )


FLAGS = st.lists(st.booleans(), min_size=4, max_size=4)
SNAPSHOTS = st.builds(snapshot_of, FLAGS, FLAGS)
FAILURES = st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 20)), max_size=8)
WHERE = st.none() | st.sampled_from(NAMES)


@given(SNAPSHOTS, FAILURES, WHERE, st.integers(0, 2**32))
def test_it_dials_the_best_wanted_node_or_waits_for_one_that_rests(
    snapshot: Snapshot, failures: list[tuple[str, float]], current: str | None, seed: int
) -> None:
    reach = Reach(SETTINGS, snapshot, Random(seed), 0.0)
    now = 100.0
    for name, lived in failures:
        reach.failed(name, lived, now)
        now += 0.01
    reach.dial_at = now
    order = routing.ws_order(snapshot)
    wanted = (
        [node for node in order if node.name != current] if current is None or _should_leave(snapshot, current) else []
    )
    if current is not None and wanted and routing.is_usable(snapshot, current):
        wanted = [node for node in wanted if node.tier is Tier.PRIMARY]
    rested = [node for node in wanted if reach._until.get(node.name, 0.0) <= now]
    chosen = reach.choose(current, now)
    assert chosen == (rested[0] if rested else None)
    if chosen is not None or not wanted:
        assert reach.dial_at == NEVER
    else:
        assert now < reach.dial_at <= now + SETTINGS.backoff_most, "asked again at once, or never"


def _should_leave(snapshot: Snapshot, current: str) -> bool:
    return routing.better_than(snapshot, current)


@given(SNAPSHOTS, SNAPSHOTS, WHERE, st.integers(0, 2**32))
def test_new_routing_is_looked_at_within_the_spread(
    before: Snapshot, after: Snapshot, current: str | None, seed: int
) -> None:
    reach = Reach(SETTINGS, before, Random(seed), 0.0)
    reach.choose(current, 0.0)
    reach.routing_changed(after, current, 50.0)
    if current is None:
        assert reach.dial_at <= 50.0 + SETTINGS.dial_spread
    elif routing.better_than(after, current):
        assert reach.dial_at <= 50.0 + SETTINGS.move_spread
    else:
        assert reach.dial_at == NEVER


@given(SNAPSHOTS, st.integers(0, 2**32))
def test_a_loss_is_followed_by_a_dial_within_the_spread(snapshot: Snapshot, seed: int) -> None:
    reach = Reach(SETTINGS, snapshot, Random(seed), 0.0)
    reach.arrived("P1", 0.0)
    reach.lost(10.0)
    assert reach.dial_at <= 10.0 + SETTINGS.dial_spread


@given(st.integers(0, 2**32), st.floats(10, 10_000), st.floats(0, 1))
def test_attempts_at_a_bad_node_grow_with_the_logarithm_until_the_longest_pause(
    seed: int, duration: float, takes: float
) -> None:
    reach = Reach(SETTINGS, snapshot_of([True] + [False] * 3, [True] * 4), Random(seed), 0.0)
    now, attempts = 0.0, 0
    while now < duration:
        if reach.choose(None, now) is None:
            assert reach.dial_at > now
            now = reach.dial_at
            continue
        attempts += 1
        now += takes
        reach.failed("P1", 0.0, now)
        reach.dial_at = now
    longest = SETTINGS.backoff_most / 2
    assert attempts <= 2 + math.log2(1 + duration / SETTINGS.backoff_first * 2) + duration / longest


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.floats(0, 20)), max_size=10), FLAGS)
def test_it_is_exhausted_when_every_usable_node_was_unfit_since_a_link_held(
    ends: list[tuple[str, bool, float]], healthy: list[bool]
) -> None:
    reach = Reach(SETTINGS, snapshot_of(healthy, [True] * 4), Random(0), 0.0)
    unfit: set[str] = set()
    for name, is_unfit, lived in ends:
        reach.failed(name, lived, 0.0, unfit=is_unfit)
        if lived >= SETTINGS.backoff_forgiven:
            unfit.clear()
        if is_unfit:
            unfit.add(name)
    usable = {name for name, well in zip(NAMES, healthy, strict=True) if well}
    assert reach.exhausted == (bool(usable) and usable <= unfit)


@given(SNAPSHOTS, WHERE, st.floats(0, 100), st.integers(0, 2**32))
def test_before_its_time_nobody_is_dialled(snapshot: Snapshot, current: str | None, early: float, seed: int) -> None:
    assume(100.0 - early < 100.0)
    reach = Reach(SETTINGS, snapshot, Random(seed), 100.0)
    assert reach.choose(current, 100.0 - early) is None
    assert reach.dial_at == 100.0
