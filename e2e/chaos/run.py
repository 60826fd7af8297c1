"""`run_chaos`: a schedule against a proxy under load: calm, chaos, heal, settle, and a look whether it still lives."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from e2e.chaos import criteria
from e2e.chaos.draw import CALM, draw
from e2e.chaos.player import Player
from e2e.judge import judge
from e2e.ledger.store import load as load_history
from e2e.run import Run
from e2e.scene import NotServedError, Scene
from e2e.trials import criteria as usual
from e2e.trials.company import Company
from e2e.trials.load import SETTLE_SLACK, STANDING, spans
from e2e.trials.outcome import Outcome
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from e2e.chaos.config import ChaosConfig
    from e2e.chaos.schedule import Schedule
    from e2e.checkers.verdict import Verdict
    from e2e.ledger.history import History
    from e2e.load.plan import Plan
    from e2e.scene import Stage
    from e2e.trials.seconds import Second
    from e2e.trials.terminal import Terminal

FEATURE: Final = "Chaos"
TAGS: Final = ("chaos", "gateway")
REST: Final = 10.0
"""Seconds of load after the cure, in which the proxy has to become as before. Slow answers take up to five of them."""

PATIENCE: Final = 25.0
"""Seconds until a request counts as unanswered: five of delay, ten of the proxy's own time-out, and its next try."""

ABORT_AFTER: Final = 45.0
"""Seconds without a single answer, with a node that is well: nothing is left to be tested."""

ALIVE_WITHIN: Final = 10.0
SCHEDULE: Final = "schedule.json"


@dataclass(slots=True)
class Course:
    """What happened, on the load's clock. `aborted`, `left` and `dead` say what was wrong, if anything was."""

    company: Company
    player: Player
    healed: float = 0.0
    aborted: str = ""
    left: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()

    def verdicts(self, history: History) -> tuple[Verdict, ...]:
        """Judge it by everything but the base load's ledger."""
        report, seconds, schedule = self.company.report, self.company.seconds, self.player.schedule
        assert report is not None, "`finish` raises where there is none"  # noqa: S101 - said by what came before
        calm = min([CALM, *(deed.at for deed in schedule.deeds)])
        return (
            usual.run_was_fair(seconds, calm),
            criteria.chaos_bit(schedule, history.faults, self.player.complaints),
            criteria.not_aborted(self.aborted),
            usual.load_held(self.company.plan, report, seconds),
            usual.no_silence(report),
            usual.error_rate(report, seconds, criteria.ERROR_RATE),
            usual.connections_stay(report),
            usual.nothing_else_was_wrong(report, self.company.violations),
            criteria.recovers(seconds, calm, self.healed),
            criteria.no_leaks(seconds, calm, self.left),
            criteria.lives(self.dead),
        )


def run_chaos(
    duration: float, config: ChaosConfig, workload: Plan, *, stage: Stage, seed: int, terminal: Terminal
) -> Outcome:
    """Draw a schedule of `duration` seconds from `seed` and play it, with `workload` going on.

    `stage` has a gateway; its network is up, and healed again when this returns.
    """
    return play(draw(seed, duration, config, stage.testbed.node_names()), workload, stage=stage, terminal=terminal)


def play(schedule: Schedule, workload: Plan, *, stage: Stage, terminal: Terminal) -> Outcome:
    """Play a schedule against a fresh proxy; see `run_chaos`. It is saved in the run's folder first."""
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    title = f"chaos of {schedule.duration:g} s, seed {schedule.seed}"
    run = Run(stage, Scene(title, FEATURE, TAGS, "2p2b", STANDING))
    file = schedule.save(run.folder / SCHEDULE)
    try:
        run.start()
        course = stir(run, schedule, workload, terminal)
        run.settle(run.meta.patience + SETTLE_SLACK)
    finally:
        run.close()
    history, company = load_history(run.folder), course.company
    ledger = [criteria.errors_aside(verdict, schedule) for verdict in judge(history, STANDING)]
    outcome = Outcome(
        title,
        run.folder,
        usual.excused((*course.verdicts(history), *ledger)),
        tuple(company.seconds),
        tuple(company.violations),
        spans(history.entries, company.zero),
        company.report,
        {"seed": str(schedule.seed), "profile": stage.profile.name, **stage.versions},
        f"python -m e2e.chaos --replay {file}",
        started,
        time.monotonic() - began,
    )
    outcome.save()
    return outcome


def stir(run: Run, schedule: Schedule, workload: Plan, terminal: Terminal) -> Course:
    """Play a schedule on a run that has started, with the load; returns when all is cured and the load is gone."""
    plan = replace(workload, duration=0.0, patience=PATIENCE, reorgs=schedule.config.reorgs, seed=schedule.seed)
    with Company(run, plan) as company:
        player = Player(run, schedule, lambda: company.now)
        course = Course(company, player)
        company.faults = lambda: player.hurt
        try:
            _chaos(course, terminal)
        finally:
            player.stop()
        _afterwards(course, terminal)
    return course


def _chaos(course: Course, terminal: Terminal) -> None:
    """Until the schedule is over, or nothing is left to be tested."""
    company, player = course.company, course.player
    last = _Silence()
    ends = player.schedule.duration

    def show(second: Second) -> None:
        terminal.show(second, ends + REST - second.at)
        last.look(second)

    player.start()
    company.watch(lambda: player.over or last.lasted > ABORT_AFTER, show)
    code = company.run.sut.exit_code
    if code is not None:
        course.aborted = f"the proxy ended with exit code {code}"
    elif last.lasted > ABORT_AFTER:
        course.aborted = f"nothing was answered for {last.lasted:.0f} s"


class _Silence:
    """For how long nothing was answered."""

    def __init__(self) -> None:
        self.lasted = 0.0
        self._answered = 0
        self._since = 0.0

    def look(self, second: Second) -> None:
        if second.load.answered > self._answered:
            self._answered, self._since = second.load.answered, second.at
        self.lasted = second.at - self._since


def _afterwards(course: Course, terminal: Terminal) -> None:
    """Let the load go on with everything well, then see what lives and what is left."""
    company = course.company
    course.healed = company.now
    if not course.aborted:
        terminal.say("every fault is cured; the load goes on")
        until = course.healed + REST
        company.watch(lambda: company.now > until, lambda second: terminal.show(second, until - second.at))
        course.dead = tuple(_dead(company.run))
    company.finish()
    _, left = company.as_before()
    course.left = tuple(left)


def _dead(run: Run) -> list[str]:
    """What does not live as it should once all nodes are well."""
    primaries = {node.name for node in run.nodes if node.primary}
    complaints = []
    try:
        newcomer = run.connect("newcomer")
        stream = run.subscribe(newcomer, "1", "newHeads")
        wait_until(lambda: stream.events, ALIVE_WITHIN, "the newcomer hears of a block")
    except (NotServedError, WaitTimeoutError) as error:
        complaints.append(str(error))
    if run.carrying():
        try:
            wait_until(lambda: run.carrying() <= primaries, ALIVE_WITHIN, "clients are on primaries", run.carrying)
        except WaitTimeoutError as error:
            complaints.append(str(error))
    for client in [client for client in run.clients if client.name == "newcomer"]:
        run.clients.remove(client)
        run.await_(client.close)
    return complaints
