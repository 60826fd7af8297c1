from __future__ import annotations

import pytest

from e2e.wait import WaitTimeoutError, wait_until


def test_what_the_condition_gives_is_returned() -> None:
    values = iter([None, 0, "", 7])
    assert wait_until(lambda: next(values), 5, "a value", poll=0.001) == 7


def test_a_condition_is_asked_at_least_once() -> None:
    assert wait_until(lambda: True, 0, "at once")


def test_at_time_out_it_says_what_was_seen() -> None:
    with pytest.raises(WaitTimeoutError, match=r"not within 0.01 s: heads move; seen at the end: 'block 7'"):
        wait_until(lambda: False, 0.01, "heads move", lambda: "block 7", poll=0.001)


def test_without_a_witness_it_shows_the_last_value() -> None:
    with pytest.raises(WaitTimeoutError, match=r"seen at the end: \[\]"):
        wait_until(list, 0.01, "anything", poll=0.001)


def test_a_failing_wait_fails_a_step() -> None:
    assert issubclass(WaitTimeoutError, AssertionError)
