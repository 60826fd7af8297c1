"""Neither a false alarm on a perfect proxy, nor silence about any single blemish."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from e2e.checkers.verdict import Answer, Verdict, worst
from e2e.judge import judge
from e2e.ledger.entries import Closed, Received
from e2e.ledger.history import History
from tests.e2e.checkers.perfect_proxy import PerfectProxy

if TYPE_CHECKING:
    from e2e.ledger.entries import Entry

randoms = st.integers(0, 2**32).map(Random)  # a seed replays faster than a recorded stream of choices


def verdicts(entries: list[Entry], run: PerfectProxy) -> list[Verdict]:
    return judge(History(entries, run.meta))


def red(run: PerfectProxy) -> list[str]:
    return [f"{each.promise}: {each.reason} {each.witnesses[:2]}" for each in verdicts(run.entries, run) if each.red]


@given(randoms)
@example(Random(29608))  # a client leaves in the third of three outages that run into each other
@settings(max_examples=150, deadline=None)
def test_a_perfect_proxy_is_never_blamed(random: Random) -> None:
    assert red(PerfectProxy(random).play()) == []


def judged_with(run: PerfectProxy, lost: Entry, *instead: Entry) -> Answer:
    return worst(verdicts([*(entry for entry in run.entries if entry is not lost), *instead], run))


def stayed(run: PerfectProxy) -> set[str]:
    """The clients that were there to the end: those who leave early are owed less."""
    left = {entry.client for entry in run.entries if isinstance(entry, Closed) and entry.at < run.settled}
    return {entry.client for entry in run.entries if isinstance(entry, Received)} - left - {"direct-x"}


def pick(random: Random, run: PerfectProxy, *, events: bool) -> Received:
    clients = stayed(run)
    return random.choice(
        [
            entry
            for entry in run.entries
            if isinstance(entry, Received) and entry.client in clients and (entry.id is None) == events
        ]
    )


@given(randoms)
@settings(max_examples=40, deadline=None)
def test_a_lost_answer_is_always_seen(random: Random) -> None:
    run = PerfectProxy(random).play()
    assert judged_with(run, pick(random, run, events=False)) is Answer.NO


@given(randoms, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_frame_that_comes_twice_is_always_seen(random: Random, events: bool) -> None:
    run = PerfectProxy(random, reorgs=False).play()  # after one some things may be told again
    frame = pick(random, run, events=events)
    twin = replace(frame, at=frame.at + 0.00001)
    assert judged_with(run, frame, frame, twin) is Answer.NO


@given(randoms)
@settings(max_examples=40, deadline=None)
def test_a_changed_id_is_always_seen(random: Random) -> None:
    run = PerfectProxy(random).play()
    frame = pick(random, run, events=False)
    assert judged_with(run, frame, replace(frame, id="77")) is Answer.NO


@given(randoms)
@settings(max_examples=40, deadline=None)
def test_a_lost_head_is_always_seen(random: Random) -> None:
    run = PerfectProxy(random, reorgs=False).play()  # after one some heads are nobody's duty
    due = [
        event
        for stream in History(run.entries, run.meta).subscriptions
        for event in stream.events[2:]
        if stream.kind == "newHeads" and stream.client in stayed(run) and event.at < run.settled - 4
    ]
    assert judged_with(run, random.choice(due)) is Answer.NO


@given(randoms, st.sampled_from([1000, 1001, 1006]))
@settings(max_examples=40, deadline=None)
def test_a_cut_connection_is_always_seen(random: Random, code: int) -> None:
    run = PerfectProxy(random).play()
    client = pick(random, run, events=True).client
    at = random.uniform(4, run.settled - 1)
    cut = Closed(at, client, code, "", "proxy")
    entries = [each for each in run.entries if getattr(each, "client", "") != client or each.at < at]
    found = verdicts([*entries, cut], run)
    assume(any(each.confirmed < at for each in History(run.entries, run.meta).subscriptions if each.client == client))
    assert worst(found) is Answer.NO
