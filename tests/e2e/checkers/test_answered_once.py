from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.checkers.answered_once import answered_once
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import Received
from e2e.ledger.history import History
from tests.e2e.checkers.histories import B1, B2, P1, P2, Run, good_run

if TYPE_CHECKING:
    from e2e.ledger.entries import Entry

GOOD = good_run()
ANSWERS = [entry for entry in GOOD.entries if isinstance(entry, Received) and entry.id and "direct" not in entry.client]


def judged(run: Run) -> Answer:
    return answered_once(run.history()).answer


def test_a_good_run_keeps_it() -> None:
    verdict = answered_once(GOOD.history())
    assert verdict.answer is Answer.YES, verdict
    assert verdict.facts["requests"] == 2 * (3 + 12 * 3)


@given(st.sampled_from(ANSWERS))
def test_any_answer_dropped_is_seen(lost: Entry) -> None:
    impatient = replace(GOOD.meta, patience=1.0)
    verdict = answered_once(History([entry for entry in GOOD.entries if entry is not lost], impatient))
    assert verdict.answer is Answer.NO
    assert verdict.facts["unanswered"] == 1


@given(st.sampled_from(ANSWERS))
def test_any_answer_doubled_is_seen(twice: Entry) -> None:
    entries = [copy for entry in GOOD.entries for copy in ([entry, entry] if entry is twice else [entry])]
    verdict = answered_once(History(entries, GOOD.meta))
    assert verdict.answer is Answer.NO
    assert "1 answered twice" in verdict.reason


def test_nothing_sent_is_nothing_judged() -> None:
    assert judged(Run()) is Answer.NOT_REACHED
    run = Run()
    run.client("a").sent(None, "eth_chainId")
    assert judged(run) is Answer.NOT_REACHED


def test_silence_on_an_open_connection() -> None:
    run = Run()
    run.client("a").asked(1).sent(2)
    run.wait(5).mark("end")
    assert judged(run) is Answer.UNKNOWN
    run.wait(5).mark("end")
    verdict = answered_once(run.history())
    assert verdict.answer is Answer.NO
    assert verdict.facts["unanswered"] == 1
    assert "eth_chainId with id 2" in verdict.witnesses[0].text


@pytest.mark.parametrize("wrong", ["1.0", '"1"', "null", None, "2"])
def test_an_answer_under_another_id_is_none(wrong: str | None) -> None:
    run = Run()
    run.client("a").sent(1).got(wrong)
    run.wait(11).mark("end")
    assert judged(run) is Answer.NO


@pytest.mark.parametrize("id_text", ["0", "-1", "9007199254740993", "18446744073709551616", "1.0", "1e3", '"a"', '""'])
def test_ids_of_every_kind(id_text: str) -> None:
    run = Run()
    run.client("a").asked(id_text).sent(id_text).sent(id_text).got(id_text).got(id_text)
    assert judged(run) is Answer.YES
    run.client("b").sent(id_text).sent(id_text).got(id_text)
    run.wait(11).mark("end")
    assert judged(run) is Answer.NO


def test_two_clients_do_not_answer_for_each_other() -> None:
    run = Run()
    a, b = run.client("a"), run.client("b")
    a.sent(1)
    b.sent(2).got(1)
    run.wait(11).mark("end")
    assert answered_once(run.history()).facts["unanswered"] == 2


def test_one_who_leaves_early_is_owed_nothing() -> None:
    run = Run()
    run.client("a").sent(1).closed()
    run.wait(1).settled()
    assert judged(run) is Answer.YES


def test_one_who_leaves_after_a_long_silence_was_owed_an_answer() -> None:
    run = Run()
    a = run.client("a").sent(1)
    run.wait(11)
    a.closed()
    run.settled()
    assert judged(run) is Answer.NO


