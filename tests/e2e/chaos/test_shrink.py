"""Shrinking: what is left still fails, nothing of it is needless, and the number of replays is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2e.chaos.config import QUIET
from e2e.chaos.schedule import Deed, Schedule
from e2e.chaos.shrink import shrink


def schedule(groups: int) -> Schedule:
    deeds = tuple(
        Deed(10.0 * each, 10.0 * each + 3, "kill", f"el-{each % 4}", "node", {}, each) for each in range(groups)
    )
    return Schedule(1, 10.0 * groups, ("el-0", "el-1", "el-2", "el-3"), QUIET, deeds)


class Proxy:
    """Fails when all of `guilty` are played."""

    def __init__(self, guilty: set[int]) -> None:
        self.guilty = guilty
        self.played = 0

    def fails(self, each: Schedule) -> bool:
        self.played += 1
        return self.guilty <= set(each.groups)


@given(st.integers(1, 20), st.data())
def test_with_time_enough_only_the_guilty_are_left(groups: int, data: st.DataObject) -> None:
    guilty = data.draw(st.sets(st.integers(0, groups - 1), min_size=1))
    proxy = Proxy(guilty)
    found = shrink(schedule(groups), proxy.fails, budget=10_000)
    assert set(found.best.groups) == guilty
    assert found.exact
    assert found.replays == proxy.played


@given(st.integers(1, 20), st.integers(0, 12), st.data())
def test_replays_are_bounded_and_what_is_left_was_seen_to_fail(groups: int, budget: int, data: st.DataObject) -> None:
    guilty = data.draw(st.sets(st.integers(0, groups - 1), min_size=1))
    proxy = Proxy(guilty)
    found = shrink(schedule(groups), proxy.fails, budget)
    assert proxy.played == found.replays <= budget
    assert proxy.guilty <= set(found.best.groups)


def test_one_of_many_is_found_in_few_replays() -> None:
    proxy = Proxy({11})
    found = shrink(schedule(16), proxy.fails, budget=8)
    assert found.best.groups == (11,)
    assert found.best.duration < 15, "and the peace before it is gone"


def test_what_fails_by_chance_is_left_as_it_was() -> None:
    whole = schedule(6)
    assert shrink(whole, lambda _: False, budget=100).best == whole
