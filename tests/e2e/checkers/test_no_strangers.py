from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.no_strangers import no_strangers
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Received
from e2e.ledger.frames import parse_frame
from e2e.ledger.history import History
from tests.e2e.checkers.histories import Run, good_run, header

if TYPE_CHECKING:
    from e2e.checkers.verdict import Verdict
    from e2e.ledger.entries import Entry

GOOD = good_run()
FRAMES = [entry for entry in GOOD.entries if isinstance(entry, Received) and "direct" not in entry.client]


def broken(run: Run, *words: str) -> Verdict:
    verdict = no_strangers(run.history())
    assert verdict.answer is Answer.NO, verdict
    for word in words:
        assert word in verdict.witnesses[0].text
    return verdict


def test_a_good_run_keeps_it() -> None:
    assert no_strangers(GOOD.history()).answer is Answer.YES
    assert no_strangers(Run().history()).answer is Answer.NOT_REACHED


@given(st.sampled_from([frame for frame in FRAMES if frame.id]))
def test_any_answer_doubled_is_seen(twice: Entry) -> None:
    entries = [copy for entry in GOOD.entries for copy in ([entry, entry] if entry is twice else [entry])]
    assert no_strangers(History(entries, GOOD.meta)).answer is Answer.NO


@given(
    st.sampled_from(["a", "b"]),
    st.floats(1.5, 8),
    st.one_of(
        st.text(),
        st.dictionaries(st.text(), st.integers()),
        st.lists(st.integers(), min_size=1),
        st.integers(1000, 2**70).map(lambda number: {"id": number, "result": "0x1"}),
        st.uuids().map(lambda name: {"method": "eth_subscription", "params": {"subscription": str(name)}}),
    ),
)
def test_any_foreign_frame_is_seen(client: str, at: float, frame: Any) -> None:
    request_id = frame.get("id") if isinstance(frame, dict) else None
    stranger = Received(at, client, None if request_id is None else str(request_id), frame)
    assert no_strangers(History([*GOOD.entries, stranger], GOOD.meta)).answer is Answer.NO


@given(st.sampled_from([frame for frame in FRAMES if frame.id is None]))
def test_an_event_at_the_wrong_client_is_seen(event: Received) -> None:
    other = "b" if event.client == "a" else "a"
    moved = Received(event.at, other, None, event.frame)
    entries = [moved if entry is event else entry for entry in GOOD.entries]
    verdict = no_strangers(History(entries, GOOD.meta))
    assert verdict.answer is Answer.NO
    assert f"belongs to {event.client}" in verdict.witnesses[0].text


def test_a_replay_answer_is_named() -> None:
    run = Run()
    a = run.client("a").subscribed(100, "newHeads", "0xa")
    run.wait(3)
    a.got(100, "0xb")
    verdict = broken(run, "replayed subscription", "100")
    assert verdict.facts["replay answers"] == 1


def test_a_replay_answer_before_a_reused_id() -> None:
    run = Run()
    a = run.client("a").subscribed(100, "newHeads", "0xa")
    a.sent(100, "eth_blockNumber").got(100, "0x" + "5a" * 16).got(100, "0x5")
    broken(run, "100")  # which of the two is the stranger, answers_fit says


def test_an_id_nearly_right() -> None:
    run = Run()
    run.client("a").sent("1.0").got(1)
    broken(run, "never asked", "asked was 1.0")


def test_an_answer_to_a_notification() -> None:
    run = Run()
    run.client("a").sent(None).got("null", None)
    broken(run, "never asked")


def test_an_event_without_subscription() -> None:
    run = Run()
    run.client("a").event("0x5", header(1))
    broken(run, "no client was ever given")


def test_an_event_before_its_confirmation() -> None:
    run = Run()
    run.client("a").sent(1, "eth_subscribe", "newHeads").event("0x5", header(1)).got(1, "0x5")
    broken(run, "not confirmed yet")


def test_an_event_without_params() -> None:
    run = Run()
    run.client("a").frame({"method": "eth_subscription"})
    broken(run)


def test_text_that_is_no_json() -> None:
    run = Run()
    run.client("a").frame(parse_frame("hello")[0][1])
    broken(run, "neither answer nor event")


def test_events_end_with_the_subscription() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa").sent(2, "eth_unsubscribe", "0xa")
    run.wait(1)
    a.event("0xa", header(1)).got(2, True).event("0xa", header(2))
    assert no_strangers(run.history()).answer is Answer.YES
    run.wait(1)
    a.event("0xa", header(3))
    broken(run, "unsubscribed")


def test_a_refused_unsubscribe_ends_nothing() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa").sent(2, "eth_unsubscribe", "0xa")
    a.error(2, -32000, "subscription not found")
    run.wait(2)
    a.event("0xa", header(3))
    assert no_strangers(run.history()).answer is Answer.YES


def test_a_new_connection_knows_nothing_of_the_old_one() -> None:
    run = Run()
    run.client("a").subscribed(1, "newHeads", "0xa").closed()
    run.client("a").event("0xa", header(1))
    broken(run)


def test_http() -> None:
    run = Run()
    h = run.client("h", "http")
    h.sent(None).frame("").asked(1)
    assert no_strangers(run.history()).answer is Answer.YES
    h.got(1)
    broken(run, "second answer")
    run = Run()
    run.client("h", "http").got(1, op=99)
    broken(run)
    run = Run()
    run.client("h", "http").sent(None).got("null", None)
    broken(run)