def test_the_end_of_the_run_excuses_nobody() -> None:
    run = Run()
    a = run.client("a").sent(1)
    run.wait(1).settled()
    a.closed()
    assert judged(run) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("code", "expected"),
    [(1001, True), (1013, True), (4001, True), (1000, False), (1005, False), (1006, False)],
)
def test_a_close_by_the_proxy_must_say_why(code: int, expected: bool) -> None:
    run = Run()
    run.client("a").asked(1).sent(2).closed(code, by="proxy").sent(3)
    assert judged(run) is (Answer.YES if expected else Answer.NO)


def test_a_telling_close_does_not_excuse_what_was_kept_waiting() -> None:
    run = Run()
    a = run.client("a").sent(1)
    run.wait(11)
    a.closed(1013, by="proxy")
    assert judged(run) is Answer.NO


def test_a_killed_proxy_may_cut() -> None:
    run = Run()
    a = run.client("a").sent(1)
    run.fault("kill", "proxy")
    a.closed(1006, by="proxy")
    assert judged(run) is Answer.YES


def test_an_error_needs_an_excuse() -> None:
    run = Run()
    run.client("a").sent(1).error(1)
    verdict = answered_once(run.history())
    assert verdict.answer is Answer.NO
    assert "though a node was usable" in verdict.witnesses[0].text


def test_a_read_that_waited_through_an_outage_is_owed_a_result_after_it() -> None:
    run = Run()
    a = run.client("a").asked(1)
    for node in (P1, P2, B1, B2):
        run.fault("kill", node)
    a.sent(2)
    run.wait(1).healed("kill", P1).wait(4)
    a.error(2)
    assert judged(run) is Answer.NO


def test_an_error_while_no_node_lives_is_excused() -> None:
    run = Run()
    a = run.client("a").asked(1)
    for node in (P1, P2, B1):
        run.fault("kill", node)
    a.sent(2).error(2)
    assert judged(run) is Answer.NO
    run.entries = run.entries[:-2]
    run.fault("pause", B2)
    a.sent(2).error(2)
    run.wait(5).healed("pause", B2).wait(1)
    a.sent(3).error(3)  # the proxy has two seconds to see that it is back
    assert judged(run) is Answer.YES
    run.wait(2)
    a.sent(4).error(4)
    assert judged(run) is Answer.NO


def test_a_slow_machine_has_more_time_to_recover() -> None:
    run = Run()
    a = run.client("a").asked(1)
    for node in (P1, P2, B1, B2):
        run.fault("kill", node)
    run.wait(3)
    for node in (P1, P2, B1, B2):
        run.healed("kill", node)
    run.wait(2.5).drifted(1.0)
    a.sent(2).error(2)
    assert judged(run) is Answer.YES


def test_a_broken_lane_counts_for_its_lane() -> None:
    run = Run()
    a, h = run.client("a"), run.client("h", "http")
    for node in (P1, P2, B1, B2):
        run.fault("black_hole", node, lane="ws")
    a.sent(1).error(1)
    assert judged(run) is Answer.YES
    h.sent(1).error(1)
    assert judged(run) is Answer.NO


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "admin_addPeer", "debug_setHead", "foo_bar"])
def test_a_send_whose_node_died_may_end_in_an_error(method: str) -> None:
    run = Run()
    a = run.client("a").sent(1, method, "0x00")
    run.fault("kill", P1)
    a.error(1, -32052, "outcome unknown")
    assert judged(run) is Answer.YES
    run.wait(5)
    a.sent(2, method, "0x00").error(2, -32052, "outcome unknown")
    assert judged(run) is Answer.NO


def test_a_send_to_a_faulty_node_may_end_in_an_error_while_it_is_faulty() -> None:
    run = Run()
    run.fault("method_failure", P1).wait(10)
    a = run.client("a").sent(1, "eth_sendRawTransaction", "0x00").error(1, -32603, "internal")
    assert judged(run) is Answer.YES
    run.healed("method_failure", P1).wait(5)
    a.sent(2, "eth_sendRawTransaction", "0x00").error(2, -32603, "internal")
    assert judged(run) is Answer.NO


