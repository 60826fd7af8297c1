"""A subscription that was ended: what was on its way is no fault, what comes later is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from e2e.checkers.no_strangers import IN_FLIGHT
from e2e.clients.websocket import Stream
from e2e.steps import switches

if TYPE_CHECKING:
    from e2e.steps.context import Context


def judged(monkeypatch: pytest.MonkeyPatch, arrivals: list[float]) -> None:
    """Let the step judge a subscription whose events arrive so many seconds after the answer."""
    stream = Stream("newHeads", "0xa", "1")
    client, now = SimpleNamespace(streams={}), 0.0
    answer = SimpleNamespace(result=True, received=None)
    world = SimpleNamespace(the_answer=answer, unsubscribed=stream, client=client)

    def pass_time(_: object, seconds: float) -> None:
        nonlocal now
        for at in arrivals:
            if now <= at < now + seconds:
                client.streams.setdefault("0xa", Stream("?", "0xa", "?")).events += 1
        now += seconds

    monkeypatch.setattr(switches, "pass_time", pass_time)
    switches.unsubscribed(cast("Context", SimpleNamespace(world=world)))


def test_an_event_that_was_on_its_way_at_the_end_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, [])
    judged(monkeypatch, [0.01, IN_FLIGHT - 0.01])


def test_an_event_after_the_end_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="1 events came after the end of 0xa"):
        judged(monkeypatch, [0.01, IN_FLIGHT + 0.01])
    with pytest.raises(AssertionError, match="2 events came"):
        judged(monkeypatch, [1.5, 2.5])
