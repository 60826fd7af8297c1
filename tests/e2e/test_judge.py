from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from e2e import judge as module
from e2e.checkers import CHECKERS
from e2e.checkers.verdict import Answer, Verdict, worst
from e2e.judge import judge, main
from e2e.ledger.store import Store
from tests.e2e.checkers.histories import Run, good_run

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.ledger.history import History


def saved(root: Path, run: Run) -> str:
    store = Store.create(root, "x")
    store.write_meta(run.meta)
    for entry in run.history().entries:
        store.append(entry)
    store.close()
    return str(store.folder)


def broken_run() -> Run:
    run = good_run()
    for _ in range(20):
        run.client("c").sent(5).error(5, -32050)
    return run


def test_every_promise_is_judged_in_the_order_of_the_registry() -> None:
    verdicts = judge(good_run().history())
    assert [verdict.promise for verdict in verdicts] == [*CHECKERS]
    assert worst(verdicts) is Answer.YES
    assert [name for name, checker in CHECKERS.items() if checker.__name__ != name] == []


def test_some_promises() -> None:
    verdicts = judge(good_run().history(), ["no_strangers", "answered_once"])
    assert [verdict.promise for verdict in verdicts] == ["answered_once", "no_strangers"]
    with pytest.raises(KeyError, match="no checker for kindness"):
        judge(good_run().history(), ["kindness"])


def test_what_is_required_must_be_reached() -> None:
    run = good_run(kill=False)
    (verdict,) = judge(run.history(), ["fails_over"])
    assert verdict.answer is Answer.NOT_REACHED
    assert not verdict.red
    run.meta = replace(run.meta, required=("fails_over",))
    (verdict,) = judge(run.history(), ["fails_over"])
    assert verdict.answer is Answer.UNKNOWN
    assert verdict.reason.startswith("not put to the test")


def test_what_is_not_claimed_cannot_be_broken() -> None:
    run = broken_run()
    run.meta = replace(run.meta, not_claimed={"answered_once": "it is a tunnel"})
    (verdict,) = judge(run.history(), ["answered_once"])
    assert verdict.answer is Answer.NOT_CLAIMED
    assert "tunnel" in verdict.reason
    assert "20 errors" in verdict.reason


def test_what_is_not_claimed_need_not_be_reached_either() -> None:
    run = good_run(kill=False)
    run.meta = replace(run.meta, required=("fails_over",), not_claimed={"fails_over": "it has one node"})
    (verdict,) = judge(run.history(), ["fails_over"])
    assert verdict.answer is Answer.NOT_REACHED
    assert not verdict.red


def test_a_crash_of_a_checker_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered_once(_: History) -> Verdict:
        raise ZeroDivisionError("too small")

    monkeypatch.setitem(CHECKERS, "answered_once", answered_once)
    (verdict,) = judge(good_run().history(), ["answered_once"])
    assert verdict.answer is Answer.UNKNOWN
    assert "ZeroDivisionError: too small" in verdict.reason
    assert "test_judge.py" in verdict.reason


def test_the_worst_verdict_wins() -> None:
    def answers(*given: Answer) -> Answer:
        return worst([Verdict("x", answer, "") for answer in given])

    assert answers() is Answer.UNKNOWN
    assert answers(Answer.NOT_REACHED, Answer.YES) is Answer.YES
    assert answers(Answer.YES, Answer.UNKNOWN) is Answer.UNKNOWN
    assert answers(Answer.UNKNOWN, Answer.NO, Answer.YES) is Answer.NO


@pytest.mark.parametrize("promise", ["run_was_fair", "no_strangers"])
@pytest.mark.parametrize("kind", ["good", "broken", "empty"])
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, promise: str) -> None:
    run = {"good": good_run, "broken": broken_run, "empty": Run}[kind]()
    folder = saved(tmp_path, run)
    code = main([folder, "--promise", promise])
    out = capsys.readouterr().out
    assert promise in out
    assert code == (2 if (kind, promise) == ("empty", "run_was_fair") else 0)
    assert ("judge again" in out) is (code != 0)


def test_a_broken_run_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = saved(tmp_path, broken_run())
    assert main([folder]) == 1
    out = capsys.readouterr().out
    assert "✗ answered_once" in out
    assert f"python -m e2e.judge {folder} --promise answered_once" in out
    assert "… and 7 more" in out


@pytest.mark.parametrize(
    ("required", "code"), [(("no_strangers",), 0), (("no_strangers", "answered_once"), 1), ((), 1)]
)
def test_a_run_is_judged_by_what_it_was_judged_by_when_it_was_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], required: tuple[str, ...], code: int
) -> None:
    run = broken_run()
    run.meta = replace(run.meta, required=required)
    folder = saved(tmp_path, run)
    assert main([folder]) == code
    out = capsys.readouterr().out
    assert "✗ answered_once" in out, "whatever is broken is told"
    assert ("by the way" in out) is (code == 0)
    assert ("judge again" in out) is (code == 1)
    assert main([folder, "--promise", "answered_once"]) == 1


def test_no_such_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nowhere"]) == 2
    assert "no run at /nowhere" in capsys.readouterr().err


def test_it_is_a_module() -> None:
    assert module.EXIT_CODES[Answer.NO] == 1