def test_a_read_whose_node_died_may_not() -> None:
    run = Run()
    a = run.client("a").sent(1, "eth_call", {})
    run.fault("kill", P1)
    a.error(1, -32054)
    assert judged(run) is Answer.NO


@pytest.mark.parametrize(
    "error",
    [(3, "execution reverted"), (-32602, "invalid argument 0"), (-32601, "no such method"), (-32000, "nonce too low")],
)
def test_an_error_of_the_application_is_an_answer(error: tuple[int, str]) -> None:
    run = Run()
    run.client("a").sent(1, "eth_call").error(1, *error)
    assert judged(run) is Answer.YES


def test_an_error_must_be_an_object() -> None:
    run = Run()
    run.client("a").sent(1).frame({"id": 1, "error": "no"}, 1)
    assert judged(run) is Answer.NO


def test_text_that_is_no_request_is_answered_under_null() -> None:
    run = Run()
    run.client("a").sent("null", "", "{").error("null", -32700, "parse error")
    assert judged(run) is Answer.YES
    run.client("b").sent("null", "", "{")
    run.wait(11).mark("end")
    assert judged(run) is Answer.NO


class TestHttp:
    def run(self) -> tuple[Run, Any]:
        run = Run()
        return run, run.client("h", "http")

    def test_answered(self) -> None:
        run, h = self.run()
        h.asked(1).sent(None).frame("")
        assert judged(run) is Answer.YES

    def test_failed(self) -> None:
        run, h = self.run()
        h.sent(1).failed()
        verdict = answered_once(run.history())
        assert verdict.answer is Answer.NO
        assert "refused" in verdict.witnesses[0].text

    def test_a_time_out_of_the_client_is_no_verdict_before_its_time(self) -> None:
        run, h = self.run()
        h.sent(1)
        run.wait(2)
        h.failed("ReadTimeout: 2 s")
        assert judged(run) is Answer.UNKNOWN
        h.sent(2)
        run.wait(10)
        h.failed("ReadTimeout: 10 s")
        assert judged(run) is Answer.NO

    def test_refused_by_a_proxy_that_was_stopped(self) -> None:
        run, h = self.run()
        run.fault("stop", "proxy")
        h.sent(1).failed()
        assert judged(run) is Answer.YES

    def test_no_json(self) -> None:
        run, h = self.run()
        h.sent(1).frame("<html>bad gateway</html>", status=502)
        verdict = answered_once(run.history())
        assert verdict.answer is Answer.NO
        assert "502" in verdict.witnesses[0].text

    def test_another_id(self) -> None:
        run, h = self.run()
        h.sent(1).got(2)
        run.wait(11).mark("end")
        assert judged(run) is Answer.NO

    def test_batch(self) -> None:
        run, h = self.run()
        h.sent(1, batch=1)
        first = h.op
        h.sent(2, batch=1).sent(None, batch=1).sent(2, batch=1)
        h.got(2, op=first).got(1, op=first)
        run.wait(11).mark("end")
        assert answered_once(run.history()).facts["unanswered"] == 1
        h.got(2, op=first)
        assert judged(run) is Answer.YES

    def test_reads_in_a_batch_with_a_send_share_its_unknown_outcome(self) -> None:
        run, h = self.run()
        h.sent(1, batch=1)
        first = h.op
        h.sent(2, "eth_sendRawTransaction", batch=1)
        run.fault("reset", P1, lane="http")
        unknown = {"code": -32052, "message": "unknown"}
        for id_ in (1, 2):
            run.add(Received(run.tick(), "h", str(id_), {"id": id_, "error": unknown}, "http", first, 200))
        assert judged(run) is Answer.YES
        h.sent(3, batch=2)
        run.fault("reset", P1, lane="http")
        h.error(3, -32052)
        assert judged(run) is Answer.NO

    def test_one_refusal_for_a_whole_batch(self) -> None:
        run, h = self.run()
        refusal = {"id": None, "error": {"code": -32600, "message": "too many"}}
        h.sent(1, batch=1).sent(2, batch=1).frame(refusal, "null")
        assert judged(run) is Answer.YES
