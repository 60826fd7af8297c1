"""What a run under load is judged by: pure functions of the load's report and of the seconds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from e2e.checkers.figures import percentile
from e2e.checkers.verdict import Answer, Verdict, Witness, broken, kept, not_reached, unknown
from e2e.trials.seconds import between, median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.load.figures import Report, Violation
    from e2e.load.plan import Plan
    from e2e.trials.seconds import Second

LATE: Final = 0.25
"""Seconds by which the generator may be behind its schedule, in 19 of 20 seconds: else the machine starved."""

CYCLE: Final = 5.0
PROBE: Final = 1.0
MORE_MEMORY: Final = 0.25
"""The share by which memory may be more in the last third than in the first, where nothing leaks."""

SLACK: Final = 16 << 20
"""Bytes on top of that: allocators round up."""


CALM_P99: Final = 1.0
"""Seconds that p99 may be before anything is done to any node: above it the machine cannot carry this load at all."""

SENSITIVE: Final = frozenset(
    """
    load_held error_rate fast health_goes_on memory_is_flat not_slower recovers no_leaks lives lost_and_back
    answered_once subscriptions_survive heads_continuous
    """.split()  # noqa: SIM905 - names in a row read better
)
"""What a starved machine can break by itself."""


def run_was_fair(seconds: Sequence[Second], calm: float) -> Verdict:
    """Could the machine keep up? If not, nobody can say who is slow. `calm`: when the first fault comes."""
    if not seconds:
        return unknown("run_was_fair", "the load said nothing")
    late = percentile([each.load.late for each in seconds], 95)
    before = median(between(seconds, 1.0, calm), lambda each: each.load.p99)
    facts: dict[str, Any] = {"behind schedule p95": late, "p99 before any fault": before, "seconds": len(seconds)}
    if late > LATE:
        return unknown("run_was_fair", f"the generator could not keep up: {late:.2f} s behind its schedule", **facts)
    if before is None or before > CALM_P99:
        served = "nothing was answered" if before is None else f"p99 was {before:.1f} s"
        return unknown("run_was_fair", f"{served} before any fault: this load is too much for this machine", **facts)
    return kept("run_was_fair", f"never more than {late * 1000:.0f} ms behind the schedule (p95)", **facts)


def excused(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The same verdicts; in a run that was not fair, what a starved machine can break by itself is UNKNOWN."""
    if not any(each.promise == "run_was_fair" and each.red for each in verdicts):
        return tuple(verdicts)
    return tuple(
        replace(each, answer=Answer.UNKNOWN, reason=f"in an unfair run: {each.reason}")
        if each.answer is Answer.NO and each.promise in SENSITIVE
        else each
        for each in verdicts
    )


def load_held(plan: Plan, report: Report, seconds: Sequence[Second], share: float = 0.99) -> Verdict:
    """Was the load there that the run speaks of? All due requests sent, at their times, over all connections."""
    rate = report.due / report.seconds if report.seconds else 0.0
    least = min((each.load.open for each in seconds), default=0)
    facts: dict[str, Any] = {
        "requests": report.due,
        "rate": rate,
        "connections at least": least,
        "unsent": dict(report.unsent),
    }
    wrong = []
    if rate < share * plan.rate:
        wrong.append(f"{rate:.0f} requests a second, not {plan.rate:.0f}")
    if (unsent := sum(report.unsent.values())) > (1 - share) * report.due:
        wrong.append(f"{unsent} of {report.due} could not be sent")
    if least < share * plan.connections:
        wrong.append(f"only {least} of {plan.connections} connections were open at one time")
    return _verdict("load_held", wrong, f"{rate:.0f} requests a second over {least} connections", **facts)


def no_silence(report: Report) -> Verdict:
    """Every request that was sent on a connection that stayed got its answer, be it an error."""
    wrong = [f"{report.unanswered} of {report.sent} were never answered"] if report.unanswered else []
    return _verdict("no_silence", wrong, f"{report.answered} answers", late=report.late)


def error_rate(report: Report, seconds: Sequence[Second], allowed: float = 0.0) -> Verdict:
    """At most the `allowed` share of the requests ended in an error, or with their connection."""
    errors = sum(report.errors.values())
    share = (errors + report.cut) / report.due if report.due else 0.0
    facts: dict[str, Any] = {"requests": report.due, "errors": errors, "cut off": report.cut, "error rate": share}
    if share <= allowed:
        return kept("error_rate", f"{share:.2%} of {report.due} requests", **facts)
    told = [f"{count} with {code} ({report.examples.get(code, '')[:80]})" for code, count in report.errors.items()]
    told += [f"{report.cut} cut off"] if report.cut else []
    witnesses = [
        Witness(each.at, "", f"{each.load.errors - before.load.errors} errors then ({'; '.join(each.faults)})")
        for before, each in pairwise(seconds)
        if each.load.errors > before.load.errors
    ]
    return broken("error_rate", f"{share:.2%} of {report.due} requests: {', '.join(told)}", witnesses, **facts)


