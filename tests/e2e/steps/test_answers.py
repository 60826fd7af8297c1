"""Steps that judge answers fail where nothing was asked."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from e2e.ledger.entries import Sent
from e2e.steps.answers import all_succeed, answered_within, none_unanswered, sent_during_reconnection
from e2e.wait import TooLateError
from tests.e2e.checkers.histories import Run

if TYPE_CHECKING:
    from e2e.steps.context import Context


RATE = 20.0


def context(history: Any) -> Context:
    run = SimpleNamespace(history=lambda: history, await_=lambda function: function())
    client = SimpleNamespace(name="a", closed=None, outstanding=0)
    traffic = SimpleNamespace(stop=lambda: None, load=SimpleNamespace(rate=RATE))
    world = SimpleNamespace(run=run, clients=[client], the_traffic=traffic)
    return cast("Context", SimpleNamespace(world=world))


def asked() -> Any:
    run = Run()
    run.client("a").sent(1).got(1)
    return meant(run)


def meant(run: Run) -> Any:
    """The history of a run whose requests stem from its traffic."""
    run.entries = [replace(each, intended=each.at) if isinstance(each, Sent) else each for each in run.entries]
    return run.history()


def one_in_an_outage_of(seconds: float) -> Any:
    run = Run()
    client = run.fault("stop").client("a")
    client.sent(1).got(1)
    return meant(run.wait(seconds).healed("stop"))


def test_no_request_has_neither_succeeded_nor_been_in_time() -> None:
    nothing = context(Run().history())
    with pytest.raises(AssertionError, match="no request was sent"):
        all_succeed(nothing)
    with pytest.raises(AssertionError, match="no request was sent"):
        answered_within(nothing, 5.0)


def test_what_the_traffic_did_not_send_is_not_counted() -> None:
    run = Run()
    run.client("a").sent(1).got(1)
    with pytest.raises(AssertionError, match="no request was sent"):
        all_succeed(context(run.history()))


def test_all_that_was_asked_has_succeeded() -> None:
    all_succeed(context(asked()))
    answered_within(context(asked()), 5.0)
    with pytest.raises(AssertionError, match="1 requests were sent"):
        all_succeed(context(asked()), 2)


def test_that_too_little_was_sent_is_late_and_no_fault_of_the_proxy() -> None:
    with pytest.raises(TooLateError, match=r"1 requests were sent in the window of 0\.5 s"):
        sent_during_reconnection(context(one_in_an_outage_of(0.5)))
    sent_during_reconnection(context(one_in_an_outage_of(0.0)))


@pytest.mark.parametrize("asked_before", [True, False])
def test_what_the_base_load_asks_meanwhile_is_not_unanswered_yet(*, asked_before: bool) -> None:
    run = Run()
    a = run.client("a").sent(1).got(1)
    asked_by = run.now
    a.sent(2)
    clock = SimpleNamespace(now=lambda: asked_by + asked_before)
    stage = SimpleNamespace(history=run.history, outstanding=lambda: 0, recorder=clock)
    judged = cast("Context", SimpleNamespace(world=SimpleNamespace(run=stage, traffic=None, clients=[])))
    if asked_before:
        with pytest.raises(AssertionError, match="1 requests are unanswered"):
            none_unanswered(judged)
    else:
        none_unanswered(judged)
