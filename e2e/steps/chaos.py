"""Chaos under load: what is asked for is gathered first, and played when somebody wants to know how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.chaos.config import from_table
from e2e.chaos.draw import draw
from e2e.chaos.run import Course, stir
from e2e.checkers.verdict import Answer
from e2e.load.plan import Plan
from e2e.steps.context import given, step, then, when
from e2e.trials.criteria import excused
from e2e.trials.terminal import Terminal

if TYPE_CHECKING:
    from e2e.chaos.config import ChaosConfig
    from e2e.checkers.verdict import Verdict
    from e2e.steps.context import Context, World

UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
QUICK: Final = 60.0  # seconds of chaos, at most, at the quick pace
HEALTHY_WITHIN: Final = 15.0


@dataclass(slots=True)
class Storm:
    """What is to be played, and how it went."""

    duration: float
    config: ChaosConfig
    rate: float = 100.0
    connections: int = 10
    verdicts: tuple[Verdict, ...] = ()


@given("Vixy is running with {count:d} nodes")
def running_with_nodes(context: Context, count: int) -> None:
    run = context.world.run
    assert len(run.nodes) == count, f"this topology has {len(run.nodes)} nodes"
    run.wait_healthy([node.name for node in run.nodes], HEALTHY_WITHIN)


@when("I run chaos test for {number:d} {unit:w} with:")
def chaos_for(context: Context, number: int, unit: str) -> None:
    """Above the table of the gap analysis there is no heading: behave takes its first row for one."""
    assert context.table is not None, "a table says how much chaos: node_failures, network_delays, slow_responses"
    table = context.table
    rows = [table.headings, *([*row] for row in table)]
    duration = number * UNITS[unit.removesuffix("s")]
    if context.world.run.stage.options.get("pace") != "full":
        duration = min(duration, QUICK)
    context.world.storm = Storm(duration, from_table(dict(rows)))


@step("I maintain {count:d} WebSocket connections")
def maintain_connections(context: Context, count: int) -> None:
    storm_of(context.world).connections = count


@step("I send {rate:g} requests per second")
def send_at_rate(context: Context, rate: float) -> None:
    storm_of(context.world).rate = rate


@then("error rate should be < {percent:g}%")
def error_rate(context: Context, percent: float) -> None:
    assert percent >= 1, "the criterion is 1 %"
    expect(context.world, "chaos_bit", "not_aborted", "load_held", "no_silence", "error_rate")


@then("all WebSocket connections should remain stable")
def connections_stable(context: Context) -> None:
    expect(context.world, "connections_stay", "nothing_strange")


@then("no memory leaks should occur")
def no_leaks(context: Context) -> None:
    expect(context.world, "no_leaks")


@then("response times should recover after chaos stops")
def response_times_recover(context: Context) -> None:
    expect(context.world, "recovers", "lives")


def expect(world: World, *names: str) -> None:
    """Insist that these criteria were met; plays the chaos if that was not done yet."""
    storm = storm_of(world)
    if not storm.verdicts:
        course = play(world, storm)
        storm.verdicts = excused(course.verdicts(world.run.history()))
    told = {verdict.promise: verdict for verdict in storm.verdicts}
    wrong = [
        f"{name}: {told[name].answer}: {told[name].reason}" for name in names if told[name].answer is not Answer.YES
    ]
    fair = told["run_was_fair"]
    assert not wrong, "\n".join([*wrong, *([f"run_was_fair: {fair.reason}"] if fair.red else [])])


def play(world: World, storm: Storm) -> Course:
    """Draw a schedule from the run's seed and play it."""
    run = world.run
    schedule = draw(run.stage.seed, storm.duration, storm.config, [node.name for node in run.nodes])
    schedule.save(run.folder / "schedule.json")
    return stir(run, schedule, Plan(storm.rate, storm.connections), Terminal())


def storm_of(world: World) -> Storm:
    """Return what is to be played."""
    assert world.storm is not None, "no chaos yet: 'I run chaos test for …' comes first"
    return world.storm
