from __future__ import annotations

import pytest

from e2e.checkers.bounded import bounded
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import Run

MIB = 1 << 20


def sized(*sizes: int) -> Run:
    run = Run()
    for size in sizes:
        run.scrape(rss=float(size * MIB))
    return run


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([50] * 16, Answer.YES),
        ([50] * 11, Answer.NOT_REACHED),
        ([50] * 8 + [120] * 4 + [60] * 4, Answer.YES),
        ([50] * 12 + [90] * 4, Answer.NO),
        ([50] * 8 + [200] + [50] * 7, Answer.NO),
        (list(range(50, 130, 5)), Answer.NO),
    ],
)
def test_memory(sizes: list[int], expected: Answer) -> None:
    assert bounded(sized(*sizes).history()).answer is expected


def test_figures() -> None:
    facts = bounded(sized(*[50] * 11, 70).history()).facts
    assert facts == {"slow readers": 0, "rss first": 50 * MIB, "rss max": 70 * MIB}


@pytest.mark.parametrize(("code", "expected"), [(1013, Answer.YES), (1006, Answer.NO), (1000, Answer.NO)])
def test_slow_readers(code: int, expected: Answer) -> None:
    run = Run()
    run.client("other").closed(1006, by="proxy")
    slow = run.client("slow")
    run.fault("slow_reader", "slow")
    slow.closed(code, by="proxy")
    assert bounded(run.history()).answer is expected


def test_a_slow_reader_who_is_fully_served() -> None:
    run = Run()
    slow = run.client("slow")
    run.fault("slow_reader", "slow")
    slow.asked(1).closed()
    assert bounded(run.history()).answer is Answer.YES
