from __future__ import annotations

import random
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from proxy.lanes import LaneBook


def book() -> LaneBook:
    return LaneBook(["a", "b"], random.Random(1))


def dials(lanes: LaneBook, until: float, *, opens: float = float("inf"), step: float = 0.01) -> list[float]:
    """When lane a was dialled from 0 to `until`; dials succeed from `opens` on."""
    times = []
    for tick in range(int(until / step)):
        now = tick * step
        for name in lanes.due(now, ["a"]):
            times.append(now)
            (lanes.opened if now >= opens else lanes.refused)(name, now)
    return times


def test_a_lost_lane_is_tried_at_once_and_ready_when_it_opened() -> None:
    lanes = book()
    assert lanes.ready("a")
    assert lanes.lost("a", 0.0)
    assert not lanes.ready("a")
    assert lanes.ready("b")
    assert lanes.due(0.0, ["a"]) == []
    assert lanes.wake(["a"]) < 0.05
    assert lanes.due(0.05, ["a"]) == ["a"]
    assert lanes.due(0.05, ["a"]) == []
    lanes.opened("a", 0.06)
    assert lanes.ready("a")
    assert lanes.wake(["a", "b"]) == float("inf")


def test_l8_attempts_grow_with_the_logarithm_of_the_outage() -> None:
    counts = []
    for seconds in (10, 20, 40, 80):
        lanes = book()
        lanes.lost("a", 0.0)
        counts.append(len(dials(lanes, seconds)))
    assert counts[0] < 25
    assert all(later - earlier <= 6 for earlier, later in pairwise(counts))


def test_the_return_costs_about_a_quarter_of_the_outage() -> None:
    lanes = book()
    lanes.lost("a", 0.0)
    assert 8.0 <= dials(lanes, 20, opens=8.0)[-1] < 8 * 1.4


def test_a_dial_that_takes_long_holds_no_other_up_and_may_still_open_the_lane() -> None:
    lanes = book()
    lanes.lost("a", 0.0)
    assert lanes.due(1.0, ["a"]) == ["a"]
    lanes.refused("a", 2.0)
    assert lanes.due(4.0, ["a"]) == ["a"], "the first one is still under way"
    lanes.opened("a", 4.5)
    lanes.refused("a", 5.0)
    assert lanes.ready("a")
    assert lanes.wake(["a"]) == float("inf"), "the second one has nothing to say any more"


def test_what_many_clients_report_of_one_loss_counts_once() -> None:
    lanes = book()
    assert lanes.lost("a", 0.0)
    wake = lanes.wake(["a"])
    assert not any(lanes.lost("a", 0.01) for _ in range(1000))
    assert lanes.wake(["a"]) == wake


def test_l13_a_lane_that_opens_and_drops_again_is_no_fresh_start() -> None:
    lanes = book()
    lost = []
    now = 0.0
    while now < 60:
        if lanes.ready("a"):
            lanes.lost("a", now)
            lost.append(now)
        for name in lanes.due(now, ["a"]):
            lanes.opened(name, now)
        now += 0.01
    assert len(lost) < 40
    assert lost[-1] - lost[-2] > 5


def test_a_lane_that_held_has_a_clean_record() -> None:
    lanes = book()
    lanes.lost("a", 0.0)
    dials(lanes, 30, opens=20.0)
    assert lanes.lost("a", 100.0)
    assert lanes.wake(["a"]) < 100.1


def test_a_lane_whose_links_each_end_after_their_time_is_hardly_ever_shut() -> None:
    """One of many every three seconds, as behind a load balancer; each had lasted for a minute."""
    lanes, shut, now = book(), 0.0, 0.0
    for _ in range(1000):
        now += 3.0
        assert lanes.lost("a", now, 60.0)
        dialled = lanes.wake(["a"])
        shut = max(shut, dialled - now)
        now = dialled
        lanes.due(now, ["a"])
        lanes.opened("a", now)
    assert shut < 0.1


