"""Observations in, health out: strikes, silence, lag, recovery, and when to probe whom next.

1. Nothing here waits, reads a clock or touches a socket: `now` comes in (seconds, monotonic), `wake` goes out.
2. One lost probe flips nothing. `max_failures` bad ones in a row do, or two refused connections: those are certain.
   After a bad probe the next follows at once, so this takes a fraction of a second and not as many intervals.
3. Silence is relative: a node whose probes stay unanswered while another node answers the same question is left long
   before its probe times out. If all are slow alike, the machine is, and nobody is blamed.
4. The way back takes two good probes in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from proxy.head import HeadBelief

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

DOUBT: Final = 0.4  # seconds a probe may take until a second one goes out, on a connection of its own
SILENCE: Final = 0.8  # and until the node counts as silent
# seconds to the next probe of a node that is not well
_AFTER_REFUSAL: Final = 0.05
_AFTER_FAILURE: Final = 0.1
_AFTER_GOOD_SIGN: Final = 0.25  # an ill node that gave one good probe
_WHILE_ILL: Final = (0.4, 0.6)
_LATE: Final = 0.1  # seconds of our own lateness that makes silence doubtful


class Answered(NamedTuple):
    """The node said its block number or head slot, and whether it is still syncing."""

    number: int
    syncing: bool = False


class Failed(NamedTuple):
    """The probe brought no usable answer. `refused`: nobody listens there."""

    reason: str
    refused: bool = False


Observation: TypeAlias = Answered | Failed


class Verdict(NamedTuple):
    number: int | None
    lag: int
    check_ok: bool
    healthy: bool
    reason: str


@dataclass(slots=True)
class _Record:
    number: int | None = None
    healthy: bool = False
    check_ok: bool = False
    reason: str = "not probed yet"
    seen: bool = False
    silent: bool = False
    good: int = 0
    prompt: int = 0
    bad: int = 0
    refusals: int = 0
    next_probe: float = 0.0
    answered_at: float = float("-inf")
    # probes on their way: when sent → the head believed then
    outstanding: dict[float, int | None] = field(default_factory=dict)
    waiting_since: float | None = None


class HealthBook:
    """The health of all nodes of one layer. Probe whom `due` names, tell `observed` what came of it."""

    def __init__(
        self,
        names: Iterable[str],
        *,
        max_lag: int,
        max_failures: int,
        interval: float,
        timeout: float,
        rng: random.Random,
    ) -> None:
        """`interval` and `timeout` of probes in seconds; `rng` for jitter."""
        self._records = {name: _Record() for name in names}
        self._belief = HeadBelief(max_lag)
        self._max_lag = max_lag
        self._max_failures = max_failures
        self._interval = interval
        self._pace_in_doubt = max(0.5, timeout / 10)
        self._rng = rng

    @property
    def head(self) -> int | None:
        return self._belief.head

    @property
    def wake(self) -> float:
        """When `due` has something to say, at the latest."""
        return min((record.next_probe for record in self._records.values()), default=float("inf"))

    def verdict(self, name: str) -> Verdict:
        record = self._records[name]
        lag = max(0, (self.head or 0) - record.number) if record.number is not None else 0
        healthy = record.healthy
        reason = record.reason
        if healthy and record.silent:
            healthy = not any(r.healthy and not r.silent for r in self._records.values())
            reason = "silent"
        return Verdict(record.number, lag, record.check_ok, healthy, reason)

    def due(self, now: float, late: float = 0.0) -> list[str]:
        """The nodes to probe now, each counted as sent at `now`.

        `late` is by how many seconds the caller woke up after `wake`: a machine that starves does not judge silence.
        """
        if late > _LATE:
            for record in self._records.values():
                if record.waiting_since is not None:
                    record.waiting_since += late
        names = []
        for name, record in self._records.items():
            if record.next_probe > now:
                continue
            if record.outstanding:
                self._doubt(record, now)
            self._send(record, now)
            names.append(name)
        return names

    def crowded(self, name: str) -> bool:
        """Whether more than one probe is on its way: the newest then needs a connection of its own."""
        return len(self._records[name].outstanding) > 1

    def observed(self, name: str, observation: Observation, sent_at: float, now: float) -> None:
        """What came of the probe sent at `sent_at`."""
        record = self._records[name]
        if sent_at not in record.outstanding:
            # a later probe was answered meanwhile: what became of this one is no news
            return
        head_then = record.outstanding.pop(sent_at)
        if isinstance(observation, Answered):
            record.outstanding = {sent: head for sent, head in record.outstanding.items() if sent > sent_at}
            self._answered(record, observation, head_then, sent_at, now)
        else:
            self._failed(record, observation)
        record.seen = True
        if isinstance(observation, Answered) or not record.outstanding:
            record.waiting_since = min(record.outstanding, default=None)
            record.next_probe = now + self._pause(record)

    def hurry(self, name: str, now: float) -> None:
        """Somebody doubts the node: probe it now, unless a probe is on its way."""
        record = self._records[name]
        if not record.outstanding:
            record.next_probe = min(record.next_probe, now)

    def refused(self, name: str, now: float) -> None:
        """A request found nobody listening there: the next refused probe makes it certain."""
        record = self._records[name]
        record.refusals = max(record.refusals, 1)
        self.hurry(name, now)

    def _send(self, record: _Record, now: float) -> None:
        record.outstanding[now] = self.head
        if record.waiting_since is None:
            record.waiting_since = now
        silent_at = record.waiting_since + SILENCE
        if len(record.outstanding) == 1:
            record.next_probe = now + DOUBT
        else:
            record.next_probe = silent_at if now < silent_at else now + self._pace_in_doubt

    def _doubt(self, record: _Record, now: float) -> None:
        """A probe is unanswered for longer than usual: ask the others too, and compare."""
        since = record.waiting_since
        if since is None or record.silent or not record.healthy:
            return
        others = [other for other in self._records.values() if other is not record and other.healthy]
        if now >= since + SILENCE and any(other.answered_at > since for other in others):
            record.silent = True
            record.good = record.prompt = 0
            record.check_ok = False
            return
        for other in others:
            if not other.outstanding:
                other.next_probe = now

    def _answered(self, record: _Record, answer: Answered, head_then: int | None, sent_at: float, now: float) -> None:
        record.number = answer.number
        record.check_ok = True
        record.answered_at = now
        record.bad = record.refusals = 0
        claims = [r.number for r in self._records.values() if r.check_ok and r.number is not None]
        head = self._belief.update(claims, now) or 0
        # a slow answer is not a lagging one: it is compared with the head of its own time
        behind = (head if head_then is None else min(head, head_then)) - answer.number
        if answer.syncing or behind > self._max_lag:
            record.reason = "syncing" if answer.syncing else f"{behind} behind the head"
            record.healthy = False
            record.good = record.prompt = 0
            return
        record.good += 1
        record.prompt = record.prompt + 1 if now - sent_at < SILENCE else 0
        if record.prompt >= 2:
            record.silent = False
        if record.good >= 2 or not record.seen:
            record.healthy = True
        record.reason = "" if record.healthy else "one good probe so far"

    def _failed(self, record: _Record, failure: Failed) -> None:
        record.check_ok = False
        record.good = record.prompt = 0
        record.bad += 1
        record.refusals = record.refusals + 1 if failure.refused else 0
        record.reason = failure.reason
        if record.bad >= self._max_failures or record.refusals >= 2:
            record.healthy = False

    def _pause(self, record: _Record) -> float:
        ill = record.silent or not record.healthy
        if record.good:
            return min(_AFTER_GOOD_SIGN, self._interval) if ill else self._interval
        if ill:
            return self._rng.uniform(*_WHILE_ILL)
        return _AFTER_REFUSAL if record.refusals else _AFTER_FAILURE
