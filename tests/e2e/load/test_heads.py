"""Streams told badly, each in its own way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.load.heads import REMEMBERED, Heads, Logs, stream


def head(number: int, branch: str = "a", parent: str | None = None) -> dict[str, str]:
    return {"number": hex(number), "hash": f"{branch}{number}", "parentHash": parent or f"{branch}{number - 1}"}


def log(block: str, index: int, *, removed: bool = False) -> dict[str, Any]:
    return {"blockHash": block, "logIndex": hex(index), "removed": removed}


@given(st.integers(0, 1000), st.integers(1, 600), st.booleans())
def test_a_stream_without_holes_is_well(first: int, length: int, reorgs: bool) -> None:
    heads = Heads(reorgs=reorgs)
    assert [heads.hear(head(number)) for number in range(first, first + length)] == [None] * length
    assert heads.number == first + length - 1
    assert len(heads._told) <= REMEMBERED


@given(st.integers(2, 50), st.integers(1, 20))
def test_a_hole_is_seen_once(at: int, width: int) -> None:
    heads = Heads(reorgs=True)
    told = [*range(1, at), *range(at + width, at + width + 5)]
    wrong = [text for number in told if (text := heads.hear(head(number))) is not None]
    assert wrong == [f"head {at + width} after head {at - 1}: {width} missing"]


@given(st.integers(1, 40), st.data())
def test_a_head_told_again_is_seen(length: int, data: st.DataObject) -> None:
    heads = Heads(reorgs=False)
    for number in range(length):
        heads.hear(head(number))
    again = data.draw(st.integers(0, length - 1))
    assert heads.hear(head(again)) == f"head {again} again"


def test_another_branch_is_a_violation_unless_reorgs_are_allowed() -> None:
    for reorgs in (False, True):
        heads = Heads(reorgs=reorgs)
        heads.hear(head(1))
        heads.hear(head(2))
        wrong = heads.hear(head(2, "b", parent="a1"))
        assert (wrong is None) is reorgs
        assert heads.branches == 1
        assert heads.hear(head(3, "b")) is None


def test_a_head_of_the_right_height_on_the_wrong_parent_is_seen() -> None:
    heads = Heads(reorgs=False)
    heads.hear(head(1))
    assert heads.hear(head(2, parent="elsewhere")) is not None


def test_what_is_no_head_is_said_to_be_none() -> None:
    for result in (None, "0x1", {"number": 3}, {"number": "0x1", "hash": "a"}):
        assert "no head" in str(Heads(reorgs=True).hear(result))


def test_logs_are_told_once_and_taken_back_once() -> None:
    logs = Logs()
    assert logs.hear(log("0xa", 0)) is None
    assert logs.hear(log("0xa", 1)) is None
    assert "told twice" in str(logs.hear(log("0xa", 1)))
    assert logs.hear(log("0xa", 1, removed=True)) is None
    assert "taken back twice" in str(logs.hear(log("0xa", 1, removed=True)))
    assert logs.hear(log("0xa", 1)) is None, "a reorg may go back to a branch"
    assert "no log" in str(logs.hear({"blockHash": "0xa"}))


def test_logs_take_no_more_memory_with_time() -> None:
    logs = Logs()
    for number in range(3 * REMEMBERED):
        logs.hear(log(f"0x{number}", 0))
    assert len(logs._told) == REMEMBERED


def test_of_other_subscriptions_nothing_is_said() -> None:
    assert stream("newPendingTransactions", reorgs=False).hear("0x1") is None


@pytest.mark.parametrize("index", [None, [], {}, True, "", "0x", "first"])
def test_a_log_without_a_place_is_no_log_however_often_it_comes(index: Any) -> None:
    logs = Logs()
    for _ in range(2):
        assert (logs.hear({"blockHash": "0xa", "logIndex": index, "removed": False}) or "").startswith("no log")
