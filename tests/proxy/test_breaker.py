from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.breaker import METHOD_STRIKES, NODE_STRIKES, Breaker


def breaker() -> Breaker:
    return Breaker(["a", "b"], random.Random(1))


def test_h6_a_429_rests_the_node_for_as_long_as_it_says() -> None:
    rests = breaker()
    rests.limited("a", 7.0, 100.0)
    assert rests.resting("a", 106.9)
    assert not rests.resting("a", 107.0)
    assert not rests.resting("b", 100.0)
    assert rests.wake == 107.0


def test_an_absurd_retry_after_is_not_kept_to() -> None:
    rests = breaker()
    rests.limited("a", 1e9, 0.0)
    assert not rests.resting("a", 61.0)


def test_without_a_retry_after_rests_double() -> None:
    rests = breaker()
    lengths, now = [], 0.0
    for _ in range(8):
        rests.limited("a", None, now)
        lengths.append(rests.wake - now)
        now = rests.wake
    assert 0.8 <= lengths[0] <= 1.0
    assert all(later > 1.2 * earlier for earlier, later in pairwise(lengths[:5]))
    assert max(lengths) <= 60


def test_a_burst_of_429s_is_one_rest() -> None:
    rests = breaker()
    for _ in range(20):
        rests.limited("a", None, 0.0)
    assert rests.wake <= 1.0
    rests.limited("a", 30.0, 0.0)
    rests.limited("a", None, 0.1)
    rests.limited("a", 1.0, 0.1)
    assert rests.wake == 30.0


def test_what_was_asked_before_the_rest_and_ends_well_does_not_end_it() -> None:
    rests = breaker()
    rests.limited("a", 30.0, 0.0)
    assert not rests.succeeded("a", "eth_call", 0.1)
    assert rests.resting("a", 29.0)
    assert rests.troubled == {"a"}
    assert rests.succeeded("a", "eth_call", 30.0)
    assert rests.troubled == set()


def test_h8_a_method_that_keeps_failing_rests_alone() -> None:
    rests = breaker()
    for _ in range(METHOD_STRIKES - 1):
        rests.failed("a", "eth_getLogs", 0.0)
        assert rests.failing_methods("a", 0.0) == frozenset()
    rests.failed("a", "eth_getLogs", 0.0)
    assert rests.failing_methods("a", 0.0) == {"eth_getLogs"}
    assert not rests.resting("a", 0.0)
    assert rests.failing_methods("b", 0.0) == frozenset()


def test_a_success_in_between_forgives() -> None:
    rests = breaker()
    for _ in range(20):
        rests.failed("a", "eth_getLogs", 0.0)
        rests.succeeded("a", "eth_getLogs", 0.0)
    assert rests.failing_methods("a", 0.0) == frozenset()
    assert not rests.resting("a", 0.0)
    assert rests.troubled == set()


def test_successes_of_other_methods_do_not_forgive_a_method() -> None:
    rests = breaker()
    for _ in range(METHOD_STRIKES):
        rests.failed("a", "eth_getLogs", 0.0)
        rests.succeeded("a", "eth_call", 0.0)
    assert rests.failing_methods("a", 0.0) == {"eth_getLogs"}
    assert rests.troubled == {"a"}


def test_failures_of_any_kind_in_a_row_rest_the_node() -> None:
    rests = breaker()
    for number in range(NODE_STRIKES):
        assert not rests.resting("a", 0.0)
        rests.failed("a", f"method{number}", 0.0)
    assert rests.resting("a", 0.0)


def test_after_a_rest_one_failure_is_enough_for_a_longer_one() -> None:
    rests = breaker()
    for _ in range(METHOD_STRIKES):
        rests.failed("a", "eth_getLogs", 0.0)
    end = rests.wake
    assert rests.failing_methods("a", end) == frozenset()
    rests.failed("a", "eth_getLogs", end)
    assert rests.failing_methods("a", end + 7.9) == {"eth_getLogs"}


def test_the_end_of_a_rest_is_told_once() -> None:
    rests = breaker()
    rests.limited("a", 1.0, 0.0)
    rests.limited("b", 2.0, 0.0)
    rests.expire(0.5)
    assert rests.wake == 1.0
    rests.expire(1.0)
    assert rests.wake == 2.0
    rests.expire(2.0)
    assert rests.wake == float("inf")


steps = st.lists(
    st.tuples(
        st.sampled_from(["failed", "reported", "limited", "succeeded", "expire"]),
        st.sampled_from([None, "x", "y"]),
        st.floats(0, 30),
        st.none() | st.floats(0, 1e6),
    ),
    max_size=60,
)


@given(steps, st.integers(0, 9))
def test_every_rest_ends_within_a_minute_and_only_the_troubled_rest(
    history: list[tuple[str, Any, float, Any]], seed: int
) -> None:
    rests, now = Breaker(["a"], random.Random(seed)), 0.0
    for event, method, elapsed, retry_after in history:
        now += elapsed
        if event == "limited":
            rests.limited("a", retry_after, now)
        elif event == "failed":
            rests.failed("a", method, now)
        elif event == "reported":
            rests.method_failing("a", method or "x", now)
            assert (method or "x") in rests.failing_methods("a", now)
        elif event == "succeeded":
            rests.succeeded("a", method, now)
        else:
            rests.expire(now)
        rests_now = rests.resting("a", now) or bool(rests.failing_methods("a", now))
        assert not rests_now or "a" in rests.troubled
        assert not rests.resting("a", now + 60)
        assert not rests.failing_methods("a", now + 60)
        if rests_now:
            assert rests.wake <= now + 60


def test_h8_a_method_that_a_session_reports_rests_alone_longer_each_time_until_it_works() -> None:
    rests, now = breaker(), 0.0
    lengths = []
    for _ in range(3):
        rests.method_failing("a", "eth_call", now)
        rests.method_failing("a", "eth_call", now)  # by another client
        assert rests.failing_methods("a", now) == {"eth_call"}
        assert not rests.resting("a", now)
        lengths.append(rests.wake - now)
        now = rests.wake
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3 * lengths[0]
    assert "a" in rests.troubled
    assert rests.succeeded("a", "eth_call", now)
    assert not rests.troubled
