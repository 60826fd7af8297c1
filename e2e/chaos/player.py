"""Plays a schedule on real nodes: each fault at its time, each with its cure, and all of them cured at the end."""

from __future__ import annotations

import heapq
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from e2e.chaos.schedule import REORG, Deed
from e2e.gateway.client import GatewayError
from e2e.ledger.entries import Injected

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.chaos.schedule import Schedule
    from e2e.gateway.client import InForce
    from e2e.gateway.facts import LaneName
    from e2e.run import Run

LANES: Final[dict[str, tuple[LaneName, ...]]] = {"http": ("http",), "ws": ("ws",), "both": ("http", "ws")}
BEGIN, END = 0, 1


@dataclass(slots=True)
class Played:
    """What became of a deed. `curing`: its cure was set about. `failed`: why it, or its cure, could not be done."""

    deed: Deed
    began: float | None = None
    curing: bool = False
    ended: float | None = None
    failed: str = ""
    faults: list[InForce] = field(default_factory=list)


class Player:
    """One thread for the lanes and the clock, one for each node's process, so that a slow boot delays nobody else."""

    def __init__(self, run: Run, schedule: Schedule, now: Callable[[], float]) -> None:
        """`now` is the clock that the schedule's times are on."""
        self.schedule = schedule
        self.played = [Played(deed) for deed in schedule.deeds]
        self._run = run
        self._now = now
        self._stopping = threading.Event()
        self._nodes = {node: ThreadPoolExecutor(1, f"chaos-{node}") for node in (*schedule.nodes, REORG)}
        self._thread = threading.Thread(target=self._play, name="chaos")
        self._broken: list[str] = []

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether everything was done and undone."""
        return not self._thread.is_alive()

    @property
    def hurt(self) -> tuple[str, ...]:
        """What is wrong now."""
        return tuple(str(each.deed) for each in self.played if each.began is not None and each.ended is None)

    @property
    def complaints(self) -> list[str]:
        """What could not be done, or not undone."""
        return [f"{each.deed}: {each.failed}" for each in self.played if each.failed] + self._broken

    def stop(self) -> None:
        """Begin nothing any more, undo what is done; returns when that is so. May be called twice."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _play(self) -> None:
        try:
            self._through_time()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to know and the nodes have to be cured
            self._broken.append(f"the player: {type(error).__name__}: {error}")
        finally:
            for each in self.played:
                if _lasts(each.deed):
                    self._undo(each)
            for pool in self._nodes.values():
                pool.shutdown(wait=True)  # what is being done to a node, or to the chain, ends first

    def _through_time(self) -> None:
        moments = [(each.deed.at, BEGIN, index) for index, each in enumerate(self.played)]
        moments += [(each.deed.until, END, index) for index, each in enumerate(self.played) if _lasts(each.deed)]
        heapq.heapify(moments)
        while moments:
            at, what, index = heapq.heappop(moments)
            if self._stopping.wait(max(0.0, at - self._now())):
                return
            each = self.played[index]
            if what == BEGIN:
                self._do(each)
            else:
                self._undo(each)

    def _do(self, each: Played) -> None:
        each.began = self._now()
        if each.deed.where in ("node", "chain"):
            pool = self._nodes[REORG if each.deed.where == "chain" else each.deed.target]
            pool.submit(self._on_node, each, self._inject)
            return
        attributes = dict(each.deed.attributes)
        try:
            for lane in LANES[each.deed.where]:
                fault = self._run.lanes.arm(each.deed.fault, each.deed.target, lane, **attributes)
                if fault.lasting:
                    each.faults.append(fault)
        except GatewayError as error:
            each.failed = str(error)
        if not _lasts(each.deed):
            each.ended = self._now()

    def _undo(self, each: Played) -> None:
        """Set about the cure of what began, once."""
        if each.began is None or each.curing:
            return
        each.curing = True
        if each.deed.where == "node":
            self._nodes[each.deed.target].submit(self._on_node, each, self._cure)
            return
        for fault in each.faults:
            try:
                self._run.lanes.cure(fault)
            except (GatewayError, KeyError) as error:
                each.failed = f"not cured: {error}"
        each.ended = self._now()

    def _on_node(self, each: Played, deed: Callable[[Played], None]) -> None:
        try:
            deed(each)
        except Exception as error:  # noqa: BLE001 - the pool would keep it to itself, and the node stay hurt unsaid
            each.failed = f"{type(error).__name__}: {error}"
            each.ended = self._now()

    def _inject(self, each: Played) -> None:
        if each.deed.where == "chain":
            began = self._run.recorder.now()
            self._run.stage.testbed.reorg(each.deed.attributes["depth"])
            at = self._run.recorder.now()
            self._run.recorder.record(Injected(at, REORG, each.deed.target, dict(each.deed.attributes), began=began))
            each.ended = self._now()
        else:
            self._run.nemesis.inject(each.deed.fault, each.deed.target)

    def _cure(self, each: Played) -> None:
        if not each.failed:
            self._run.nemesis.cure(each.deed.target)
            each.ended = self._now()


def _lasts(deed: Deed) -> bool:
    return deed.until > deed.at
