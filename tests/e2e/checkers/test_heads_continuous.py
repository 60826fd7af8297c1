from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.heads_continuous import heads_continuous
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import B1, B2, P1, P2, Run, good_run, header, log

if TYPE_CHECKING:
    from tests.e2e.checkers.histories import Client

BLOCKS = 12
GOOD = good_run(BLOCKS)


def stream(name: str) -> list[Received]:
    return [
        each
        for each in GOOD.entries
        if isinstance(each, Received) and each.id is None and each.frame["params"]["subscription"] == name
    ]


HEADS, LOGS = stream("0xa1"), stream("0xa2")


def answer(run: Run) -> Answer:
    return heads_continuous(run.history()).answer


def broken(run: Run, words: str) -> None:
    verdict = heads_continuous(run.history())
    assert verdict.answer is Answer.NO, verdict
    assert any(words in witness.text for witness in verdict.witnesses), verdict.witnesses


def without(*lost: Received) -> History:
    return History([each for each in GOOD.entries if all(each is not one for one in lost)], GOOD.meta)


def swapped(one: Received, other: Received) -> History:
    places = {id(one): Received(one.at, one.client, None, other.frame)}
    places[id(other)] = Received(other.at, other.client, None, one.frame)
    return History([places.get(id(each), each) for each in GOOD.entries], GOOD.meta)


def test_a_good_run_keeps_it() -> None:
    verdict = heads_continuous(GOOD.history())
    assert verdict.answer is Answer.YES, verdict
    assert (verdict.facts["heads"], verdict.facts["logs"]) == (2 * BLOCKS, 4 * BLOCKS)
    assert answer(Run()) is Answer.NOT_REACHED


@given(st.integers(0, BLOCKS - 1))
def test_any_head_dropped_is_seen(index: int) -> None:
    verdict = heads_continuous(without(HEADS[index]))
    assert verdict.answer is Answer.NO
    assert f"never said head {index + 1} (1 missing," in verdict.witnesses[0].text


@given(st.integers(0, 2 * BLOCKS - 1))
def test_any_log_dropped_is_seen(index: int) -> None:
    verdict = heads_continuous(without(LOGS[index]))
    assert verdict.answer is Answer.NO
    assert "never said 1 logs" in verdict.witnesses[0].text


@given(st.sampled_from([HEADS, LOGS]), st.data())
def test_any_two_events_swapped_are_seen(events: list[Received], data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.sampled_from(events), min_size=2, max_size=2, unique_by=id))
    assert heads_continuous(swapped(one, other)).answer is Answer.NO


@given(st.sampled_from([*HEADS, *LOGS]))
def test_any_event_doubled_is_seen(twice: Received) -> None:
    entries = [copy for entry in GOOD.entries for copy in ([entry, entry] if entry is twice else [entry])]
    verdict = heads_continuous(History(entries, GOOD.meta))
    assert verdict.answer is Answer.NO
    assert "again" in verdict.witnesses[0].text


def listening(run: Run, kind: str = "newHeads", name: str = "a") -> Client:
    client = run.client(name).subscribed(1, kind, "0xa", *([{}] if kind == "logs" else []))
    run.wait(2)
    return client


def told(run: Run, client: Client, *numbers: int, branch: str = "a", parent: str | None = None) -> None:
    """Blocks that are built and told at once."""
    for number in numbers:
        run.wait(1).block(number, branch, parent)
        client.event("0xa", header(number, branch, parent))
        parent = None


def test_a_stream_that_ends_early() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.wait(1).block(3).wait(1).block(4).wait(2).settled()
    broken(run, "head 3, 4 (2 missing, 2 told)")


def test_a_stream_that_never_begins() -> None:
    run = Run()
    listening(run)
    run.block(1).wait(2).settled()
    broken(run, "head 1")


def test_long_gaps_are_shortened() -> None:
    run = Run()
    listening(run)
    for number in range(1, 12):
        run.block(number)
    run.wait(2).settled()
    broken(run, "head 1, 2, 3, 4, 5, 6, 7, 8, … (11 missing,")


def test_the_last_moments_are_not_judged() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.wait(1).block(3).wait(1).settled()
    assert answer(run) is Answer.YES


def test_a_slow_machine_has_longer_last_moments() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.wait(1).block(3).wait(2).drifted(1.0).settled()
    assert answer(run) is Answer.YES


def test_what_was_built_while_subscribing_may_be_told_or_not() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa")
    run.block(1)
    run.wait(2)
    told(run, a, 2, 3)
    assert answer(run) is Answer.YES


def test_late_is_not_lost() -> None:
    run = Run()
    a = listening(run)
    run.block(1).wait(1).block(2).wait(8).block(3)
    a.event("0xa", header(1)).event("0xa", header(2)).event("0xa", header(3))
    run.wait(2).settled()
    assert answer(run) is Answer.YES


def test_a_block_of_another_chain() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    a.event("0xa", header(2, "f"))
    told(run, a, 3)
    broken(run, "never canonical")


