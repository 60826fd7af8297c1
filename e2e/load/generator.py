"""The open loop: the schedule says when, whatever the answers do. One process, one loop, one timer."""

from __future__ import annotations

import asyncio
import os
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from picows import WSError

from e2e.load.figures import Line, Opened, Progress, Report
from e2e.load.http import HttpPool
from e2e.load.plan import shots
from e2e.load.tally import Tally
from e2e.load.websocket import Target, WebSocketLane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.load.plan import Group, Plan, Shot

EARLY: Final = 0.0005  # seconds: timers have a grain of a millisecond, so half of one early is as exact as it gets
OPENED_AT_ONCE: Final = 10
READY_WITHIN: Final = 30.0  # seconds for all connections and their subscriptions
BEHIND: Final = 5  # heads that a connection may lack while others have them
LOOK_EVERY: Final = 0.05
_PAGE: Final = os.sysconf("SC_PAGESIZE")


class NotOpenedError(Exception):
    """The connections of the plan could not all be opened and subscribed."""


class Generator:
    """Plays a plan against a proxy. `say` is given each line of the protocol (see `figures`)."""

    def __init__(
        self, plan: Plan, ws: str, http: str | None, direct: Sequence[str], say: Callable[[Line], None]
    ) -> None:
        """`ws` and `http` are the proxy's URLs; `direct` are WebSocket URLs of nodes, to compare with."""
        self.plan = plan
        self.tally = Tally(say, plan.reorgs)
        self._say = say
        self._zero = time.monotonic()
        policies = plan.ids
        self._lanes = [
            self._lane(f"ws-{number}", "ws", ws, policies[number % len(policies)], plan.subscriptions)
            for number in range(plan.connections)
        ]
        self._through = [self._lane("through", "through", ws)] if direct else []
        self._direct = [self._lane(f"direct-{number}", "direct", url) for number, url in enumerate(direct)]
        self._http = HttpPool(http, self.tally, self._now) if http is not None else None
        self._turn = count()
        self._stopped = asyncio.Event()
        self._late = 0.0
        self._shots = shots(plan, compare=bool(direct))
        self._next: Shot | None = None

    async def run(self) -> Report:
        """Open, play the schedule to its end or until `stop`, wait for what is owed, close. Raises NotOpenedError."""
        began = time.monotonic()
        try:
            await self._open()
            self._zero = time.monotonic()
            names = sum(len(lane.book.streams) for lane in self._lanes)
            self._say(Opened(self._zero, len(self._lanes), names, self._zero - began))
            watch = asyncio.create_task(self._watch())
            self._next = next(self._shots, None)
            self._tick()
            await self._stopped.wait()
            seconds = self._now()
            await self._drain()
            watch.cancel()
        finally:
            for each in self._every:
                each.leave()
            if self._http is not None:
                self._http.leave()
        await asyncio.sleep(0)  # the lanes hear that they are closed
        return self._report(seconds)

    def stop(self) -> None:
        """Send no more; `run` returns when what is owed has come, or its patience ended."""
        self._next = None
        self._stopped.set()

    @property
    def _every(self) -> list[WebSocketLane]:
        return [*self._lanes, *self._through, *self._direct]

    def _lane(
        self, name: str, group: Group, url: str, ids: str = "sequential", subscriptions: Sequence[str] = ()
    ) -> WebSocketLane:
        return WebSocketLane(Target(name, group, url, ids, subscriptions), self.tally, self._now)

    def _now(self) -> float:
        return time.monotonic() - self._zero

    async def _open(self) -> None:
        wanted = len(self._lanes) * len(self.plan.subscriptions)
        try:
            for start in range(0, len(self._every), OPENED_AT_ONCE):
                await asyncio.gather(*(lane.dial() for lane in self._every[start : start + OPENED_AT_ONCE]))
            async with asyncio.timeout(READY_WITHIN):
                while sum(len(lane.book.streams) for lane in self._lanes) < wanted:  # noqa: ASYNC110 - lanes are many
                    await asyncio.sleep(LOOK_EVERY)
        except (OSError, TimeoutError, WSError) as error:
            opened = sum(lane.open for lane in self._lanes)
            raise NotOpenedError(
                f"{opened} of {len(self._lanes)} connections were opened, "
                f"{sum(len(lane.book.streams) for lane in self._lanes)} of {wanted} subscriptions confirmed: {error!r}"
            ) from error

    # ---- the schedule

    def _tick(self) -> None:
        """Send whatever is due, then sleep until the next shot."""
        now = self._now()
        while (shot := self._next) is not None and shot.at <= now + EARLY:
            self._fire(shot, now)
            self._next = next(self._shots, None)
        if self._next is not None:
            asyncio.get_running_loop().call_later(max(0.0, self._next.at - self._now()), self._tick)
        else:
            self._stopped.set()

    def _fire(self, shot: Shot, now: float) -> None:
        if shot.group in ("through", "direct"):
            self._compare(shot)
            return
        self._late = max(self._late, now - shot.at)
        self.tally.behind_schedule.add(max(0.0, now - shot.at))
        size = len(shot.calls)
        self.tally.due += size
        if shot.group == "http" and self._http is not None:
            if not self._http.fire(shot):
                self.tally.unsent["no connection"] += size
            return
        lane = self._lanes[shot.lane if shot.lane >= 0 else next(self._turn) % len(self._lanes)]
        if not lane.fire(shot):
            self.tally.unsent["blocked" if lane.open else "closed"] += size

    def _compare(self, shot: Shot) -> None:
        """Through the proxy, or to one of the nodes that can be reached."""
        lanes = self._through if shot.group == "through" else [lane for lane in self._direct if lane.open]
        if lanes:
            lanes[next(self._turn) % len(lanes)].fire(shot)

    # ---- watching

    async def _watch(self) -> None:
        told = self._now()
        for second in count(1):
            await asyncio.sleep(max(0.0, second - self._now()))
            now = self._now()
            self._expire(now - self.plan.patience)
            for lane in self._lanes:
                refused, lane.book.refused = lane.book.refused, []
                lane.subscribe(refused)
            self._say(self._progress(now, now - told))
            told = now

    def _expire(self, before: float) -> None:
        for lane in self._every:
            lane.book.expire(before)
        if self._http is not None:
            self._http.expire(before)

    def _behind(self, lane: WebSocketLane) -> bool:
        return bool(lane.book.streams) and lane.book.head >= 0 and lane.book.head < self.tally.head - BEHIND

    def _progress(self, now: float, seconds: float) -> Progress:
        tally = self.tally
        recent, tally.recent = sorted(tally.recent), []
        late, self._late = self._late, 0.0

        def rank(share: float) -> float | None:
            return round(recent[min(len(recent) - 1, int(len(recent) * share))], 6) if recent else None

        return Progress(
            at=round(now, 3),
            rate=round(len(recent) / seconds, 1) if seconds > 0 else 0.0,
            p50=rank(0.5),
            p99=rank(0.99),
            worst=rank(1),
            late=round(late, 4),
            due=tally.due,
            answered=tally.answered,
            errors=tally.error_count,
            unsent=tally.unsent_count,
            unanswered=tally.unanswered,
            outstanding=self._outstanding(),
            violations=tally.violated_count,
            open=sum(lane.open for lane in self._lanes),
            behind=sum(map(self._behind, self._lanes)),
            head=tally.head,
            cpu=round(time.process_time(), 2),
            rss=_rss(),
        )

    def _outstanding(self) -> int:
        waiting = 0 if self._http is None else self._http.outstanding
        return sum(len(lane.book.flights) for lane in self._lanes) + waiting

    # ---- the end

    async def _drain(self) -> None:
        """Wait for open requests, and for the newest head on each connection; what does not come is a violation."""
        head = self.tally.head
        listening = "newHeads" in self.plan.subscriptions

        def deaf() -> list[WebSocketLane]:
            return [lane for lane in self._lanes if lane.open and lane.book.head < head] if listening else []

        until = self._now() + self.plan.patience
        while (self._outstanding() or deaf()) and self._now() < until:  # noqa: ASYNC110 - lanes are many
            await asyncio.sleep(LOOK_EVERY)
        for lane in deaf():
            text = f"head {head} never came, the last was {lane.book.head}"
            self.tally.violated(self._now(), lane.target.name, "deaf", text, lane.book.ring)

    def _report(self, seconds: float) -> Report:
        tally = self.tally
        return Report(
            seconds=round(seconds, 3),
            due=tally.due,
            sent=tally.sent,
            answered=tally.answered,
            cut=tally.cut,
            unanswered=tally.unanswered,
            late=tally.late,
            errors=dict(tally.errors),
            examples=tally.examples,
            unsent=dict(tally.unsent),
            violations=dict(tally.violations),
            closes=dict(tally.closes),
            reopened=tally.reopened,
            events=tally.events,
            branches=tally.branches,
            head=tally.head,
            latency={group: kept.latency() for group, kept in tally.latency.items()},
            behind_schedule=tally.behind_schedule.latency(),
            cpu=round(time.process_time(), 2),
            rss=_rss(),
        )


def _rss() -> int:
    """Bytes; 0 where /proc has none."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - every second for a day
            return int(file.read().split()[1]) * _PAGE
    except OSError:
        return 0
