"""Keeps the `Snapshot` true: probes every node side by side, listens to those who use them, publishes changes.

Each probe is a task with its own connection and time-out; a slow node delays nothing but the news of itself.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Final

from proxy import routing
from proxy.breaker import Breaker
from proxy.health import HealthBook
from proxy.lanes import LaneBook
from proxy.nodes import ConsensusState, NodeState, Snapshot
from proxy.shell.endpoint import Endpoint
from proxy.shell.pool import Pool
from proxy.shell.probes import probe_consensus, probe_execution

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from proxy.config import Config
    from proxy.nodes import Node
    from proxy.shell.metrics import Metrics
    from proxy.shell.seams import LaneProbe

_log = logging.getLogger("vixy.monitor")
_FIRST_LOOK: Final = 1.0  # seconds


class Monitor:
    """See `seams.NodeWatch` for what it offers to WebSocket sessions. Lives on the loop that runs when it is made."""

    def __init__(
        self, config: Config, metrics: Metrics, probe_lane: LaneProbe, rng: random.Random | None = None
    ) -> None:
        rng = rng or random.Random()
        general = config.general
        self._loop = asyncio.get_running_loop()
        self._config = config
        self._metrics = metrics
        self._probe_lane = probe_lane
        self._timeout = general.health_check_timeout_ms / 1000
        self._lane_late = config.websocket.ws_dial_timeout_ms / 1000
        self._nodes: dict[str, Node] = {node.name: node for node in config.nodes}
        self._el = self._book(self._nodes, general.max_el_lag_blocks, rng)
        self._cl = self._book([node.name for node in config.consensus], general.max_cl_lag_slots, rng)
        self._breaker = Breaker(self._nodes, rng)
        self._lanes = LaneBook(self._nodes, rng)
        self._el_pools = {node.name: Pool(Endpoint(node.http_url), few=1) for node in config.nodes}
        self._cl_pools = {node.name: Pool(Endpoint(node.url), few=1) for node in config.consensus}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0
        self._listeners: dict[object, Callable[[Snapshot], None]] = {}
        self._closed = False
        self._looked = False
        self._failed_over = False
        self.snapshot = self._look()

    def _book(self, names: Iterable[str], max_lag: int, rng: random.Random) -> HealthBook:
        general = self._config.general
        return HealthBook(
            names,
            max_lag=max_lag,
            max_failures=general.health_check_max_failures,
            interval=general.health_check_interval_ms / 1000,
            timeout=self._timeout,
            rng=rng,
        )

    async def start(self) -> None:
        """Begin to probe; returns when every execution node was heard once, or after a second."""
        self._armed_for = time.monotonic()
        self._wake()
        first = [task for task in self._tasks if task.get_name() in self._nodes]
        if first:
            await asyncio.wait(first, timeout=_FIRST_LOOK)
        self._looked = True
        self._tell_of_failover()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        for pool in (*self._el_pools.values(), *self._cl_pools.values()):
            pool.close()

    # ---- for those who use nodes

    def listen(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        key = object()
        self._listeners[key] = changed
        return lambda: self._listeners.pop(key, None) and None

    def hurry(self, node: str) -> None:
        self._el.hurry(node, time.monotonic())
        self._arm()

    def lane_lost(self, node: str, lived: float = 0.0) -> None:
        if self._lanes.lost(node, time.monotonic(), lived):
            _log.info("%s: WebSocket lane lost", node)
            # what broke the lane may have taken the node
            self._el.hurry(node, time.monotonic())
            self._publish()

    def lane_doubted(self, node: str) -> None:
        self._lanes.doubted(node, time.monotonic())
        self._arm()

    def method_reported(self, node: str, method: str, *, works: bool) -> None:
        if works:
            self.request_succeeded(node, method)
        else:
            self._breaker.method_failing(node, method, time.monotonic())
            self._publish()

    @property
    def troubled(self) -> set[str]:
        """The nodes whose successes matter: see `request_succeeded`."""
        return self._breaker.troubled

    def request_succeeded(self, node: str, method: str | None) -> None:
        """An HTTP request was answered well. Only of `troubled` nodes need this be told."""
        if self._breaker.succeeded(node, method, time.monotonic()):
            self._publish()

    def request_failed(self, node: str, method: str | None) -> None:
        """An HTTP request was answered with 5xx or not in time; `method` None: not to be told which."""
        self._breaker.failed(node, method, time.monotonic())
        self._el.hurry(node, time.monotonic())
        self._publish()

    def request_limited(self, node: str, retry_after: float | None) -> None:
        """An HTTP request was answered with 429; `retry_after` in seconds."""
        self._breaker.limited(node, retry_after, time.monotonic())
        self._publish()

    def request_refused(self, node: str) -> None:
        """Nobody listened there."""
        self._el.refused(node, time.monotonic())
        self._arm()

    # ---- time

    def _arm(self) -> None:
        if self._closed:
            return
        healthy = self._healthy()
        wake = min(self._el.wake, self._cl.wake, self._lanes.wake(healthy), self._breaker.wake)
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = wake
        self._timer = self._loop.call_later(min(max(wake - time.monotonic(), 0.0), 3600.0), self._wake)

    def _wake(self) -> None:
        now = time.monotonic()
        late = now - self._armed_for
        for name in self._el.due(now, late):
            self._begin(name, self._probe_execution(name, now))
        for name in self._cl.due(now, late):
            self._begin(f"cl {name}", self._probe_consensus(name, now))
        for name in self._lanes.due(now, self._healthy()):
            self._begin(f"lane {name}", self._dial_lane(name))
        self._breaker.expire(now)
        self._publish()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _probe_execution(self, name: str, sent_at: float) -> None:
        seen = await probe_execution(self._el_pools[name], self._timeout, new=self._el.crowded(name))
        self._el.observed(name, seen, sent_at, time.monotonic())
        self._publish()

    async def _probe_consensus(self, name: str, sent_at: float) -> None:
        seen = await probe_consensus(self._cl_pools[name], self._timeout, new=self._cl.crowded(name))
        self._cl.observed(name, seen, sent_at, time.monotonic())
        self._publish()

    async def _dial_lane(self, name: str) -> None:
        dial = asyncio.ensure_future(self._probe_lane(self._nodes[name]))
        try:
            await asyncio.wait((dial,), timeout=self._lane_late)
            late = not dial.done()
            if late:
                self._lane_refused(name)  # another dial may begin; this one goes on
            if await dial:
                self._lane_opened(name)
            elif not late:
                self._lane_refused(name)
        finally:
            dial.cancel()

    def _lane_opened(self, name: str) -> None:
        if self._lanes.opened(name, time.monotonic()):
            _log.info("%s: WebSocket lane open", name)
        self._publish()

    def _lane_refused(self, name: str) -> None:
        if self._lanes.refused(name, time.monotonic()):
            _log.info("%s: WebSocket lane refuses all", name)
        self._publish()

    # ---- news

    def _healthy(self) -> list[str]:
        return [name for name in self._nodes if self._el.verdict(name).healthy]

    def _look(self) -> Snapshot:
        now = time.monotonic()
        return Snapshot(
            tuple(self._state(node, now) for node in self._config.nodes),
            tuple(ConsensusState(node, *self._cl.verdict(node.name)) for node in self._config.consensus),
            self._el.head,
            self._cl.head,
        )

    def _state(self, node: Node, now: float) -> NodeState:
        verdict = self._el.verdict(node.name)
        return NodeState(
            node,
            block_number=verdict.number,
            lag=verdict.lag,
            check_ok=verdict.check_ok,
            healthy=verdict.healthy,
            ws_ready=self._lanes.ready(node.name),
            resting=self._breaker.resting(node.name, now),
            failing_methods=self._breaker.failing_methods(node.name, now),
            reason=verdict.reason,
        )

    def _publish(self) -> None:
        if self._closed:
            return
        before, self.snapshot = self.snapshot, self._look()
        self._tell_of_health(before)
        self._metrics.show(self.snapshot)
        if routing.fingerprint(before) != routing.fingerprint(self.snapshot):
            self._tell_of_failover()
            for changed in list(self._listeners.values()):
                changed(self.snapshot)
        self._arm()

    def _tell_of_health(self, before: Snapshot) -> None:
        for old, new in zip(before.nodes, self.snapshot.nodes, strict=True):
            if new.healthy and not old.healthy:
                self._lanes.revived(new.node.name, time.monotonic())
            if new.healthy != old.healthy:
                _log.info("%s: %s", new.node.name, "healthy" if new.healthy else f"unhealthy: {new.reason}")
        for was, now in zip(before.consensus, self.snapshot.consensus, strict=True):
            if now.healthy != was.healthy:
                _log.info("%s: %s", now.node.name, "healthy" if now.healthy else f"unhealthy: {now.reason}")

    def _tell_of_failover(self) -> None:
        """Not before the first look is over: a backup that answers first is no failover."""
        active = self._looked and routing.failover_active(self.snapshot)
        if active == self._failed_over:
            return
        self._failed_over = active
        self._metrics.el_failover_active.set(int(active))
        if active:
            self._metrics.el_failovers.inc()
            _log.warning("no primary is healthy: backups carry the traffic")
