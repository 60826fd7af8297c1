"""What chaos is judged by, on hand-made seconds."""

from __future__ import annotations

from dataclasses import replace

from e2e.chaos import criteria
from e2e.chaos.config import PRESETS, QUIET
from e2e.chaos.draw import draw
from e2e.chaos.schedule import Deed
from e2e.checkers.verdict import Answer, broken
from e2e.ledger.faults import Fault
from tests.e2e.trials.days import second

NODES = ("el-1-primary", "el-2-primary")
SCHEDULE = draw(1, 60, PRESETS["default"], NODES)
KILL = Fault("kill", "el-1-primary", None, 1.0, 1.1, 5.0)


def test_chaos_that_was_not_felt_proves_nothing() -> None:
    assert criteria.chaos_bit(SCHEDULE, [KILL], []).answer is Answer.YES
    assert criteria.chaos_bit(SCHEDULE, [], []).answer is Answer.UNKNOWN
    assert criteria.chaos_bit(SCHEDULE, [KILL], ["kill of el-1: it would not die"]).answer is Answer.UNKNOWN
    assert criteria.chaos_bit(draw(1, 60, QUIET, NODES), [], []).answer is Answer.NOT_REACHED


def test_recovery_compares_before_with_after() -> None:
    calm = [second(at, p99=0.01) for at in range(1, 5)]
    storm = [second(at, p99=4.0) for at in range(5, 40)]
    well = [second(at, p99=0.02) for at in range(40, 50)]
    sick = [second(at, p99=2.0) for at in range(40, 50)]
    assert criteria.recovers([*calm, *storm, *well], 5, 40).answer is Answer.YES
    assert criteria.recovers([*calm, *storm, *sick], 5, 40).answer is Answer.NO


def test_slow_answers_may_come_in_for_a_while() -> None:
    calm = [second(at, p99=0.01) for at in range(1, 5)]
    late = [second(at, p99=4.0 if at < 44 else 0.02) for at in range(40, 50)]
    verdict = criteria.recovers([*calm, *late], 5, 40)
    assert verdict.answer is Answer.YES
    assert verdict.facts["seconds until then"] == 3


def test_silence_is_no_recovery() -> None:
    calm = [second(at, p99=0.01) for at in range(1, 5)]
    silent = [second(at, p99=None, rate=0) for at in range(40, 50)]
    assert criteria.recovers([*calm, *silent], 5, 40).answer is Answer.NO
    few = [second(at, p99=0.01, rate=10) for at in range(40, 50)]
    assert criteria.recovers([*calm, *few], 5, 40).answer is Answer.NO
    assert criteria.recovers(silent, 5, 40).answer is Answer.UNKNOWN


def test_leaks_are_things_left_and_memory() -> None:
    days = [second(at, rss=100 << 20) for at in range(20)]
    grown = [*days[:10], *(replace(each, rss=float(200 << 20)) for each in days[10:])]
    assert criteria.no_leaks(days, 5, []).answer is Answer.YES
    assert criteria.no_leaks(days, 5, ["3 connections, 2 before the load"]).answer is Answer.NO
    assert criteria.no_leaks(grown, 5, []).answer is Answer.NO


def test_errors_of_the_base_load_are_judged_by_their_share_silence_is_not() -> None:
    def answered_once(**facts: int) -> Answer:
        none = {"unanswered": 0, "answered twice": 0, "errors": 0}
        return criteria.errors_aside(broken("answered_once", "…", (), **(none | facts)), partial).answer

    partial = replace(SCHEDULE, deeds=(Deed(1, 2, "method_timeout", NODES[0], "ws"),))
    whole = replace(SCHEDULE, deeds=(Deed(1, 2, "kill", NODES[0], "node"),))
    strict = broken("answered_once", "…", (), unanswered=0, errors=3, **{"answered twice": 0})
    assert criteria.errors_aside(strict, whole) is strict, "no fault excuses them"
    assert answered_once(errors=3) is Answer.YES
    assert answered_once(errors=3, unanswered=1) is Answer.NO
    assert answered_once(**{"answered twice": 1}) is Answer.NO
    for other in (broken("no_strangers", "…", ()), broken("answered_once", "no facts", ())):
        assert criteria.errors_aside(other, partial) is other


def test_the_rest_says_what_it_is_told() -> None:
    assert criteria.not_aborted("").answer is Answer.YES
    assert criteria.not_aborted("the proxy ended").answer is Answer.NO
    assert criteria.lives([]).answer is Answer.YES
    assert criteria.lives(["newcomer could not connect"]).answer is Answer.NO
