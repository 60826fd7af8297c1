"""The monitor of the proxy in virtual time: the real books of health, lanes and rests, with simulated probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy import routing
from proxy.breaker import Breaker
from proxy.health import Answered, Failed, HealthBook
from proxy.lanes import LaneBook
from proxy.nodes import Node, NodeState, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from proxy.health import Observation
    from simulation.agenda import Process
    from simulation.node import Node as SimulatedNode

MAX_LAG: Final = 5
INTERVAL: Final = 1.0
TIMEOUT: Final = 5.0
LANE_TIMEOUT: Final = 1.0
ABSURD: Final = 1 << 60


class Monitor:
    def __init__(self, process: Process, nodes: Sequence[SimulatedNode], rng: Random) -> None:
        self._process = process
        self._agenda = process.agenda
        self._rng = rng
        self._simulated = {node.name: node for node in nodes}
        self._nodes = {node.name: Node(node.name, node.tier, "", "") for node in nodes}
        self._book = HealthBook(
            self._nodes, max_lag=MAX_LAG, max_failures=3, interval=INTERVAL, timeout=TIMEOUT, rng=rng
        )
        self._breaker = Breaker(self._nodes, rng)
        self._lanes = LaneBook(self._nodes, rng)
        self._listeners: list[Callable[[Snapshot], None]] = []
        self._armed_for = 0.0
        self._armed = 0
        self.snapshot = self._look()

    def start(self) -> None:
        self._armed_for = self._agenda.now
        self._wake(self._armed)

    # ---- for those who use nodes

    def listen(self, changed: Callable[[Snapshot], None]) -> None:
        self._listeners.append(changed)

    def lane_lost(self, node: str, lived: float = 0.0) -> None:
        if self._lanes.lost(node, self._agenda.now, lived):
            self._publish()

    def lane_doubted(self, node: str) -> None:
        self._lanes.doubted(node, self._agenda.now)
        self._arm()

    def method_reported(self, node: str, method: str, *, works: bool) -> None:
        if works:
            self._breaker.succeeded(node, method, self._agenda.now)
        else:
            self._breaker.method_failing(node, method, self._agenda.now)
        self._publish()

    # ---- time

    def _arm(self) -> None:
        wake = min(self._book.wake, self._lanes.wake(self._healthy()), self._breaker.wake)
        self._armed += 1
        self._armed_for = wake
        if wake < float("inf"):
            self._process.timer(wake, self._wake, self._armed)

    def _wake(self, armed: int) -> None:
        if armed != self._armed:
            return
        now = self._agenda.now
        late = now - self._armed_for
        for name in self._book.due(now, late):
            self._probe(self._simulated[name], now)
        for name in self._lanes.due(now, self._healthy()):
            self._dial_lane(self._simulated[name])
        self._breaker.expire(now)
        self._publish()

    # ---- probes

    def _probe(self, node: SimulatedNode, sent_at: float) -> None:
        """One probe over HTTP; whatever happens, `observed` is told once."""
        done = [False]
        self._process.timer(sent_at + TIMEOUT, self._observed, node.name, Failed("no answer"), sent_at, done)
        self._agenda.after(self._rng.uniform(0.0005, 0.003), self._reach, node, sent_at, done)

    def _reach(self, node: SimulatedNode, sent_at: float, done: list[bool]) -> None:
        seen: Observation
        if node.paused:
            node.later(self._reach, node, sent_at, done)
            return
        if not node.running:
            seen = Failed("refused", refused=True)
        elif node.absurd:
            seen = Answered(ABSURD)
        else:
            seen = Answered(node.view.tip.number, syncing=False)
        back = self._rng.uniform(0.0005, 0.003)
        self._agenda.after(back, self._process.io, self._observed, node.name, seen, sent_at, done)

    def _observed(self, name: str, seen: Observation, sent_at: float, done: list[bool]) -> None:
        if not done[0]:
            done[0] = True
            self._book.observed(name, seen, sent_at, self._agenda.now)
            self._publish()

    def _dial_lane(self, node: SimulatedNode) -> None:
        """Open a link, ask something, close it."""
        done = [False]
        self._process.timer(self._agenda.now + LANE_TIMEOUT, self._lane_dialled, node.name, False, done)
        self._agenda.after(self._rng.uniform(0.0005, 0.003), self._knock, node, done)

    def _knock(self, node: SimulatedNode, done: list[bool]) -> None:
        if node.paused or node.hole or node.no_handshake:
            return
        opened = node.running and not node.refuses and not node.drops
        self._agenda.after(
            self._rng.uniform(0.001, 0.006), self._process.io, self._lane_dialled, node.name, opened, done
        )

    def _lane_dialled(self, name: str, opened: bool, done: list[bool]) -> None:
        if done[0]:
            return
        done[0] = True
        if opened:
            self._lanes.opened(name, self._agenda.now)
        else:
            self._lanes.refused(name, self._agenda.now)
        self._publish()

    # ---- news

    def _healthy(self) -> list[str]:
        return [name for name in self._nodes if self._book.verdict(name).healthy]

    def _look(self) -> Snapshot:
        return Snapshot(tuple(self._state(node) for node in self._nodes.values()), (), self._book.head, None)

    def _state(self, node: Node) -> NodeState:
        verdict = self._book.verdict(node.name)
        return NodeState(
            node,
            block_number=verdict.number,
            lag=verdict.lag,
            check_ok=verdict.check_ok,
            healthy=verdict.healthy,
            ws_ready=self._lanes.ready(node.name),
            reason=verdict.reason,
        )

    def _publish(self) -> None:
        before, self.snapshot = self.snapshot, self._look()
        for old, new in zip(before.nodes, self.snapshot.nodes, strict=True):
            if new.healthy and not old.healthy:
                self._lanes.revived(new.node.name, self._agenda.now)
        if routing.fingerprint(before) != routing.fingerprint(self.snapshot):
            for changed in self._listeners:
                changed(self.snapshot)
        self._arm()
