"""A run and the load beside it: a hundred clients in a process of their own, watched second by second."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import requests

from e2e.clients.scrape import by_label
from e2e.direct import direct_session
from e2e.ledger.entries import Scraped
from e2e.load.figures import Progress, Violation
from e2e.load.process import LoadProcess
from e2e.trials.seconds import Second
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from e2e.load.figures import Report
    from e2e.load.plan import Plan
    from e2e.run import Run

LOOK_EVERY: Final = 0.1  # seconds
PROBE_WITHIN: Final = 10.0
AS_BEFORE_WITHIN: Final = 60.0  # seconds to let go of the load, and of connections to nodes that were kept for more
SPARE_DESCRIPTORS: Final = 64  # kept connections to nodes; fewer than a link for each client


@dataclass(frozen=True, slots=True)
class Counts:
    """What the proxy holds, by its own metrics; None where it does not say."""

    connections: float | None
    subscriptions: float | None
    descriptors: float | None
    rss: float | None


class Company:
    """Enter it with a run that has started; `seconds` and `violations` grow while it is watched."""

    def __init__(self, run: Run, plan: Plan, *, compare: bool = False) -> None:
        """`compare`: send the same requests past the proxy, too, to the primaries, in turns."""
        self.run = run
        self.plan = plan
        self.seconds: list[Second] = []
        self.violations: list[Violation] = []
        self.report: Report | None = None
        self.faults: Callable[[], tuple[str, ...]] = lambda: _faults(run)
        testbed = run.stage.testbed
        direct = [testbed.urls(node.name).ws for node in run.nodes if node.primary] if compare else []
        where = run.sut.endpoints
        self.load = LoadProcess(plan, run.folder, ws=where.ws, http=where.http, direct=direct)
        self._entries = 0
        self._scraped: dict[str, float] = {}
        self._head: tuple[float, float] = (-1.0, 0.0)  # the proxy's head, and since when
        self._session = direct_session()

    def __enter__(self) -> Self:
        self.before = self.counts()
        self.load.start()
        self.zero = self.run.recorder.now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.load.close()
        self._session.close()

    @property
    def now(self) -> float:
        """Seconds since the load began."""
        return self.run.recorder.now() - self.zero

    def watch(self, enough: Callable[[], bool], show: Callable[[Second], None] = lambda _: None) -> None:
        """Look at everything until `enough` says so, or the load or the proxy ends by itself."""
        while not enough() and self.load.alive and self.run.sut.exit_code is None:
            self._read_scrapes()
            for line in self.load.look():
                if isinstance(line, Violation):
                    self.violations.append(line)
                elif isinstance(line, Progress):
                    self.seconds.append(second := self._second(line))
                    show(second)
            time.sleep(LOOK_EVERY)

    def finish(self) -> Report:
        """Stop the load and wait for what is out. Raises LoadError."""
        self.report, last = self.load.finish()
        self.violations += last
        return self.report

    def counts(self) -> Counts:
        """Ask the proxy what it holds now."""
        samples, names = self.run.scrape(), self.run.meta.metrics
        roles = ("connections", "subscriptions", "descriptors", "rss")
        return Counts(*(samples.get(names.get(role, "")) for role in roles))

    def as_before(self) -> tuple[Counts, list[str]]:
        """What the proxy holds once the load is gone, and what of it should not be there any more."""
        with contextlib.suppress(WaitTimeoutError):
            wait_until(lambda: not self._left(self.counts()), AS_BEFORE_WITHIN, "the proxy holds what it held before")
        counts = self.counts()
        return counts, self._left(counts)

    def _left(self, counts: Counts) -> list[str]:
        left = []
        for role, spare in (("connections", 0), ("subscriptions", 0), ("descriptors", SPARE_DESCRIPTORS)):
            before, now = getattr(self.before, role), getattr(counts, role)
            if before is not None and now is not None and now > before + spare:
                left.append(f"{now:.0f} {role}, {before:.0f} before the load")
        return left

    def _second(self, line: Progress) -> Second:
        names = self.run.meta.metrics

        def said(role: str) -> float | None:
            return self._scraped.get(names.get(role, ""))

        connected = by_label(self._scraped, names.get("upstream_connected", "-"), "node")
        return Second(
            at=line.at,
            load=line,
            rss=said("rss"),
            descriptors=said("descriptors"),
            connections=said("connections"),
            subscriptions=said("subscriptions"),
            queue=said("queue"),
            head_age=None if said("head") is None else round(self.run.recorder.now() - self._head[1], 3),
            probe=self._probe(),
            carriers=tuple(node for node, value in connected.items() if value),
            faults=self.faults(),
        )

    def _read_scrapes(self) -> None:
        fresh = self.run.recorder.since(self._entries)
        self._entries += len(fresh)
        name = self.run.meta.metrics.get("head", "")
        for entry in fresh:
            if isinstance(entry, Scraped) and entry.up:
                self._scraped = entry.samples
                if (head := entry.samples.get(name)) is not None and head != self._head[0]:
                    self._head = (head, entry.at)

    def _probe(self) -> float | None:
        """How long the proxy's status page takes: it tells what a lock holds up."""
        url = self.run.sut.endpoints.status
        if url is None:
            return None
        began = time.monotonic()
        try:
            self._session.get(url, timeout=PROBE_WITHIN)
        except requests.RequestException:
            return PROBE_WITHIN
        return round(time.monotonic() - began, 4)


def _faults(run: Run) -> tuple[str, ...]:
    return tuple(f"hurt {node}" for node in run.nemesis.hurt)
