"""What a proxy is judged by after chaos: errors, connections, leaks, recovery; and whether there was any chaos."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from e2e.checkers.verdict import Answer, Verdict, Witness, broken, kept, not_reached, unknown
from e2e.trials.seconds import between, median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.chaos.schedule import Schedule
    from e2e.ledger.faults import Fault
    from e2e.trials.seconds import Second

ERROR_RATE: Final = 0.01
"""The share of requests that may end in an error while nodes fail, hang and lie."""

SLOWER: Final = 3.0
"""How many times the latency before the chaos that after it may be."""

GRAIN: Final = 0.25
"""Seconds below which nobody calls it slow."""

MORE_MEMORY: Final = 1.5
SLACK: Final = 32 << 20
SERVED: Final = 0.5
"""The share of the rate that has to be answered once all is well: slow answers from before may still come in."""


def chaos_bit(schedule: Schedule, felt: Sequence[Fault], complaints: Sequence[str]) -> Verdict:
    """Were the faults there that the schedule speaks of, and did the proxy feel them?"""
    facts: dict[str, Any] = {"planned": len(schedule.deeds), "felt": len(felt), "seed": schedule.seed}
    if not schedule.deeds:
        return not_reached("chaos_bit", "the schedule is empty", **facts)
    if complaints:
        return unknown("chaos_bit", f"{len(complaints)} could not be done: {complaints[0]}", **facts)
    if not felt:
        return unknown("chaos_bit", f"none of {len(schedule.deeds)} faults had any effect", **facts)
    names = sorted({fault.name for fault in felt})
    return kept("chaos_bit", f"{len(felt)} effects of {len(schedule.deeds)} deeds: {', '.join(names)}", **facts)


def not_aborted(reason: str) -> Verdict:
    """Did the run go on to its end?"""
    return broken("not_aborted", reason, ()) if reason else kept("not_aborted", "played to its end")


def recovers(seconds: Sequence[Second], calm: float, healed: float) -> Verdict:
    """Once everything is well again, latency and rate are as before.

    `calm`: until when nothing had happened; `healed`: since when everything was cured. The last half of what came after
    counts: until then slow answers may still be on their way.
    """
    before = between(seconds, 1.0, calm)
    after = [each for each in seconds if each.at >= healed]
    after = after[len(after) // 2 :]
    then, now = (median(part, lambda each: each.load.p99) for part in (before, after))
    if then is None:
        return unknown("recovers", "no latency was measured before the chaos")
    if now is None:
        return broken("recovers", f"nothing was answered after the chaos, in {len(after)} s", _outages(after))
    rate, usual = (median(part, lambda each: each.load.rate) or 0.0 for part in (after, before))
    facts: dict[str, Any] = {"p99 before": then, "p99 after": now, "rate before": usual, "rate after": rate}
    if (soon := _back_after(seconds, healed, limit := max(GRAIN, SLOWER * then))) is not None:
        facts["seconds until then"] = soon
    if now > limit or rate < SERVED * usual:
        text = f"p99 {now * 1000:.0f} ms and {rate:.0f} a second, before {then * 1000:.0f} ms and {usual:.0f} a second"
        return broken("recovers", text, _outages(after), **facts)
    return kept("recovers", f"p99 {now * 1000:.1f} ms, before the chaos {then * 1000:.1f} ms", **facts)


def _back_after(seconds: Sequence[Second], healed: float, limit: float) -> float | None:
    """How long after the cure the last slow second was."""
    slow = [each.at for each in seconds if each.at >= healed and (each.load.p99 or 0.0) > limit]
    return max(slow) - healed if slow else None


def _outages(seconds: Sequence[Second]) -> list[Witness]:
    return [
        Witness(each.at, "", f"p99 {each.load.p99}, {each.load.rate:g}/s, {each.carriers}") for each in seconds[-3:]
    ]


def no_leaks(seconds: Sequence[Second], calm: float, left: Sequence[str]) -> Verdict:
    """Once load and faults are gone the proxy holds what it held before, and half as much memory again at most."""
    before = median(between(seconds, 0.0, calm), lambda each: each.rss)
    after = median(seconds[-5:], lambda each: each.rss)
    facts: dict[str, Any] = {}
    wrong = list(left)
    if before is not None and after is not None:
        facts = {"RSS MiB before": before / (1 << 20), "RSS MiB after": after / (1 << 20)}
        if after > before * MORE_MEMORY + SLACK:
            wrong.append(f"{facts['RSS MiB after']:.0f} MiB of memory, {facts['RSS MiB before']:.0f} before")
    if wrong:
        return broken("no_leaks", "; ".join(wrong), (), **facts)
    return kept("no_leaks", "connections, subscriptions, descriptors and memory as before", **facts)


PARTIAL: Final = frozenset({"method_failure", "method_timeout", "latency"})
"""Faults under which a node that looks well has no answer, or none in time: whose error that is nobody can say."""


def errors_aside(verdict: Verdict, schedule: Schedule) -> Verdict:
    """The ledger's `answered_once`, without its complaints about errors where faults are partial: see `error_rate`."""
    if not any(deed.fault in PARTIAL for deed in schedule.deeds):
        return verdict
    counts = (verdict.facts.get("unanswered"), verdict.facts.get("answered twice"))
    if verdict.promise != "answered_once" or verdict.answer is not Answer.NO or counts != (0, 0):
        return verdict
    return replace(verdict, answer=Answer.YES, reason=f"{verdict.reason} (errors: see error_rate)", witnesses=())


def lives(complaints: Sequence[str]) -> Verdict:
    """Is a newcomer served after it all, and is everybody back on a primary?"""
    if complaints:
        return broken("lives", "; ".join(complaints), ())
    return kept("lives", "a newcomer is served, and clients are on a primary")
