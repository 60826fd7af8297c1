from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.head import PLAUSIBLE_PACE, HeadBelief


def believed(*steps: tuple[float, list[int]], max_lag: int = 5) -> int | None:
    """The head after claims at times."""
    belief = HeadBelief(max_lag)
    for now, claims in steps:
        belief.update(claims, now)
    return belief.head


def test_the_highest_of_agreeing_claims() -> None:
    assert believed((0, [100, 103, 98])) == 103


def test_nobody_claims_nothing_is_believed_and_the_last_head_is_kept() -> None:
    assert believed((0, [])) is None
    assert believed((0, [100, 100]), (1, [])) == 100


def test_h9_an_absurd_claim_is_ignored_while_others_answer() -> None:
    assert believed((0, [100, 100, 2**60])) == 100
    assert believed((0, [100, 100]), (1, [101, 2**60]), (2, [102, 2**60])) == 102


def test_a_second_node_confirms_any_claim() -> None:
    assert believed((0, [100, 2**60]), (1, [100, 2**60, 2**60 + 1])) == 2**60 + 1


def test_a_single_node_is_believed() -> None:
    assert believed((0, [2**60])) == 2**60
    assert believed((0, [100]), (10_000, [7])) == 7


def test_one_who_was_alone_with_an_absurd_claim_is_no_measure_for_those_who_come_back() -> None:
    assert believed((0, [2**60]), (1, [2**60, 100]), (2, [2**60, 100, 101])) == 101
    assert believed((0, [100, 100]), (1, [2**60]), (2, [2**60, 102])) == 102


def test_one_who_went_on_alone_is_believed_when_the_others_come_back_behind() -> None:
    steps = [(float(n), [100 + n]) for n in range(60)]
    assert believed((0, [100, 100]), *steps, (60, [160, 100, 101])) == 160


def test_a_leader_whose_peers_all_stand_still_is_believed_soon() -> None:
    assert believed((0, [100, 100]), (1, [106, 100])) == 106
    assert believed((0, [100, 100]), (0.01, [120, 100])) == 100
    assert believed((0, [100, 100]), *((n / 4, [120, 100]) for n in range(1, 20))) == 120


def test_the_head_may_fall_when_those_who_claimed_it_are_gone() -> None:
    assert believed((0, [100, 100]), (1, [90, 91])) == 91


def test_claims_that_all_stand_alone_count_for_the_lowest() -> None:
    assert believed((0, [100, 1000, 10_000])) == 100


heads = st.integers(0, 2**62)


@given(st.lists(heads, min_size=1, max_size=6), st.floats(0, 1e6))
def test_the_head_is_somebodys_claim_in_any_order(claims: list[int], now: float) -> None:
    assert believed((now, claims)) in claims
    assert believed((now, claims)) == believed((now, claims[::-1]))


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.floats(0.01, 5), st.integers(0, 3)), max_size=30),
    st.integers(1, 2**60),
)
def test_h9_one_liar_never_moves_the_head_by_more_than_a_chain_can_grow(
    start: int, growth: list[tuple[float, int]], lie: int
) -> None:
    belief, now, head = HeadBelief(5), 0.0, start
    belief.update([head, head], now)
    for elapsed, blocks in growth:
        now += elapsed
        head += blocks
        believed_head = belief.update([head, head, head + lie], now)
        assert believed_head is not None
        # two honest nodes at the same head: the liar may stretch it by what is confirmed or plausible, no further
        assert head <= believed_head <= head + 5 + PLAUSIBLE_PACE * now


@given(st.lists(st.lists(heads, max_size=4), max_size=10))
def test_any_history_of_claims_is_digested(history: list[list[int]]) -> None:
    belief = HeadBelief(3)
    for now, claims in enumerate(history):
        belief.update(claims, float(now))
        assert not claims or belief.head in claims
