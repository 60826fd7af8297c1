"""Which node a session may dial now: the order of routing, less the nodes that failed this very session just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from proxy.nodes import Node
    from proxy.session.settings import Settings


class Reach:
    """Back-off with jitter, a record for each node. Attempts at a bad node grow with the logarithm of time."""

    def __init__(self, settings: Settings, rng: Random) -> None:
        self._settings = settings
        self._rng = rng
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def failed(self, node: str, lived: float, now: float) -> None:
        """A link to `node` ended, or could not be had, after `lived` seconds."""
        settings = self._settings
        failures = 1 if lived >= settings.backoff_forgiven else self._failures.get(node, 0) + 1
        self._failures[node] = failures
        # the exponent is bounded: 2.0**1024 is an error
        wait = min(settings.backoff_most, settings.backoff_first * 2.0 ** min(failures - 1, 32))
        self._until[node] = now + wait * self._rng.uniform(0.5, 1.0)

    def first(self, order: Iterable[Node], now: float) -> Node | None:
        """The best node that may be dialled now."""
        return next((node for node in order if self._until.get(node.name, 0.0) <= now), None)

    def when(self, order: Iterable[Node]) -> float:
        """The first instant at which one of them may be dialled; inf for none of them."""
        return min((self._until.get(node.name, 0.0) for node in order), default=float("inf"))
