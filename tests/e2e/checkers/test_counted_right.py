from __future__ import annotations

from typing import Any

import pytest

from e2e.checkers.counted_right import counted_right
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import Run


def answer(run: Run) -> Answer:
    return counted_right(run.history()).answer


def two_clients() -> tuple[Run, Any]:
    run = Run()
    run.client("direct-x").subscribed(1, "newHeads", "0xd")
    a = run.client("a").subscribed(1, "newHeads", "0xa").subscribed(2, "logs", "0xb")
    run.client("b")
    run.wait(3)
    return run, a


def test_right() -> None:
    run, a = two_clients()
    run.scrape(conns=2.0, subs=2.0).wait(3)
    a.asked(3, "eth_unsubscribe", "0xa", result=True)
    run.wait(3).scrape(conns=2.0, subs=1.0)
    a.closed()
    run.wait(3).scrape(conns=1.0, subs=0.0)
    verdict = counted_right(run.history())
    assert verdict.answer is Answer.YES
    assert verdict.facts["looks"] == 5


@pytest.mark.parametrize("samples", [{"conns": 1.0}, {"conns": 3.0}, {"subs": 3.0}, {"subs": -1.0}])
def test_wrong(samples: dict[str, float]) -> None:
    run, _ = two_clients()
    run.scrape(**{"conns": 2.0, "subs": 2.0, **samples})
    verdict = counted_right(run.history())
    assert verdict.answer is Answer.NO
    assert "there are 2" in verdict.witnesses[0].text


def test_labels_are_summed() -> None:
    run, _ = two_clients()
    run.scrape(**{'conns{lane="a"}': 1.0, 'conns{lane="b"}': 1.0})
    assert answer(run) is Answer.YES


def test_a_leak_is_seen_after_the_clients_left() -> None:
    run, a = two_clients()
    a.closed(1006, by="proxy")
    run.wait(3).scrape(conns=2.0, subs=0.0)
    assert answer(run) is Answer.NO


def test_it_may_be_a_moment_behind() -> None:
    run, a = two_clients()
    run.scrape(conns=2.0, subs=2.0)
    a.closed()
    run.wait(1).scrape(conns=2.0, subs=2.0)
    assert answer(run) is Answer.YES
    run.wait(1.5).scrape(conns=2.0, subs=2.0)
    assert answer(run) is Answer.NO


def test_who_does_not_read_learns_late_that_it_was_closed() -> None:
    run, a = two_clients()
    run.scrape(conns=2.0, subs=2.0).fault("slow_reader", "a")
    run.wait(3).scrape(conns=1.0, subs=0.0)
    a.closed(1013, by="proxy")
    assert answer(run) is Answer.YES
    run.wait(3).scrape(conns=2.0, subs=0.0)
    assert answer(run) is Answer.NO


def test_it_may_be_longer_behind_on_a_slow_machine() -> None:
    run, a = two_clients()
    a.closed()
    run.wait(2.5).drifted(1.0).scrape(conns=2.0, subs=2.0)
    assert answer(run) is Answer.NOT_REACHED


def test_only_the_last_look_counts() -> None:
    run, _ = two_clients()
    run.scrape(conns=1.0).wait(1).scrape(conns=2.0).wait(1).not_scraped()
    assert answer(run) is Answer.YES


def test_a_proxy_that_does_not_count() -> None:
    run, _ = two_clients()
    run.scrape(other=5.0)
    assert answer(run) is Answer.NOT_REACHED
    assert answer(Run(metrics={}).scrape(conns=5.0)) is Answer.NOT_REACHED


def queues(*looks: float) -> Run:
    """Two requests that wait for a node for three seconds, and looks at the queue while they do and long after."""
    run = Run(metrics={"queue": "waiting"})
    a = run.client("a").sent(1).sent(2)
    during, after = looks
    run.wait(1).scrape(waiting=during).wait(2)
    a.got(1).got(2)
    run.wait(3).scrape(waiting=after)
    return run


def test_a_queue_holds_no_more_than_clients_wait_for() -> None:
    assert answer(queues(2.0, 0.0)) is Answer.YES
    assert answer(queues(0.0, 0.0)) is Answer.YES  # the node has them all
    assert answer(queues(3.0, 0.0)) is Answer.NO
    verdict = counted_right(queues(2.0, 2.0).history())
    assert verdict.answer is Answer.NO
    assert "counts 2 requests that wait for a node, though clients wait for 0 at most" in verdict.witnesses[0].text
    assert answer(queues(0.0, -1.0)) is Answer.NO


def test_a_queue_may_be_a_moment_behind_and_clients_that_left_wait_no_more() -> None:
    run = Run(metrics={"queue": "waiting"})
    a = run.client("a").sent(1).sent(2)
    a.closed()
    run.wait(1.5).scrape(waiting=2.0)
    assert answer(run) is Answer.YES
    run.wait(1).scrape(waiting=2.0)
    assert answer(run) is Answer.NO
