"""Which WebSocket lanes may be dialled, and when the monitor tries a lost one again. Pure; `now` comes in.

A lane that a session lost is closed to all dials until the monitor itself has opened it: one dial for each node and
step, however many clients there are. It waits for about a quarter of the time that the lane has been bad already, so
attempts grow with the logarithm of the outage and the return costs at most a quarter more.

A node that refuses what one client brought may serve all others: such a lane stays open, and is *doubted*. The monitor
dials it as well, and closes it where it is refused itself: what its own dial brings is not the fault of any client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Iterable

_SETTLE: Final = 0.03  # seconds: the clients of one broken lane report it within this time
_SHORTEST: Final = 0.1
_LONGEST: Final = 30.0
_FORGIVEN: Final = 10.0  # a lane that held this long has a clean record
_CONTENT: Final = 2.0  # seconds for which the answer to a doubt is good, however many doubt again


@dataclass(slots=True)
class _Lane:
    ready: bool = True
    dialling: bool = False
    bad_since: float = 0.0
    opened_at: float = float("-inf")
    asked_at: float = float("-inf")
    next_dial: float = float("inf")


class LaneBook:
    """The WebSocket lanes of all nodes. Dial what `due` names and tell `opened` or `refused` what came of it."""

    def __init__(self, names: Iterable[str], rng: random.Random) -> None:
        self._lanes = {name: _Lane() for name in names}
        self._rng = rng

    def ready(self, name: str) -> bool:
        return self._lanes[name].ready

    def lost(self, name: str, now: float, lived: float = 0.0) -> bool:
        """A session lost the lane, after `lived` seconds over it, or was refused; whether that was news.

        Who ends each connection after its time (a load balancer, a provider) ends one of many every few seconds, and
        the lane is as good as ever.
        """
        lane = self._lanes[name]
        if not lane.ready:
            return False
        lane.ready = False
        good_for = now - lane.opened_at
        # a short while in which it was good is no part of its outage
        lane.bad_since = now if max(good_for, lived) >= _FORGIVEN else lane.bad_since + good_for
        if not lane.dialling:  # as one that is doubted may be
            lane.next_dial = now + self._delay(lane, now)
        return True

    def doubted(self, name: str, now: float) -> None:
        """A node refused what one session brought: see for others whether it takes them. The lane stays open."""
        lane = self._lanes[name]
        if lane.ready and not lane.dialling:
            lane.next_dial = max(now, lane.asked_at + _CONTENT)

    def opened(self, name: str, now: float) -> bool:
        """A dial succeeded; whether that was news."""
        lane = self._lanes[name]
        lane.dialling = False
        if lane.ready:
            return False
        lane.ready, lane.opened_at, lane.next_dial = True, now, float("inf")
        return True

    def refused(self, name: str, now: float) -> bool:
        """A dial failed, or takes too long: time for another one. Of the latter only `opened` may be told yet.

        Whether it was news, because a lane that was open till now was doubted, and rightly so.
        """
        lane = self._lanes[name]
        if lane.ready and not lane.dialling:
            return False
        lane.dialling = False
        if lane.ready:
            return self.lost(name, now)
        lane.next_dial = now + self._delay(lane, now)
        return False

    def revived(self, name: str, now: float) -> None:
        """The node became healthy again: what its lane did before tells nothing now."""
        lane = self._lanes[name]
        lane.bad_since = now
        if not lane.ready and not lane.dialling:
            lane.next_dial = now

    def due(self, now: float, healthy: Collection[str]) -> list[str]:
        """The lanes to dial now, each counted as being dialled. Those of ill nodes wait until they are `revived`."""
        names = [name for name in healthy if self._lanes[name].next_dial <= now]
        for name in names:
            lane = self._lanes[name]
            lane.dialling, lane.asked_at, lane.next_dial = True, now, float("inf")
        return names

    def wake(self, healthy: Collection[str]) -> float:
        """When `due` has something to say."""
        return min((self._lanes[name].next_dial for name in healthy), default=float("inf"))

    def _delay(self, lane: _Lane, now: float) -> float:
        down_for = now - lane.bad_since
        if down_for <= 0:
            return _SETTLE
        return min(max(down_for / 4, _SHORTEST), _LONGEST) * self._rng.uniform(0.8, 1.2)