def test_a_head_that_the_record_does_not_have_yet() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    a.event("0xa", header(3))
    assert answer(run) is Answer.YES


def test_whoever_was_closed_by_the_proxy_was_told_of_the_gap() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.wait(1).block(3).wait(5)
    a.closed(1013, by="proxy")
    run.wait(2).settled()
    assert answer(run) is Answer.YES


@pytest.mark.parametrize(("deaf", "expected"), [(True, Answer.YES), (False, Answer.NO)])
def test_a_slow_reader_reads_late_what_it_was_told_before_it_was_closed(deaf: bool, expected: Answer) -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1)
    if deaf:
        run.fault("slow_reader", "a")
    run.block(2).wait(1).block(3).wait(3)
    a.event("0xa", header(2))
    run.block(4).wait(0.1)
    a.event("0xa", header(4))
    a.closed(1013, by="proxy")
    run.wait(2).settled()
    assert answer(run) is expected


def test_whoever_leaves_in_the_middle_of_a_switch_is_not_caught_up_with() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.fault("black_hole", P1)
    run.wait(0.1).block(3).wait(1.8)
    a.closed()
    assert answer(run) is Answer.YES


def test_whoever_leaves_while_no_node_lives_is_not_caught_up_with() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    for node in (P1, P2, B1, B2):
        run.fault("black_hole", node, lane="ws")
    run.wait(1).block(3).wait(10)
    a.closed()
    assert answer(run) is Answer.YES


@pytest.mark.parametrize(("later", "expected"), [(True, Answer.NO), (False, Answer.YES)])
def test_what_was_passed_over_in_the_middle_of_a_fault_is_missing(later: bool, expected: Answer) -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2)
    run.fault("stalled_head", P1)
    run.wait(1).block(3).wait(1)
    if later:
        told(run, a, 4)
    a.closed()
    assert answer(run) is expected


@pytest.mark.parametrize(("later", "expected"), [(True, Answer.NO), (False, Answer.YES)])
def test_so_are_logs_but_not_the_rest_of_the_newest_block(later: bool, expected: Answer) -> None:
    run = Run()
    a, straight = listening(run, "logs"), run.client("direct-el-1-primary").subscribed(1, "logs", "0xd", {})
    run.wait(2).fault("stalled_head", P1)
    said = {(1, 0), (1, 1), (2, 0)} | ({(3, 0)} if later else set())
    for number in (1, 2, 3):
        run.wait(0.5).block(number)
        for index in (0, 1):
            straight.event("0xd", log(number, index))
            if (number, index) in said:
                a.event("0xa", log(number, index))
    a.closed()
    assert answer(run) is expected


def test_a_record_with_a_hole_proves_nothing() -> None:
    run = Run()
    a = listening(run)
    told(run, a, 1, 2, 5)
    verdict = heads_continuous(run.history())
    assert verdict.answer is Answer.UNKNOWN
    assert "[3, 4]" in verdict.reason


def test_a_block_that_was_recorded_late_is_as_old_as_the_word_of_the_next_one() -> None:
    """On a busy machine the recorder may sleep for a second, and the record then has several blocks at once."""
    run = Run().block(1)
    witness, a = run.client("direct-" + B1).subscribed(1, "newHeads", "0xd"), run.client("a")
    a.subscribed(1, "newHeads", "0xa")
    run.wait(0.9)
    witness.event("0xd", header(3))
    a.event("0xa", header(3))
    run.wait(0.2).block(2).block(3)
    for number in (4, 5):
        run.wait(1).block(number)
        witness.event("0xd", header(number))
        a.event("0xa", header(number))
    run.wait(2).settled()
    assert heads_continuous(run.history()).answer is Answer.YES
    first_word = next(each.at for each in run.entries if isinstance(each, Received) and each.id is None)
    assert [run.history().chain.canonical[number].at for number in (2, 3)] == [first_word, first_word]


def test_what_came_after_the_confirmation_is_missed_however_late_it_was_recorded() -> None:
    run = Run().block(1)
    a = run.client("a").subscribed(1, "newHeads", "0xa")
    run.wait(3)
    a.event("0xa", header(3))
    run.wait(0.5).block(2).block(3).wait(2).settled()
    verdict = heads_continuous(run.history())
    assert verdict.answer is Answer.NO
    assert "never said head 2" in verdict.witnesses[0].text


def test_a_block_before_the_first_word_is_not_due_if_its_record_is_as_late_as_the_harness() -> None:
    """The harness stood still: the block was there before the client, and nobody was told of it."""
    for late, answer in ((1.8, Answer.YES), (0.1, Answer.NO)):
        run = Run().block(1)
        a = run.client("a").subscribed(1, "newHeads", "0xa")
        run.wait(1.9).drifted(late).block(2)
        for number in (3, 4):
            run.wait(1).block(number)
            a.event("0xa", header(number))
        run.wait(2).settled()
        assert heads_continuous(run.history()).answer is answer