def connections_stay(report: Report) -> Verdict:
    """No connection was closed by the other side."""
    closed = sum(report.closes.values())
    told = ", ".join(f"{count} with {code}" for code, count in report.closes.items())
    wrong = [f"{closed} were closed ({told})"] if closed else []
    return _verdict("connections_stay", wrong, "none was closed", reopened=report.reopened)


def nothing_else_was_wrong(report: Report, violations: Sequence[Violation]) -> Verdict:
    """No strangers, nothing twice, each answer to its own question, heads without a hole."""
    kinds = {kind: count for kind, count in report.violations.items() if kind != "unanswered"}
    wrong = [f"{count} times {kind}" for kind, count in kinds.items()]
    witnesses = [
        Witness(each.at, each.lane, f"{each.kind}: {each.text}", ()) for each in violations if each.kind != "unanswered"
    ]
    told = f"{report.answered} answers and {report.events} events, each where it belongs"
    return _verdict("nothing_strange", wrong, told, witnesses, events=report.events, branches=report.branches)


def fast(report: Report, limit: float) -> Verdict:
    """p99 of all clients' requests, from the time that the schedule meant, in seconds."""
    groups = {group: each for group, each in report.latency.items() if group in ("ws", "http")}
    if not groups:
        return not_reached("fast", "nothing was answered")
    worst = max(each.p99 for each in groups.values())
    facts = {
        f"{group} {name}": getattr(each, name) for group, each in groups.items() for name in ("p50", "p99", "worst")
    }
    wrong = [f"p99 is {worst * 1000:.1f} ms, the limit {limit * 1000:.0f} ms"] if worst >= limit else []
    return _verdict("fast", wrong, f"p99 {worst * 1000:.1f} ms, below {limit * 1000:.0f} ms", **facts)


def health_goes_on(seconds: Sequence[Second]) -> Verdict:
    """Health checks go round, and the status page answers, whatever the load: no lock is held for long."""
    ages = [(each.head_age, each) for each in seconds if each.head_age is not None]
    probes = [(each.probe, each) for each in seconds if each.probe is not None]
    if not ages or not probes:
        return not_reached("health_goes_on", "the proxy does not say what it thinks the head is")
    (age, oldest), (probe, slowest) = max(ages, key=lambda pair: pair[0]), max(probes, key=lambda pair: pair[0])
    facts = {"head age max": age, "status p99": percentile([each for each, _ in probes], 99), "status max": probe}
    wrong, witnesses = [], []
    if age >= CYCLE:
        wrong.append(f"the proxy's head stood still for {age:.1f} s: a cycle takes longer than {CYCLE:g} s")
        witnesses.append(Witness(oldest.at, "", f"head {age:.1f} s old ({', '.join(oldest.faults) or 'no fault'})"))
    if facts["status p99"] >= PROBE:
        wrong.append(f"the status page took {facts['status p99']:.2f} s (p99)")
        witnesses.append(Witness(slowest.at, "", f"the status page took {probe:.2f} s"))
    told = f"its head never stood still for more than {age:.1f} s, the status page took {probe * 1000:.0f} ms at most"
    return _verdict("health_goes_on", wrong, told, witnesses, **facts)


def memory_is_flat(seconds: Sequence[Second]) -> Verdict:
    """The proxy's memory in the last third of the run, against the first."""
    third = len(seconds) // 3
    first, last = (median(part, lambda each: each.rss) for part in (seconds[:third], seconds[len(seconds) - third :]))
    if first is None or last is None:
        return not_reached("memory_is_flat", "the proxy does not say how much memory it has")
    facts: dict[str, Any] = {"RSS MiB first": first / (1 << 20), "RSS MiB last": last / (1 << 20)}
    told = f"{facts['RSS MiB first']:.1f} MiB in the first third, {facts['RSS MiB last']:.1f} MiB in the last"
    wrong = [f"it grows: {told}"] if last > first * (1 + MORE_MEMORY) + SLACK else []
    return _verdict("memory_is_flat", wrong, told, **facts)


def generator_is_cheap(report: Report) -> Verdict:
    """The load must not be what loads the machine: less than half a core."""
    share = report.cpu / report.seconds if report.seconds else 0.0
    facts: dict[str, Any] = {"cores": share, "RSS MiB": report.rss / (1 << 20)}
    if share >= 0.5:
        return unknown("generator_is_cheap", f"it took {share:.2f} cores itself", **facts)
    return kept("generator_is_cheap", f"{share:.2f} cores", **facts)


def _verdict(name: str, wrong: Sequence[str], told: str, witnesses: Sequence[Witness] = (), **facts: Any) -> Verdict:
    if wrong:
        return broken(name, "; ".join(wrong), witnesses, **facts)
    return kept(name, told, **facts)
