"""What each fault does to whom it hits, as far as a proxy's clients may feel it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Healed, Injected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Entry, Lane

PROXY = "proxy"  # the target of a fault that hits the proxy itself


class Effect(StrEnum):
    CUT = "cut"  # links die, at once and for all to see
    SILENT = "silent"  # links stay and say nothing
    FAULTY = "faulty"  # it answers, wrongly or with errors
    SLOW = "slow"  # it answers rightly, late
    CHAIN = "chain"  # the chain changes, nobody is hurt
    CLIENT = "client"  # a client misbehaves, or is not welcome


EFFECTS: dict[str, Effect] = {
    # processes
    "stop": Effect.CUT,
    "kill": Effect.CUT,
    "pause": Effect.SILENT,
    # links
    "down": Effect.CUT,
    "refuse": Effect.CUT,
    "reset": Effect.CUT,
    "reset_peer": Effect.CUT,
    "close": Effect.CUT,
    "idle_close": Effect.CUT,
    "limit_data": Effect.CUT,
    "drop_after_accept": Effect.CUT,
    "black_hole": Effect.SILENT,
    "freeze": Effect.SILENT,
    "timeout": Effect.SILENT,
    "no_handshake": Effect.SILENT,
    "latency": Effect.SLOW,
    "bandwidth": Effect.SLOW,
    "slicer": Effect.SLOW,
    "slow_close": Effect.SLOW,
    "slow_answers": Effect.SLOW,
    # answers
    "absurd_head": Effect.FAULTY,
    "answer_twice": Effect.FAULTY,
    "early_answer": Effect.FAULTY,
    "endless_trailers": Effect.FAULTY,
    "http_status": Effect.FAULTY,
    "id_type": Effect.FAULTY,
    "method_failure": Effect.FAULTY,
    "method_timeout": Effect.FAULTY,
    "oversize": Effect.FAULTY,
    "probe_failure": Effect.FAULTY,
    "refuse_subscription": Effect.FAULTY,
    "sequential_ids": Effect.FAULTY,
    "stalled_head": Effect.FAULTY,
    "syncing": Effect.FAULTY,
    "unresponsive": Effect.FAULTY,  # seen, not done: it answers nobody in time, and nobody knows why
    # the rest
    "reorg": Effect.CHAIN,
    "slow_reader": Effect.CLIENT,
    "client_reset": Effect.CLIENT,
    "bad_frame": Effect.CLIENT,
    "refuse_client": Effect.CLIENT,
}

MOMENTARY = frozenset({"reset", "reset_peer", "close", "reorg", "client_reset", "bad_frame"})
"""Faults that are over when they have happened, unless the nemesis says when it took them back."""

CUTS_AGAIN = frozenset({"drop_after_accept", "idle_close", "limit_data"})
"""Faults that take new links and cut them a while later, for as long as they last."""

LEAD = 3.0
"""Seconds before `Injected.at` from which a fault may have been felt, where the nemesis does not say."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as an interval: felt from `began` at the earliest, certain from `at`, over at `healed` (never: inf)."""

    name: str
    target: str
    lane: Lane | None
    began: float
    at: float
    healed: float
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def effect(self) -> Effect:
        """What it does; of a fault that nobody has described, the run is unfair anyway, nothing in particular."""
        return EFFECTS.get(self.name, Effect.FAULTY)

    def hits(self, lane: Lane) -> bool:
        """Whether a client of this lane may feel it. A node with bad HTTP fails its probes, so both lanes feel it."""
        return self.lane in {None, lane, "http"}


def pair(entries: Iterable[Entry]) -> tuple[Fault, ...]:
    """The faults of a history, each with its first cure (same name and target) after it."""
    faults: list[Fault] = []
    for entry in entries:
        if isinstance(entry, Injected):
            began = entry.began if entry.began is not None else max(0.0, entry.at - LEAD)
            over = entry.at if entry.fault in MOMENTARY else math.inf
            lane = entry.detail.get("lane")
            faults.append(Fault(entry.fault, entry.target, lane, began, entry.at, over, entry.detail))
        elif isinstance(entry, Healed):
            for index, fault in enumerate(faults):
                same = (fault.name, fault.target) == (entry.fault, entry.target)
                if same and entry.lane in {None, fault.lane} and fault.healed in {math.inf, fault.at}:
                    faults[index] = replace(fault, healed=entry.at)
                    break
    return tuple(faults)
