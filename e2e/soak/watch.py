"""Who watches a soak: the proxy's process and figures, and the checkers that judge as it goes."""

from __future__ import annotations

import gc
import os
import re
from typing import TYPE_CHECKING, Final

from e2e.checkers.failures import trouble
from e2e.checkers.outages import Interval, merged
from e2e.checkers.verdict import Answer
from e2e.ledger.store import Store
from e2e.soak.journal import Look, Piece
from e2e.soak.vitals import vitals
from e2e.soak.witness import FAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from e2e.checkers.rolling import Rolling, Window
    from e2e.ledger.entries import Scraped
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.recorder import Recorder
    from e2e.load.process import LoadProcess
    from e2e.soak.audience import Audience
    from e2e.soak.ground import Ground

SCRAPE_EVERY: Final = 0.5  # seconds
LOOK_EVERY: Final = 4  # scrapes
SAVED: Final = 20  # red windows that are kept whole
TIMED: Final = frozenset({"fails_over", "returns_home", "isolated"})
"""Promises that are figures of a second or two."""
LATE: Final = 0.5
"""Seconds by which the harness's clock may be late at worst in a window in which such figures mean something."""
SPEAKS_OF_TIME: Final = re.compile(r"deadline|time[ds]?[- ]?out", re.IGNORECASE)
"""What an error says that is one of time, whoever wrote the proxy: 'context deadline exceeded' is Go's."""


class Sampler:
    """Scrapes the proxy, and every now and then gives all that can be seen as a `Look`. Call from one thread."""

    def __init__(
        self,
        ground: Ground,
        audience: Audience,
        load: LoadProcess,
        recorder: Recorder,
        tell: Callable[[Look], None],
    ) -> None:
        self._ground = ground
        self._audience = audience
        self._load = load
        self._recorder = recorder
        self._tell = tell
        self._scrapes = 0

    def scrape(self) -> None:
        """Once every `SCRAPE_EVERY`."""
        scraped = None if self._ground.scraper is None else self._ground.scraper.scrape()
        self._scrapes += 1
        if self._scrapes % LOOK_EVERY == 0:
            self._tell(self.look(scraped))

    def look(self, scraped: Scraped | None) -> Look:
        """All that is known now."""
        self._load.look()
        said, opened = self._load.progress, self._load.opened
        seen = vitals(self._ground.sut.pid or -1)
        own = vitals(os.getpid())
        generator = vitals(self._load.pid or -1)
        streams = 0 if said is None or opened is None else said.open * opened.subscriptions // opened.connections
        return Look(
            at=self._recorder.now(),
            rss=None if seen is None else seen.rss,
            descriptors=None if seen is None else seen.descriptors,
            threads=None if seen is None else seen.threads,
            tasks=self._metric(scraped, "tasks"),
            connections=self._metric(scraped, "connections"),
            true_connections=self._audience.connected + (0 if said is None else said.open),
            subscriptions=self._metric(scraped, "subscriptions"),
            true_subscriptions=self._audience.subscriptions + streams,
            moves=self._metric(scraped, "reconnections"),
            harness=None if own is None else own.rss,
            load=None if generator is None else generator.rss,
            ran=None if seen is None else seen.ran,
            waited=None if seen is None else seen.waited,
            **({} if said is None else {name: getattr(said, name) for name in ("rate", "p50", "p99", "worst", "late")}),
        )

    def _metric(self, scraped: Scraped | None, role: str) -> float | None:
        """The sum of a metric over its labels."""
        name = self._ground.profile.metrics.get(role)
        samples = {} if scraped is None else scraped.samples
        found = [value for sample, value in samples.items() if sample.partition("{")[0] == name]
        return sum(found) if found else None


class Jury:
    """Takes what was recorded, gives a `Piece` for each window, keeps red windows whole in `folder`."""

    def __init__(self, rolling: Rolling, recorder: Recorder, folder: Path, tell: Callable[[Piece], None]) -> None:
        self._rolling = rolling
        self._recorder = recorder
        self._folder = folder
        self._tell = tell
        self._saved = 0

    def sit(self) -> None:
        """Judge a window if one has ended."""
        now = self._recorder.now()
        self._rolling.feed(self._recorder.drain())
        window = self._rolling.cut(now)
        if window is not None:
            self._judged(window)
            del window
            gc.collect()  # a history is full of cycles: left to themselves they pile up for minutes

    def close(self) -> None:
        """Judge what is left."""
        self._rolling.feed(self._recorder.drain())
        self._judged(self._rolling.finish())

    def _judged(self, window: Window) -> None:
        self._tell(piece(window, len(self._rolling)))
        if any(verdict.red for verdict in window.verdicts) and self._saved < SAVED:
            self._saved += 1
            store = Store(self._folder / f"window-{window.number}")
            store.write_meta(window.history.meta)
            for entry in window.history.entries:
                store.append(entry)
            store.close()


def piece(window: Window, kept: int) -> Piece:
    """What is written down of a window.

    Where the machine itself was late or a node stood still, promises that are a matter of seconds were not put to the
    test: what is broken then is nobody's fault that can be known.
    """
    still = _still(window)
    slow = still > 0 or max((drift.late for drift in window.history.drifts), default=0.0) > LATE
    answers = {verdict.promise: verdict.answer.value for verdict in window.verdicts}
    if slow:
        answers |= {name: Answer.UNKNOWN.value for name in TIMED if answers.get(name) == Answer.NO}
    asked = [each for each in window.asked if each.request.id is not None]
    failed = [each for each in asked if each.answer is None or trouble(each) is not None]
    return Piece(
        number=window.number,
        since=window.since,
        until=window.until,
        answers=answers,
        reasons={verdict.promise: verdict.reason for verdict in window.verdicts if verdict.red},
        requests=len(asked),
        failed=len(failed),
        timeouts=sum(map(_of_time, failed)),
        kept=kept,
        still=still,
    )


def _still(window: Window) -> float:
    """Seconds of a window in which any node stood still by itself."""
    spells = merged(
        Interval(max(fault.began, window.since), min(fault.healed, window.until))
        for fault in window.history.faults
        if fault.name == FAULT and fault.healed > window.since
    )
    return sum(spell.end - spell.start for spell in spells)


def _of_time(exchange: Exchange) -> bool:
    """Whether it failed because something took too long: an error that says so, or no answer at all."""
    said = trouble(exchange)
    return said is None or bool(SPEAKS_OF_TIME.search(said))
