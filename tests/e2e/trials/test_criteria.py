"""What a run under load is judged by: each criterion seen to be met, and not."""

from __future__ import annotations

import pytest

from e2e.checkers.verdict import Answer, Verdict
from e2e.load.figures import Frame, Violation
from e2e.load.plan import Plan
from e2e.trials import baseline, criteria
from tests.e2e.trials.days import latency, report, second

PLAN = Plan(rate=1000, connections=100, duration=60)
WELL = [second(at) for at in range(1, 61)]
MIB = 1 << 20


def test_a_run_that_went_well_is_green() -> None:
    verdicts = [
        criteria.run_was_fair(WELL, 20),
        criteria.generator_is_cheap(report()),
        criteria.load_held(PLAN, report(), WELL),
        criteria.no_silence(report()),
        criteria.error_rate(report(), WELL),
        criteria.connections_stay(report()),
        criteria.nothing_else_was_wrong(report(), []),
        criteria.fast(report(), 0.1),
        criteria.health_goes_on(WELL),
        criteria.memory_is_flat(WELL),
    ]
    assert {verdict.answer for verdict in verdicts} == {Answer.YES}
    assert len({verdict.promise for verdict in verdicts}) == len(verdicts)


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (criteria.load_held(PLAN, report(due=50_000), WELL), "833 requests a second"),
        (criteria.load_held(PLAN, report(unsent={"closed": 900}), WELL), "900 of 60000 could not be sent"),
        (criteria.load_held(PLAN, report(), [*WELL, second(61, open_=90)]), "only 90 of 100"),
        (criteria.no_silence(report(unanswered=1)), "1 of 60000 were never answered"),
        (criteria.error_rate(report(errors={"-32050": 3}), WELL), "3 with -32050"),
        (criteria.error_rate(report(cut=700), WELL, 0.01), "1.17%"),
        (criteria.connections_stay(report(closes={"1013": 2})), "1013"),
        (criteria.nothing_else_was_wrong(report(violations={"twice": 4}), []), "4 times twice"),
        (criteria.fast(report(latency={"ws": latency(0.2), "http": latency(0.01)}), 0.1), "p99 is 200"),
        (criteria.health_goes_on([*WELL, second(61, head_age=6.0)]), "stood still for 6.0 s"),
        (criteria.health_goes_on([second(at, probe=2.0) for at in range(10)]), "the status page took 2.00 s"),
        (criteria.memory_is_flat([second(at, rss=(50 + 3 * at) * MIB) for at in range(60)]), "it grows"),
    ],
)
def test_each_criterion_can_fail(verdict: Verdict, word: str) -> None:
    assert verdict.answer is Answer.NO
    assert word in verdict.reason


def test_a_starved_machine_is_nobodys_fault() -> None:
    assert criteria.run_was_fair([second(at, late=0.5) for at in range(60)], 20).answer is Answer.UNKNOWN
    assert criteria.run_was_fair([*WELL, second(61, late=0.5)], 20).answer is Answer.YES, "one hiccup spoils no run"
    assert criteria.run_was_fair([second(at, p99=3.0 if at < 9 else 0.01) for at in range(60)], 9).red
    assert criteria.run_was_fair([second(at, p99=3.0 if at > 9 else 0.01) for at in range(60)], 9).answer is Answer.YES
    assert criteria.run_was_fair([], 20).answer is Answer.UNKNOWN
    assert criteria.generator_is_cheap(report(cpu=40.0)).answer is Answer.UNKNOWN


def test_in_an_unfair_run_only_what_no_machine_can_break_by_itself_is_broken() -> None:
    fair, unfair = criteria.run_was_fair(WELL, 20), criteria.run_was_fair([], 20)
    slow = criteria.fast(report(latency={"ws": latency(0.2)}), 0.1)
    strange = criteria.nothing_else_was_wrong(report(violations={"twice": 4}), [])
    answers = [each.answer for each in criteria.excused([unfair, slow, strange])]
    assert answers == [Answer.UNKNOWN, Answer.UNKNOWN, Answer.NO]
    assert criteria.excused([fair, slow, strange]) == (fair, slow, strange)


def test_a_share_of_errors_may_be_allowed() -> None:
    some = report(errors={"-32050": 300})
    assert criteria.error_rate(some, WELL, 0.01).answer is Answer.YES
    assert criteria.error_rate(some, WELL, 0.004).answer is Answer.NO


def test_witnesses_say_when_errors_came_and_what_was_wrong_then() -> None:
    seconds = [second(1), second(2, errors=5, faults=("kill of el-1",)), second(3, errors=5)]
    (witness,) = criteria.error_rate(report(errors={"-1": 5}), seconds).witnesses
    assert witness.at == 2
    assert "kill of el-1" in witness.text


def test_violations_are_witnesses() -> None:
    violation = Violation(3.0, "ws-7", "stranger", "nobody asked", [Frame(3.0, "<", "{}")])
    (witness,) = criteria.nothing_else_was_wrong(report(violations={"stranger": 1}), [violation]).witnesses
    assert (witness.at, witness.client) == (3.0, "ws-7")


def test_a_proxy_without_metrics_is_not_judged_by_them() -> None:
    silent = [second(at, rss=None, head_age=None) for at in range(60)]
    assert criteria.memory_is_flat(silent).answer is Answer.NOT_REACHED
    assert criteria.health_goes_on(silent).answer is Answer.NOT_REACHED


KNOWN = {"ours": {"p50": 2.0, "p90": 2.0}}


def test_a_third_slower_than_the_baseline_is_red() -> None:
    def slower(times: float) -> Answer:
        seen = report(latency={"through": latency(0.002 * times), "direct": latency(0.001)})
        return baseline.not_slower(seen, "ours", KNOWN).answer

    assert slower(1.0) is Answer.YES
    assert slower(1.3) is Answer.YES
    assert slower(1.4) is Answer.NO


def test_without_a_baseline_nothing_is_judged_and_the_command_that_makes_one_is_told() -> None:
    verdict = baseline.not_slower(report(), "theirs", KNOWN)
    assert verdict.answer is Answer.NOT_REACHED
    assert baseline.RENEW in verdict.reason


def test_too_few_requests_make_no_ratio() -> None:
    few = report(latency={"through": latency(0.002, 10), "direct": latency(0.001, 10)})
    assert baseline.not_slower(few, "ours", KNOWN).answer is Answer.NOT_REACHED
    with pytest.raises(ValueError, match="too short"):
        baseline.renew(few, "ours")


def test_a_baseline_is_renewed_for_its_profile_alone(tmp_path: object) -> None:
    from pathlib import Path  # noqa: PLC0415

    file = Path(str(tmp_path)) / "baseline.json"
    assert baseline.load(file) == {}
    baseline.renew(report(), "ours", ["not_slower"], file)
    baseline.renew(report(latency={"through": latency(0.003), "direct": latency(0.001)}), "theirs", file=file)
    known = baseline.load(file)
    assert known["ours"]["p50"] == pytest.approx(2.0, rel=0.01)
    assert known["theirs"]["p50"] == pytest.approx(3.0, rel=0.01)
