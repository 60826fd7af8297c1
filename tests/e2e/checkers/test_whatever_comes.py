"""A proxy may say anything. Checkers call it wrong; they do not break on it, for then nobody would know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers import CHECKERS
from e2e.checkers.verdict import Answer
from e2e.judge import judge
from e2e.ledger.entries import Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import CONTRACT, Run, good_run, header, log

GOOD = good_run()
HEARD = [index for index, entry in enumerate(GOOD.entries) if isinstance(entry, Received)]
LEAVES = st.sampled_from([None, True, 0, 1, 1.5, "", "x", "0x", "0xzz", "0x1", "0x" + "f" * 70])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("number"), inner))


@st.composite
def corrupted(draw: st.DrawFn, value: Any) -> Any:
    """The same frame with something in it gone, or another value in its place."""
    if not isinstance(value, dict) or not value or draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(sorted(value)))
    if draw(st.integers(0, 5)) == 0:
        return {name: each for name, each in value.items() if name != key}
    return value | {key: draw(corrupted(value[key]))}


@given(st.data())
def test_no_checker_breaks_on_what_a_proxy_says(data: st.DataObject) -> None:
    entries = list(GOOD.entries)
    for index in data.draw(st.lists(st.sampled_from(HEARD), min_size=1, max_size=3, unique=True)):
        entry = entries[index]
        assert isinstance(entry, Received)
        entries[index] = replace(entry, frame=data.draw(corrupted(entry.frame)))
    history = History(entries, GOOD.meta)
    for checker in CHECKERS.values():
        checker(history)


def told(run: Run, kind: str, *events: Any) -> Answer:
    """What the judge makes of a stream that says so."""
    client = run.client("a").subscribed(1, kind, "0xa")
    for event in events:
        client.event("0xa", event)
    (verdict,) = judge(run.history(), ["subscriptions_survive"])
    assert "crashed" not in verdict.reason
    return verdict.answer


@pytest.mark.parametrize("value", [None, 7, 1.5, True, [], ["0x1"], {}, {"a": 1}])
@pytest.mark.parametrize("key", ["hash", "parentHash", "number"])
def test_a_head_without_its_names_is_none(key: str, value: Any) -> None:
    run = Run().block(1).block(2).block(3)
    assert told(run, "newHeads", header(2), header(3) | {key: value}) is Answer.NO


@pytest.mark.parametrize("value", [None, 7, 1.5, True, [], {}])
@pytest.mark.parametrize("key", ["blockHash", "blockNumber", "logIndex"])
def test_a_log_without_its_place_is_none(key: str, value: Any) -> None:
    run = Run().block(1).block(2)
    assert told(run, "logs", log(1) | {"address": CONTRACT}, log(2) | {key: value}) is Answer.NO


def test_an_event_without_a_name_belongs_to_nobody() -> None:
    run = Run().block(1)
    run.client("a").subscribed(1, "newHeads", "").frame({"jsonrpc": "2.0", "method": "eth_subscription"})
    assert len(run.history().orphans) == 1
    assert [verdict.promise for verdict in judge(run.history()) if "crashed" in verdict.reason] == []
