"""Steps that judge how long answers took say so where there is nothing to measure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from e2e.steps.http import most_posts_answered_within, posts_answered_within
from e2e.steps.latency import latency_is_normal, measured, response_times
from tests.e2e.checkers.histories import Run

if TYPE_CHECKING:
    from e2e.steps.context import Context


def context(history: Any) -> Context:
    run = SimpleNamespace(history=lambda: history, recorder=SimpleNamespace(entries=list))
    client = SimpleNamespace(name="a")
    world = SimpleNamespace(run=run, clients=[client], client=client, posts=None, in_flight=None, traffic=None)
    return cast("Context", SimpleNamespace(world=world))


def test_no_request_is_not_a_fast_one() -> None:
    nothing = context(Run().history())
    with pytest.raises(AssertionError, match="no p50: there is no request to measure"):
        latency_is_normal(nothing)
    with pytest.raises(AssertionError, match="no p99: there is no request to measure"):
        response_times(nothing, 0.5, 99)


def test_no_post_is_not_a_fast_one() -> None:
    nothing = context(Run().history())
    with pytest.raises(AssertionError, match="nothing was posted"):
        most_posts_answered_within(nothing, 99, 0.5)
    with pytest.raises(AssertionError, match="nothing was posted"):
        posts_answered_within(nothing, 0.5)


def test_what_was_posted_is_measured() -> None:
    run = Run()
    poster = run.client("h", "http")
    poster.sent(1).got(1)
    history = run.history()
    assert 0 < measured(history.exchanges, 99) < 0.5
    most_posts_answered_within(context(history), 99, 0.5)
    with pytest.raises(AssertionError, match="p99 is"):
        most_posts_answered_within(context(history), 99, 0.001)
