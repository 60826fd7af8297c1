"""Which node a session dials, and when.

The order is routing's, less the nodes that failed this very session just now: back-off with jitter, a record for each
node, so that attempts at a bad node grow with the logarithm of time. Dials of a herd are spread at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy import routing
from proxy.nodes import Tier

if TYPE_CHECKING:
    from random import Random

    from proxy.nodes import Node, Snapshot
    from proxy.session.link import Link
    from proxy.session.settings import Settings

NEVER: Final = float("inf")
MOST_DOUBLED: Final = 2  # times that the time for a dial is doubled


class Reach:
    """`dial_at` is when to call `choose` next: NEVER while the client is where it belongs, or nobody can be dialled."""

    def __init__(self, settings: Settings, snapshot: Snapshot, rng: Random, now: float) -> None:
        self._settings = settings
        self._snapshot = snapshot
        self._rng = rng
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}
        self._unfit: set[str] = set()
        # how often a node was dialled in vain since anybody carried the client
        self._vain: dict[str, int] = {}
        self.dial_at = now

    # ---- what happened ----------------------------------------------------------------------------------------

    def routing_changed(self, snapshot: Snapshot, current: str | None, now: float) -> None:
        """`current` carries the client; None: nobody does."""
        self._snapshot = snapshot
        if current is None:
            self.dial_at = min(self.dial_at, self._within(self._settings.dial_spread, now))
        else:
            self.arrived(current, now)

    def arrived(self, current: str, now: float) -> None:
        """`current` carries the client: look whether it should go on."""
        self._vain.clear()
        if not routing.better_than(self._snapshot, current):
            self.dial_at = NEVER
        else:
            # sooner than a node that rests would allow: another one may be worth a dial
            self.dial_at = min(self.dial_at, self._within(self._settings.move_spread, now))

    def lost(self, now: float) -> None:
        """Nobody carries the client any more."""
        self.dial_at = min(self.dial_at, self._within(self._settings.dial_spread, now))

    def failed(self, node: str, lived: float, now: float, *, unfit: bool = False) -> None:
        """A link to `node` ended, or could not be had, after `lived` seconds; `unfit`: it works, but not for us."""
        settings = self._settings
        if lived >= settings.backoff_forgiven:
            failures = 1
            self._unfit.clear()
        else:
            failures = self._failures.get(node, 0) + 1
        if unfit:
            self._unfit.add(node)
        if lived == 0.0:
            self._vain[node] = self._vain.get(node, 0) + 1
        self._failures[node] = failures
        # the exponent is bounded: 2.0**1024 is an error
        wait = min(settings.backoff_most, settings.backoff_first * 2.0 ** min(failures - 1, 32))
        self._until[node] = now + wait * self._rng.uniform(0.5, 1.0)

    def _within(self, spread: float, now: float) -> float:
        return now + self._rng.uniform(0.0, spread)

    def forsake(self, dialled: Link | None, now: float) -> None:
        """A node that goes down may take a dial and never answer it: wait no longer for one that is not usable."""
        if dialled is not None and not routing.is_usable(self._snapshot, dialled.node):
            dialled.dial_deadline = now

    @property
    def exhausted(self) -> bool:
        """Whether every usable node was found unfit since a link last held: dialling on would be silence."""
        usable = {node.name for node in routing.usable(self._snapshot)}
        return bool(usable) and usable <= self._unfit

    # ---- what to do -------------------------------------------------------------------------------------------

    def patience(self, node: str) -> float:
        """Seconds that a dial to `node` may take: more each time, while nobody can be had.

        On a machine that starves, or with a herd of clients under way, no handshake is done in its usual time. Who
        gives up each of them, and begins another, is what keeps it so.
        """
        return self._settings.dial_timeout * 2.0 ** min(self._vain.get(node, 0), MOST_DOUBLED)

    def choose(self, current: str | None, now: float) -> Node | None:
        """The node to dial now; None where there is none, and `dial_at` says when to ask again."""
        if now < self.dial_at:
            return None
        wanted = [node for node in routing.ws_order(self._snapshot) if self._improves(node, current)]
        node = next((node for node in wanted if self._until.get(node.name, 0.0) <= now), None)
        # nothing wanted: there is nothing to wait for but other routing
        until = [] if node is not None else [self._until[other.name] for other in wanted]
        self.dial_at = min(until, default=NEVER)
        return node

    def _improves(self, node: Node, current: str | None) -> bool:
        """Whether `node` serves the client better than `current`: one by one what routing.better_than says of all."""
        if current is None:
            return True
        here = routing.state_of(self._snapshot, current)
        if here is None or not here.healthy:
            return node.name != current
        return here.node.tier is Tier.BACKUP and node.tier is Tier.PRIMARY
