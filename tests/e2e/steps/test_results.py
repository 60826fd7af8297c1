"""What is left of a scenario when it has ended: a line, a test case, a conclusion."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from behave.formatter.base import StreamOpener
from behave.model_type import Status

from e2e.checkers.verdict import UNTESTED, Answer, Verdict, Witness
from e2e.ledger.entries import Drifted
from e2e.ledger.history import History
from e2e.ledger.meta import Meta
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.steps import results
from e2e.steps.conclusion import STANDING, Conclusion, required
from e2e.steps.formatter import ScenarioLines
from e2e.steps.judging import STANDING_STEP
from e2e.steps.results import Played, Results
from e2e.wait import Late, TooLateError, WaitTimeoutError

FOLDER = Path("runs/x")


def verdict(promise: str, answer: Answer) -> Verdict:
    return Verdict(promise, answer, f"{promise} is {answer}", (Witness(1.0, "client-1", "something"),))


def concluded(**answers: Answer) -> Conclusion:
    verdicts = tuple(verdict(promise, answer) for promise, answer in answers.items())
    return Conclusion(FOLDER, History((), Meta(scenario="s")), verdicts)


FAIR_AND_BROKEN = {"run_was_fair": Answer.UNKNOWN, "no_strangers": Answer.NO}
UNFAIR = {"run_was_fair": Answer.UNKNOWN, "no_strangers": Answer.YES}


def test_a_broken_or_unknown_promise_is_red() -> None:
    assert concluded(no_strangers=Answer.NO).red
    assert concluded(no_strangers=Answer.UNKNOWN).red
    assert not concluded(no_strangers=Answer.YES, fails_over=Answer.NOT_CLAIMED).red


def test_only_a_run_of_which_nobody_can_say_and_in_which_nothing_was_broken_may_be_played_again() -> None:
    assert concluded(**UNFAIR).unfair == "run_was_fair: run_was_fair is unknown"
    assert concluded(**FAIR_AND_BROKEN).unfair is None
    assert concluded(run_was_fair=Answer.YES, no_strangers=Answer.YES).unfair is None


def test_a_conclusion_names_the_run_and_how_to_judge_it_again() -> None:
    text = str(concluded(**FAIR_AND_BROKEN))
    assert "no_strangers is no" in text
    assert f"python -m e2e.judge {FOLDER}" in text
    assert str(FOLDER) in str(concluded(no_strangers=Answer.YES))


def test_tags_add_to_what_is_required() -> None:
    assert required(["critical", "promise.returns_home", "promise.no_strangers"]) == (*STANDING, "returns_home")
    with pytest.raises(ValueError, match="nobody judges retruns_home; there are routes"):
        required(["promise.retruns_home"])


def played(status: str, **changes: Any) -> Played:
    plain = Played("Some feature", "Some scenario", "features/x.feature:7", status, 1.5, None, "", None)
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("passed", "passed"), ("failed", "failed"), ("skipped", "skipped"), ("error", "error"), ("hook_error", "error")],
)
def test_each_status_of_behave_has_an_outcome(status: str, outcome: str) -> None:
    assert played(status).case().outcome == outcome


def test_a_failed_step_is_the_message_and_the_verdicts_are_below() -> None:
    case = played("failed", error="Then x\nASSERT FAILED: y", conclusion=concluded(**FAIR_AND_BROKEN)).case()
    assert case.message == "Then x: y"
    assert "ASSERT FAILED: y" in case.text
    assert "no_strangers is no" in case.text
    assert case.file == "features/x.feature:7"


def test_when_only_the_judge_objects_the_message_is_the_judges() -> None:
    error = f"Then {STANDING_STEP}\nASSERT FAILED: ✗ no_strangers"
    case = played("failed", error=error, conclusion=concluded(no_strangers=Answer.NO)).case()
    assert case.message == "no_strangers: no_strangers is no"
    assert played("failed", error="Then x").case().message == "Then x"
    assert len(played("failed", error=f"Then x\n{'y' * 1000}").case().message) == results.LONGEST


def test_a_skipped_scenario_says_why_in_junit_and_in_the_index() -> None:
    skipped = played("skipped", skipped="not claimed: status: it has none")
    assert skipped.case().message == skipped.line().told == "not claimed: status: it has none"
    assert skipped.line().run is None
    assert played("passed", conclusion=concluded(no_strangers=Answer.YES)).line().run == FOLDER


def test_a_second_play_takes_the_place_of_the_first_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "JUNIT", tmp_path / "junit")
    monkeypatch.setattr(results, "INDEX", tmp_path / "index.html")
    book = Results({"seed": "7"})
    book.note(played("failed", conclusion=concluded(**UNFAIR)))
    book.note(played("passed", conclusion=concluded(no_strangers=Answer.YES), unfair="the clock was late"))
    book.note(played("skipped", scenario="Other"))
    (file,) = (tmp_path / "junit").iterdir()
    suite = ET.parse(file).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "2",
        "0",
        "0",
        "1",
    )
    assert "played once more, the first run was not fair: the clock was late" in ET.tostring(suite, "unicode")
    assert '<property name="seed" value="7" />' in ET.tostring(suite, "unicode")
    index = (tmp_path / "index.html").read_text()
    assert index.count("Some scenario</a>") == 1
    assert "1 passed, 1 skipped" in index
    assert book.summary()[-1] == "1 passed, 0 failed, 1 skipped"
    assert str(FOLDER) in book.summary()[1]


def scenario(status: Status, steps: tuple[tuple[str, str | None], ...] = (), **more: Any) -> Any:
    all_steps = [SimpleNamespace(keyword="Then", name=name, error_message=error) for name, error in steps]
    fields = {"location": "x.feature:7", "name": "S", "hook_failed": False, "error_message": None, "skip_reason": None}
    return SimpleNamespace(status=status, all_steps=all_steps, **fields | more)


STARVED = tuple(Drifted(number / 10, 0.0, 0.95) for number in range(20))
KEPT = {"run_was_fair": Answer.YES, "no_strangers": Answer.YES}


def failed_step(error: Exception, answers: dict[str, Answer], entries: tuple[Drifted, ...] = STARVED) -> Any:
    verdicts = tuple(verdict(promise, answer) for promise, answer in answers.items())
    each = scenario(Status.failed, (("it comes in time", "ASSERT FAILED"),))
    each.all_steps[0].exception = error
    each.conclusion = Conclusion(FOLDER, History(entries, Meta(scenario="s")), verdicts)
    return each


def test_what_came_too_late_on_a_starved_machine_is_in_doubt() -> None:
    doubt = results.doubt_of(failed_step(WaitTimeoutError("not within 2 s"), KEPT))
    assert doubt is not None
    assert "somebody waited for a CPU in 95% of the time" in doubt


STARVED_ONCE = tuple(Drifted(number / 10, 0.0, 0.95 if 5 <= number <= 9 else 0.1) for number in range(20))


def test_what_came_too_late_while_the_machine_was_starved_is_in_doubt() -> None:
    doubt = results.doubt_of(
        failed_step(TooLateError("p99 is 0.4 s", [Late(0.45, 0.4, 0.2), Late(0.5, 0.35, 0.2)]), KEPT, STARVED_ONCE)
    )
    assert doubt is not None
    assert "each of the 2 times" in doubt


@pytest.mark.parametrize(
    "late",
    [[], [Late(0.45, 0.4, 0.2), Late(1.2, 0.3, 0.2)], [Late(0.5, 0.35, 0.1)]],
    ids=["when?", "later", "too long"],
)
def test_what_came_late_at_another_time_or_much_too_late_is_not(late: list[Late]) -> None:
    assert results.doubt_of(failed_step(TooLateError("p99 is 0.4 s", late), KEPT, STARVED_ONCE)) is None


def test_there_is_no_doubt_about_what_is_wrong_or_late_on_a_machine_with_time_or_beside_a_broken_promise() -> None:
    assert results.doubt_of(failed_step(AssertionError("the answer was 7"), KEPT)) is None
    assert results.doubt_of(failed_step(TooLateError("it took 3 s"), KEPT, ())) is None
    assert results.doubt_of(failed_step(TooLateError("it took 3 s"), FAIR_AND_BROKEN)) is None


def test_a_run_that_was_not_fair_is_in_doubt_whatever_failed() -> None:
    doubt = results.doubt_of(failed_step(AssertionError("the answer was 7"), UNFAIR, ()))
    assert doubt == "run_was_fair: run_was_fair is unknown"


def unreached(error: Exception) -> Any:
    """A scenario of which a step failed before its promise could be put to the test."""
    each = failed_step(error, {"run_was_fair": Answer.YES}, ())
    untested = Verdict("fails_over", Answer.UNKNOWN, f"{UNTESTED}: no node died")
    each.conclusion = replace(each.conclusion, verdicts=(*each.conclusion.verdicts, untested))
    return each


def test_a_step_that_saw_something_wrong_leaves_no_doubt_because_the_scenario_ended_there() -> None:
    assert results.doubt_of(unreached(AssertionError("the answer was 7"))) is None
    assert results.doubt_of(unreached(FaultDidNotBiteError("the node goes on"))) is not None, "nothing was shown"
    late = results.doubt_of(unreached(TooLateError("not within 15 s: the node is asked")))
    assert late is not None, "what was late may have kept the fault from biting"


def lines(*scenarios: Any) -> str:
    stream = io.StringIO()
    formatter = ScenarioLines(StreamOpener(stream=stream), None)
    for each in scenarios:
        formatter.scenario(each)
    formatter.eof()
    return stream.getvalue()


def test_a_skipped_scenario_says_why() -> None:
    text = lines(scenario(Status.skipped, skip_reason="not claimed: status: it has none"))
    assert text.splitlines()[1] == "    not claimed: status: it has none"
    assert "x.feature:7" in text


def test_a_passed_scenario_is_one_line() -> None:
    (line,) = lines(scenario(Status.passed, (("x", None),))).splitlines()
    assert line.startswith("passed ")
    assert line.endswith("x.feature:7  S")


def test_a_failed_scenario_says_why_once() -> None:
    conclusion = concluded(**FAIR_AND_BROKEN)
    by_step = lines(scenario(Status.failed, (("x", f"ASSERT FAILED: {conclusion}"),), conclusion=conclusion))
    assert by_step.count("no_strangers is no") == 1
    by_both = lines(scenario(Status.failed, (("x", "ASSERT FAILED: y"),), conclusion=conclusion))
    assert "ASSERT FAILED: y" in by_both
    assert "no_strangers is no" in by_both


def test_a_skipped_scenario_says_why_wherever_one_looks() -> None:
    reason = "not on the testbed kurtosis: it cannot"
    skipped = scenario(Status.skipped, (("x", None),), skip_reason=reason)
    line, why = lines(skipped).splitlines()
    assert line.startswith("skipped ")
    assert why.strip() == reason
    case = played("skipped", skipped=reason).case()
    assert (case.outcome, case.message) == ("skipped", reason)


def test_what_behave_printed_of_a_hook_is_not_repeated() -> None:
    told = lines(scenario(Status.hook_error, hook_failed=True, error_message="HOOK-ERROR"))
    assert "HOOK-ERROR" not in told
    assert len(told.splitlines()) == 1