def test_lanes_of_ill_nodes_wait_until_they_are_well() -> None:
    lanes = book()
    lanes.lost("a", 0.0)
    assert lanes.wake([]) == float("inf")
    assert lanes.due(50.0, []) == []
    lanes.revived("a", 60.0)
    assert lanes.due(60.0, ["a"]) == ["a"]
    lanes.revived("a", 60.0)
    assert lanes.due(61.0, ["a"]) == []
    lanes.refused("a", 60.1)
    assert lanes.wake(["a"]) < 60.3


def test_reviving_a_good_lane_changes_nothing() -> None:
    lanes = book()
    lanes.revived("a", 5.0)
    assert lanes.ready("a")
    assert lanes.due(5.0, ["a"]) == []


def test_a_doubted_lane_stays_open_while_it_is_looked_at() -> None:
    lanes = book()
    lanes.doubted("a", 0.0)
    assert lanes.due(0.0, ["a"]) == ["a"]
    assert lanes.ready("a")
    assert not lanes.opened("a", 0.1), "no news"
    assert lanes.wake(["a"]) == float("inf")


def test_a_lane_that_refuses_the_monitor_too_is_closed_and_opens_again() -> None:
    lanes = book()
    lanes.doubted("a", 0.0)
    lanes.due(0.0, ["a"])
    assert lanes.refused("a", 0.1)
    assert not lanes.ready("a")
    assert dials(lanes, 10, opens=3.0)
    assert lanes.ready("a")


def test_a_doubted_lane_that_is_lost_meanwhile_is_closed_and_dialled_once() -> None:
    lanes = book()
    lanes.doubted("a", 0.0)
    lanes.due(0.0, ["a"])
    assert lanes.lost("a", 0.1)
    assert lanes.wake(["a"]) == float("inf"), "the dial is under way"
    assert not lanes.refused("a", 0.2)
    assert lanes.wake(["a"]) < 1.0


@given(st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_whatever_nodes_refuse_of_one_client_no_good_lane_closes_and_few_dials_are_made(pauses: list[int]) -> None:
    """`pauses` are in hundredths of a second."""
    lanes, dialled = book(), []
    doubts = {10 * at for at in accumulate(pauses, initial=0)}
    for tick in range(0, max(doubts) + 3000, 10):
        if tick in doubts:
            lanes.doubted("a", tick / 1000)
        if lanes.due(tick / 1000, ["a"]):
            dialled.append(tick / 1000)
            lanes.opened("a", tick / 1000)
        assert lanes.ready("a")
    assert dialled[0] == 0
    assert dialled[-1] >= max(doubts) / 1000 - 2, "a doubt was forgotten"
    assert all(later - earlier > 1.99 for earlier, later in pairwise(dialled))


@given(
    st.lists(
        st.tuples(st.sampled_from(["lost", "doubted", "opened", "refused", "revived", "due"]), st.floats(0, 5)),
        max_size=60,
    ),
    st.integers(0, 9),
)
def test_a_lane_is_ready_dialled_or_will_be(events: list[tuple[str, float]], seed: int) -> None:
    lanes, now, dialling = LaneBook(["a"], random.Random(seed)), 0.0, False
    for event, elapsed in events:
        now += elapsed
        if event == "lost":
            lanes.lost("a", now)
        elif event == "doubted":
            lanes.doubted("a", now)
        elif event == "revived":
            lanes.revived("a", now)
        elif event == "due":
            dialling = bool(lanes.due(now, ["a"])) or dialling
        elif dialling:
            dialling = False
            (lanes.opened if event == "opened" else lanes.refused)("a", now)
        waits = lanes.wake(["a"]) < float("inf")
        assert lanes.ready("a") or dialling or waits
        assert not (dialling and waits)
        assert not waits or lanes.wake(["a"]) <= now + 36
