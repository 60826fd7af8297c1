"""What a score says of scenarios that ended in every way there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from e2e.checkers.verdict import Answer, Verdict, Witness
from e2e.promises import PROMISES
from e2e.score import table
from e2e.score.page import page
from e2e.score.tally import Ended, Score, Standing, of_scenario, score, short
from tests.e2e.report.pages import links


def verdict(promise: str, answer: Answer, reason: str = "so it is", witnesses: int = 1) -> Verdict:
    seen = tuple(Witness(at + 0.5, f"client-{at}", f"lost {at} <b>|</b>") for at in range(witnesses))
    return Verdict(promise, answer, reason, seen if answer is Answer.NO else ())


def ended(name: str = "s", *promises: str, **more: Any) -> Ended:
    plain = Ended("Topic", name, frozenset(promises), (verdict("answered_once", Answer.YES),), run=f"runs/{name}")
    return replace(plain, **more)


def row(told: Score, promise: str) -> tuple[Standing, str, str]:
    found = next(each for each in told.rows if each.promise == promise)
    return found.standing, table.counted(found), found.worst.line if found.worst else ""


def test_every_promise_has_a_row_and_what_was_not_reached_says_so() -> None:
    told = score([ended()], {})
    assert [each.promise for each in told.rows] == [*PROMISES]
    assert row(told, "answered_once") == (Standing.KEPT, "in 1", "so it is")
    assert row(told, "fails_over") == (Standing.NOT_REACHED, "", "")
    assert told.exit_code == 0


def test_one_broken_scenario_breaks_a_promise_and_the_worst_of_them_is_shown() -> None:
    few = ended("few", verdicts=(verdict("answered_once", Answer.NO, "2 unanswered", 2),))
    many = ended("many", verdicts=(verdict("answered_once", Answer.NO, "9 unanswered", 9),))
    told = score([ended(), few, many, few], {})
    line = "9 unanswered; at 0.50 s, client-0: lost 0 <b>|</b>"
    assert row(told, "answered_once") == (Standing.BROKEN, "in 3 of 4", line)
    worst = next(each.worst for each in told.rows if each.promise == "answered_once")
    assert worst is not None
    assert worst.run == "runs/many"
    assert told.topics["Topic"] == {Standing.KEPT: 1, Standing.BROKEN: 3}
    assert told.exit_code == 1


def test_steps_judge_the_promises_that_have_no_checker() -> None:
    assert row(score([ended("s", "routes")], {}), "routes")[:2] == (Standing.KEPT, "in 1")
    failed = ended("s", "routes", failure="Then it is asked: it was not")
    assert row(score([failed, ended("t", "routes")], {}), "routes") == (
        Standing.BROKEN,
        "in 1 of 2",
        "Then it is asked: it was not",
    )
    assert row(score([ended("s")], {}), "routes")[0] is Standing.NOT_REACHED, "only scenarios with its tag say anything"


@pytest.mark.parametrize(
    ("answer", "reason", "standing"),
    [
        (Answer.NOT_REACHED, "nobody was away", Standing.NOT_REACHED),
        (Answer.UNKNOWN, "not put to the test: nobody was away", Standing.NOT_REACHED),
        (Answer.UNKNOWN, "the machine stood still", Standing.UNKNOWN),
        (Answer.NOT_CLAIMED, "it has no home", Standing.NOT_CLAIMED),
    ],
)
def test_what_could_not_be_judged_is_neither_kept_nor_broken(answer: Answer, reason: str, standing: Standing) -> None:
    told = score([ended("s", "returns_home", verdicts=(verdict("returns_home", answer, reason),))], {})
    assert row(told, "returns_home")[0] is standing


def test_a_scenario_that_fails_before_its_promise_could_be_judged_breaks_it() -> None:
    verdicts = (verdict("returns_home", Answer.UNKNOWN, "not put to the test: nobody was away"),)
    failed = ended("s", "returns_home", verdicts=verdicts, failure="Then all are back: they are nowhere")
    assert row(score([failed], {}), "returns_home") == (
        Standing.BROKEN,
        "in 1 of 1",
        "Then all are back: they are nowhere",
    )
    by_the_way = replace(failed, promises=frozenset())
    assert row(score([by_the_way], {}), "returns_home")[0] is Standing.NOT_REACHED


def test_a_fault_without_effect_proves_nothing() -> None:
    toothless = ended("s", "routes", failure="FaultDidNotBiteError", toothless=True)
    assert of_scenario(toothless) is Standing.NOT_REACHED
    assert row(score([toothless], {}), "routes")[0] is Standing.NOT_REACHED
    assert score([toothless], {}).exit_code == 0


def test_what_is_skipped_is_not_claimed_with_the_reason() -> None:
    skipped = ended("s", "routes", "answered_once", verdicts=(), skipped="status: it has none", run="")
    told = score([skipped], {"leaves_politely": "it just goes"})
    assert row(told, "routes") == (Standing.NOT_CLAIMED, "", "status: it has none")
    assert row(told, "leaves_politely") == (Standing.NOT_CLAIMED, "", "it just goes")
    assert told.topics["Topic"] == {Standing.NOT_CLAIMED: 1}
    assert told.exit_code == 0


def test_a_proxy_that_did_not_start_and_a_run_of_which_nobody_can_say_are_unknown() -> None:
    silent = ended(verdicts=(), started=False, failure="", run="")
    unfair = ended(verdicts=(verdict("run_was_fair", Answer.UNKNOWN, "the machine stood still"),))
    for each in (silent, unfair):
        assert of_scenario(each) is Standing.UNKNOWN
        assert score([each, ended()], {}).exit_code == 2
    assert score([unfair, ended(failure="Then: no")], {}).exit_code == 1


def test_a_kept_promise_in_a_scenario_that_failed_otherwise_stays_kept() -> None:
    failed = ended("s", "answered_once", failure="Then the latency is normal: it is not")
    assert row(score([failed], {}), "answered_once")[0] is Standing.KEPT
    assert score([failed], {}).exit_code == 1, "and yet the scenario counts, in its topic"


def everything() -> Score:
    return score(
        [
            ended("good", "routes", failure=""),
            ended("bad <i>", verdicts=(verdict("answered_once", Answer.NO, "2 | unanswered", 2),), seconds=7.5),
            ended("left out", "returns_home", verdicts=(), skipped="returns_home: no & home", run=""),
        ],
        {"leaves_politely": "it just goes"},
    )


def test_as_text_each_broken_promise_says_why_and_where() -> None:
    lines = table.text(everything()).splitlines()
    where = next(index for index, line in enumerate(lines) if line.startswith("✗ answered_once"))
    assert lines[where].split()[2:] == ["broken", "in", "1", "of", "2"]
    assert "2 | unanswered; at 0.50 s" in lines[where + 1]
    assert lines[where + 2].strip() == "bad <i>: runs/bad <i>"
    assert "Topic                              1           1                       1            " in lines
    assert "broken: answered_once" in lines


def test_as_markdown_its_tables_have_as_many_cells_as_their_headings() -> None:
    text = table.markdown(everything(), "Score of x", {"seed": "7", "proxy": ""})
    rows = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows if "`" in line or "promise" in line} == {6}
    assert {line.count("|") for line in rows if "Topic" in line or "topic" in line} == {7}
    assert "| ✗ broken | `answered_once` |" in text
    assert text.endswith("seed 7\n")
    assert "bad \\<i>: 2 \\| unanswered; at 0.50 s, client-0" in text
    assert "runs/" not in text, "runs are not where a page is read"


def test_as_a_page_it_links_to_the_page_of_each_run() -> None:
    text = page(everything(), "Score of <x>", {"seed": "7"}, Path("reports/score/x"))
    assert "../../../runs/good/report.html" in links(text)
    assert "Score of &lt;x&gt;" in text
    assert '<p class="answer broken">broken</p>' in text
    for line in ("bad &lt;i&gt;", "returns_home: no &amp; home", "it just goes", "7.5 s"):
        assert line in text


def test_a_witness_fits_a_line() -> None:
    assert short("a\n  b") == "a b"
    assert len(short("x" * 1000)) == 200
