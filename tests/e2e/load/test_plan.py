"""The schedule is data: fixed by the seed, evenly spaced, fair to all connections."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.load.plan import Plan, shots

PLANS = st.builds(
    Plan,
    rate=st.floats(1, 2000),
    connections=st.integers(1, 120),
    duration=st.floats(0.1, 3),
    seed=st.integers(0, 1 << 31),
    http=st.sampled_from([0.0, 0.1, 1.0]),
    batches=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)


@given(PLANS)
def test_the_same_seed_makes_the_same_schedule(plan: Plan) -> None:
    assert list(islice(shots(plan), 500)) == list(islice(shots(plan), 500))


@given(PLANS)
def test_requests_are_evenly_spaced_whatever_the_messages_are(plan: Plan) -> None:
    asked = 0
    for shot in islice(shots(plan), 500):
        assert shot.at == pytest.approx(asked / plan.rate)
        assert shot.at < plan.duration
        asked += len(shot.calls)
    assert asked >= min(500, int(plan.duration * plan.rate))


@given(PLANS)
def test_every_connection_has_its_turn(plan: Plan) -> None:
    turns = Counter(shot.lane for shot in islice(shots(plan), 2000) if shot.group == "ws")
    counts = [turns[lane] for lane in range(plan.connections)]
    assert max(counts) - min(counts) <= 1


def test_shares_are_kept() -> None:
    plan = Plan(rate=1000, http=0.1, batches=0.2)
    some = list(islice(shots(plan), 20_000))
    requests = sum(len(shot.calls) for shot in some)
    assert sum(shot.group == "http" for shot in some) == pytest.approx(0.1 * len(some), rel=0.1)
    assert sum(len(shot.calls) for shot in some if len(shot.calls) > 1) == pytest.approx(0.2 * requests, rel=0.1)


def test_pairs_ask_the_same_through_the_proxy_and_past_it_in_turns() -> None:
    plan = Plan(rate=50, duration=10, compared=10)
    every = list(shots(plan, compare=True))
    assert [shot.at for shot in every] == sorted(shot.at for shot in every)
    pairs = [shot for shot in every if shot.group in ("through", "direct")]
    assert len(pairs) == pytest.approx(200, abs=2)
    for number, (first, second) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        assert first.calls == second.calls
        assert {first.group, second.group} == {"through", "direct"}
        assert first.group == ("through" if number % 2 else "direct")
    assert all(later.at - earlier.at == pytest.approx(0.05) for earlier, later in pairwise(pairs))


def test_without_a_node_to_compare_with_there_are_no_pairs() -> None:
    assert {shot.group for shot in shots(Plan(rate=100, duration=2))} == {"ws", "http"}
