"""One leg of a soak: a network, a proxy and its clients from start to end, everything that is seen written down."""

from __future__ import annotations

import gc
import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from anyio.from_thread import start_blocking_portal

from e2e.checkers import CHECKERS
from e2e.checkers.rolling import Rolling
from e2e.clients.chain import ChainFollower
from e2e.clients.drift import measure_drift
from e2e.clients.observer import Observer
from e2e.judge import judge
from e2e.ledger.meta import BACKUP, PRIMARY, Meta
from e2e.ledger.recorder import Recorder
from e2e.load.plan import Plan as LoadPlan
from e2e.load.process import LoadProcess
from e2e.run import LOOK_AT_CHAIN_EVERY
from e2e.soak import journal
from e2e.soak.audience import Audience
from e2e.soak.forcing import Forcing
from e2e.soak.ground import Ground, ground
from e2e.soak.journal import Bout, Look, Pen, Piece
from e2e.soak.watch import SCRAPE_EVERY, Jury, Sampler
from e2e.soak.witness import ASK_EVERY, NodeWitness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.history import History
    from e2e.soak.plan import Plan

END: Final = "end.json"
TIME, STOPPED, PROXY, LOAD = "its time was over", "it was stopped", "the proxy ended", "the load generator ended"
JUDGE_EVERY: Final = 1.0  # seconds
PROMISES: Final = tuple(promise for promise in CHECKERS if promise != "counted_right")
"""Those that the checkers judge. The load's clients are not recorded: who counts rightly is seen by `Look`s."""


class Leg:
    """`play` it once. `tell` is given each look, piece and bout as it is written down."""

    def __init__(self, plan: Plan, folder: Path, first: int, tell: Callable[[Look | Piece | Bout], None]) -> None:
        """`first`: the number of its first window."""
        self.plan = plan
        self.folder = folder
        self._first = first
        self._tell = tell
        self._stopped = False

    def stop(self) -> None:
        """End it as if its time were over; from any thread or a signal handler."""
        self._stopped = True

    def play(self, lasts: float) -> str:
        """Play for `lasts` seconds; returns why it ended. Whatever it raises, everything that it started is ended."""
        with ExitStack() as ending:
            recorder = Recorder()
            portal = ending.enter_context(start_blocking_portal("asyncio", {"use_uvloop": True}, name="event loop"))
            standing = ending.enter_context(ground(self.plan.choice, self.folder, recorder))
            audience = Audience(portal, standing, recorder, self.plan.seed)
            ending.callback(audience.close)
            follower = Observer("chain", ChainFollower(standing.testbed, recorder).look, LOOK_AT_CHAIN_EVERY)
            ending.callback(follower.stop)
            follower.start()
            ending.callback(portal.start_task_soon(measure_drift, recorder).cancel)
            audience.start()
            load = ending.enter_context(self._load(standing))
            sampler = self._observe(ending, standing, audience, load, recorder)
            self._watch_nodes(ending, standing, recorder)
            gc.freeze()  # what lives as long as the leg: the jury's collections need not look at it
            why = self._force(ending, standing, load, time.monotonic() + lasts)
            if why != PROXY:
                audience.settle(standing.profile.patience)
            sampler.stop()  # what the proxy counts while clients leave is no matter of a look
            if load.alive:
                load.finish()
        (self.folder / END).write_text(json.dumps({"why": why}) + "\n", encoding="utf-8")
        return why

    def _load(self, standing: Ground) -> LoadProcess:
        endpoints = standing.sut.endpoints
        plan = LoadPlan(
            rate=self.plan.rate,
            connections=self.plan.clients,
            seed=self.plan.seed,
            patience=standing.profile.patience,
            compared=0.0,
        )
        return LoadProcess(plan, self.folder, ws=endpoints.ws, http=endpoints.http)

    def _observe(
        self, ending: ExitStack, standing: Ground, audience: Audience, load: LoadProcess, recorder: Recorder
    ) -> Observer:
        """Start those who look and judge; returns the one who looks at the load.

        At the end the jury judges what is left, after the settling.
        """
        looks = self._pen(ending, journal.LOOKS)
        pieces = self._pen(ending, journal.PIECES)
        rolling = Rolling(self._meta(standing), _judged, first=self._first)
        jury = Jury(rolling, recorder, self.folder, lambda piece: self._write(pieces, piece))
        sampler = Sampler(standing, audience, load, recorder, lambda look: self._write(looks, look))
        ending.callback(jury.close)
        looking = Observer("sampler", sampler.scrape, SCRAPE_EVERY)
        for observer in (looking, Observer("jury", jury.sit, JUDGE_EVERY)):
            ending.callback(observer.stop)
            observer.start()
        return looking

    def _watch_nodes(self, ending: ExitStack, standing: Ground, recorder: Recorder) -> None:
        testbed, nemesis = standing.testbed, standing.nemesis
        for node in testbed.node_names():
            witness = NodeWitness(node, lambda name: testbed.urls(name).http, lambda: nemesis.hurt, recorder)
            observer = Observer(f"witness of {node}", witness.look, ASK_EVERY)
            ending.callback(witness.close)
            ending.callback(observer.stop)
            observer.start()

    def _force(self, ending: ExitStack, standing: Ground, load: LoadProcess, until: float) -> str:
        """Force reconnections until the end; returns why that came."""
        bouts = self._pen(ending, journal.BOUTS)

        def why() -> str | None:
            if standing.sut.exit_code is not None:
                return PROXY
            if not load.alive:
                return LOAD
            return STOPPED if self._stopped else TIME if time.monotonic() >= until else None

        for forced in Forcing(standing, self.plan.faults).every(self.plan.every, lambda: why() is not None):
            at = standing.nemesis.last_injected
            self._write(bouts, Bout(at, forced.fault, forced.node, forced.away, forced.home))
        return why() or TIME

    def _pen(self, ending: ExitStack, name: str) -> Pen:
        pen = Pen(self.folder / name)
        ending.callback(pen.close)
        return pen

    def _write(self, pen: Pen, line: Look | Piece | Bout) -> None:
        pen.write(line)
        self._tell(line)

    def _meta(self, standing: Ground) -> Meta:
        profile = standing.profile
        return Meta(
            scenario="soak",
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=self.plan.seed,
            sut=profile.name,
            testbed=standing.testbed.name,
            nodes={node.name: PRIMARY if node.primary else BACKUP for node in standing.sut.nodes},
            metrics=dict(profile.metrics),
            not_claimed=dict(profile.not_claimed),
            patience=profile.patience,
            versions=standing.testbed.versions(),
        )


def _judged(history: History) -> list[Verdict]:
    return judge(history, PROMISES)
