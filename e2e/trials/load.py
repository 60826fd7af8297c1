"""The load trial: a thousand requests a second, one primary killed and back in the middle, and how fast it all was."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from e2e.checkers.verdict import Verdict, broken, kept, not_reached, unknown
from e2e.judge import judge
from e2e.ledger.faults import pair
from e2e.ledger.store import load as load_history
from e2e.run import Run
from e2e.scene import Scene
from e2e.trials import baseline, criteria
from e2e.trials.company import Company
from e2e.trials.outcome import Outcome
from e2e.trials.page import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.ledger.entries import Entry
    from e2e.ledger.faults import Fault
    from e2e.load.figures import Report
    from e2e.load.plan import Plan
    from e2e.scene import Stage
    from e2e.trials.terminal import Terminal

FEATURE: Final = "Load"
STANDING: Final = ("answered_once", "no_strangers", "answers_fit", "subscriptions_survive", "heads_continuous")
"""What the base load's two clients, whose every frame is recorded, are judged by besides."""

P99: Final = 0.1  # seconds
SETTLE_SLACK: Final = 2.0  # seconds beyond the patience after which silence is a verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """`plan` has the duration. The primary in use is killed after `killed_at` seconds, for `away` seconds (0: not)."""

    plan: Plan
    killed_at: float
    away: float
    p99: float = P99

    @classmethod
    def of(cls, plan: Plan) -> Trial:
        """A primary goes after a third of the time and stays away for a tenth, a minute at most."""
        return cls(plan, plan.duration / 3, min(60.0, plan.duration / 10))


def run_load(stage: Stage, trial: Trial, terminal: Terminal) -> Outcome:
    """Play the trial on a network that is up; ends everything that it started."""
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    plan = trial.plan
    run = Run(stage, Scene(f"load {plan.rate:g} a second", FEATURE, (), "2p2b", STANDING))
    try:
        run.start()
        with Company(run, plan, compare=True) as company:
            killer = threading.Thread(target=kill_and_heal, args=(run, company, trial), name="nemesis")
            if trial.away > 0:
                killer.start()
            company.watch(lambda: False, lambda second: terminal.show(second, plan.duration - second.at))
            if killer.ident is not None:
                killer.join()
            report = company.finish()
            counts, left = company.as_before()
            run.settle(run.meta.patience + SETTLE_SLACK)
    finally:
        run.close()
    judged = _judged(run, company, report, trial, nothing_left(left, counts))
    outcome = replace(judged, started=started, took=time.monotonic() - began)
    outcome.save()
    return outcome


def _judged(run: Run, company: Company, report: Report, trial: Trial, leftovers: Verdict) -> Outcome:
    history, stage, plan = load_history(run.folder), run.stage, trial.plan
    seconds = tuple(company.seconds)
    verdicts = (
        criteria.run_was_fair(seconds, trial.killed_at),
        criteria.generator_is_cheap(report),
        criteria.load_held(plan, report, seconds),
        criteria.no_silence(report),
        criteria.error_rate(report, seconds),
        criteria.connections_stay(report),
        criteria.nothing_else_was_wrong(report, company.violations),
        criteria.fast(report, trial.p99),
        criteria.health_goes_on(seconds),
        criteria.memory_is_flat(seconds),
        leftovers,
        lost_and_back(history.faults, trial),
        baseline.not_slower(report, stage.profile.name, baseline.load()),
        *judge(history, STANDING),
    )
    return Outcome(
        f"{plan.rate:g} requests a second over {plan.connections} connections for {plan.duration:g} s",
        run.folder,
        criteria.excused(verdicts),
        seconds,
        tuple(company.violations),
        spans(history.entries, company.zero),
        report,
        {"seed": str(stage.seed), "profile": stage.profile.name, **stage.versions},
        f"make load DURATION={plan.duration:g}s RATE={plan.rate:g} CONNECTIONS={plan.connections} SEED={stage.seed}",
    )


def kill_and_heal(run: Run, company: Company, trial: Trial) -> None:
    """Kill the primary that carries clients when its time has come, and bring it back."""
    primaries = [node.name for node in run.nodes if node.primary]
    if _wait(company, trial.killed_at):
        carrying = run.carrying()
        victim = next((node for node in primaries if node in carrying), primaries[0])
        run.nemesis.inject("kill", victim)
        _wait(company, company.now + trial.away)
        run.nemesis.cure(victim)


def _wait(company: Company, at: float) -> bool:
    """Until a time on the load's clock; False if the load ended before."""
    while company.now < at and company.load.alive:
        time.sleep(0.05)
    return company.load.alive


def lost_and_back(faults: Sequence[Fault], trial: Trial) -> Verdict:
    """Was a primary gone in the middle, and did it come back?"""
    if trial.away <= 0:
        return not_reached("lost_and_back", "no node was to be killed")
    kills = [fault for fault in faults if fault.name == "kill" and fault.healed < math.inf]
    if not kills:
        return unknown("lost_and_back", "no primary was killed and came back")
    told = ", ".join(f"{fault.target} for {fault.healed - fault.at:.1f} s" for fault in kills)
    return kept("lost_and_back", f"{told} gone")


def nothing_left(left: list[str], counts: object) -> Verdict:
    """Once the load is gone the proxy holds no more than before."""
    if left:
        return broken("nothing_left", "; ".join(left), ())
    return kept("nothing_left", f"as before the load: {counts}")


def spans(entries: tuple[Entry, ...], zero: float) -> tuple[Span, ...]:
    """The faults of a ledger on the load's clock."""
    return tuple(
        Span(
            fault.at - zero, fault.healed - zero, fault.name, f"{fault.target} {fault.lane or ''}".strip(), fault.effect
        )
        for fault in pair(entries)
    )
