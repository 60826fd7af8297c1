"""Judged window by window or whole: the same verdicts, in memory that does not grow."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.checkers.rolling import LEAD, LONGEST, Rolling, Window
from e2e.checkers.verdict import Answer, Verdict, worst
from e2e.judge import judge
from e2e.ledger.entries import Closed, Entry, Healed, Injected, Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import B1
from tests.e2e.checkers.perfect_proxy import PerfectProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.ledger.meta import Meta

randoms = st.integers(0, 2**32).map(Random)
LENGTH = 4.0  # seconds
SOON = 25.0  # seconds: before most faults
OTHERWISE = frozenset({"bounded", "counted_right"})  # the module says how these are judged


def long_run(random: Random, *, reorgs: bool = True) -> PerfectProxy:
    """More than a minute, with three spells of faults and calm between them."""
    return PerfectProxy(random, reorgs=reorgs, asks=(75.0, 80.0), spells=(4.0, 36.0, 64.0)).play()


def windows(entries: list[Entry], meta: Meta) -> list[Window]:
    """Fed second by second, as a run that goes on would be."""
    rolling, found, second = Rolling(meta, judge, LENGTH), [], 0
    for entry in sorted(entries, key=lambda each: each.at):
        while entry.at >= second + 1:
            second += 1
            if (window := rolling.cut(float(second))) is not None:
                found.append(window)
        rolling.feed([entry])
    return [*found, rolling.finish()]


def whole(entries: list[Entry], meta: Meta) -> dict[str, Answer]:
    return {each.promise: each.answer for each in judge(History(entries, meta)) if each.promise not in OTHERWISE}


def together(found: list[Window]) -> dict[str, Answer]:
    promises = [each.promise for each in found[0].verdicts if each.promise not in OTHERWISE]
    said = {
        name: [each.answer for window in found for each in window.verdicts if each.promise == name] for name in promises
    }
    return {name: worst(Verdict(name, answer, "") for answer in answers) for name, answers in said.items()}


def staying(run: PerfectProxy) -> list[str]:
    """The clients that are there to the end: who leaves is owed less, and whole histories forgive more of it."""
    return sorted({each.client for each in run.entries if isinstance(each, Closed) and each.at > run.settled})


def frames(run: PerfectProxy, *, answers_only: bool = False) -> list[Received]:
    clients = staying(run)
    every = [each for each in run.entries if isinstance(each, Received) and each.client in clients]
    return [each for each in every if each.id is not None or not answers_only]


def lose(random: Random, run: PerfectProxy) -> list[Entry]:
    """An answer or an event is lost."""
    gone = random.choice(frames(run))
    return [each for each in run.entries if each is not gone]


def repeat(random: Random, run: PerfectProxy) -> list[Entry]:
    """A frame comes twice, soon after."""
    again = random.choice(frames(run))
    return [*run.entries, replace(again, at=again.at + random.uniform(0.00001, LEAD / 2))]


def rename(random: Random, run: PerfectProxy) -> list[Entry]:
    """An answer has an id that nobody used."""
    changed = random.choice(frames(run, answers_only=True))
    return [each if each is not changed else replace(changed, id="77") for each in run.entries]


def cut(random: Random, run: PerfectProxy) -> list[Entry]:
    """A connection is closed by the proxy."""
    client = random.choice(staying(run))
    at, code = random.uniform(4, SOON), random.choice([1000, 1001, 1006, 1013])
    kept = [each for each in run.entries if getattr(each, "client", "") != client or each.at < at]
    return [*kept, Closed(at, client, code, "", "proxy")]


def silence(random: Random, run: PerfectProxy) -> list[Entry]:
    """A client is told nothing any more."""
    client = random.choice(staying(run))
    at = random.uniform(4, SOON)
    return [each for each in run.entries if not (isinstance(each, Received) and each.client == client and each.at > at)]


def spoil(random: Random, run: PerfectProxy) -> list[Entry]:
    """A result belongs to another question."""
    chosen = random.choice(frames(run, answers_only=True))
    return [each if each is not chosen else replace(chosen, frame={"result": "0x" + "f" * 40}) for each in run.entries]


BLEMISHES: tuple[Callable[[Random, PerfectProxy], list[Entry]], ...] = (lose, repeat, rename, cut, silence, spoil)


@given(randoms)
@settings(max_examples=30, deadline=None)
def test_a_perfect_proxy_has_the_same_verdicts(random: Random) -> None:
    run = long_run(random)
    found = windows(run.entries, run.meta)
    assert len(found) > 2
    assert together(found) == whole(run.entries, run.meta)


@given(randoms, st.sampled_from(BLEMISHES))
@settings(max_examples=60, deadline=None)
def test_a_blemish_has_the_same_verdicts(
    random: Random, blemish: Callable[[Random, PerfectProxy], list[Entry]]
) -> None:
    run = long_run(random, reorgs=False)
    entries = blemish(random, run)
    found, expected = together(windows(entries, run.meta)), whole(entries, run.meta)
    if Answer.NO in expected.values():  # then the windows after it may have been unfair, too
        del found["run_was_fair"], expected["run_was_fair"]
    assert (Answer.NO in found.values()) == (Answer.NO in expected.values())
    if found["subscriptions_survive"] is Answer.NO:  # a whole history excuses a silence with many faults in it
        del found["subscriptions_survive"], expected["subscriptions_survive"]
    assert found == expected


@given(randoms)
@settings(max_examples=10, deadline=None)
def test_each_request_is_counted_in_one_window(random: Random) -> None:
    run = long_run(random)
    asked = [each.request.op for window in windows(run.entries, run.meta) for each in window.asked]
    expected = [each.request.op for each in History(run.entries, run.meta).exchanges]
    assert sorted(set(asked)) == sorted(expected)
    assert len(asked) - len(set(asked)) == 0


def test_what_is_kept_does_not_grow_with_the_run() -> None:
    """A proxy without faults for twenty minutes: memory after the first minutes is memory for ever."""
    run = PerfectProxy(Random(7), reorgs=False, asks=(1200.0, 1201.0), spells=()).play()
    rolling, kept, second = Rolling(run.meta, lambda _: []), [], 0
    for entry in sorted(run.entries, key=lambda each: each.at):
        while entry.at >= second + 1:
            second += 1
            if rolling.cut(float(second)) is not None:
                kept.append(len(rolling))
        rolling.feed([entry])
    assert len(kept) > 30
    assert max(kept[5:]) < 1.3 * max(kept[:5])


def test_a_window_that_is_never_calm_ends_all_the_same() -> None:
    """A node that is away for a quarter of an hour: what is kept has its bound, and nobody is blamed."""
    run = PerfectProxy(Random(3), reorgs=False, asks=(1000.0, 1001.0), spells=()).play()
    away: list[Entry] = [Injected(30.0, "pause", B1, began=29.9), Healed(930.0, "pause", B1)]
    found = windows([*run.entries, *away], run.meta)
    longest = max(window.until - window.since for window in found)
    assert LONGEST <= longest < LONGEST + 2
    assert [verdict for window in found for verdict in window.verdicts if verdict.answer is Answer.NO] == []
    assert sum(len(window.asked) for window in found) == len(History(run.entries, run.meta).exchanges)
