"""Which head to believe when nodes claim different ones: no single node can move it far by its word alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# faster than the fastest chains that speak this protocol for long; only a claim that nobody confirms is held to it
PLAUSIBLE_PACE: Final = 5.0  # blocks a second


class HeadBelief:
    """The believed head of one chain, as blocks or slots.

    A claim is believed if another node's is at most `max_lag` below it, or if the chain can have grown so far since
    the head was last believed, or if nobody else answers. If every claim stands alone, the lowest is believed.
    """

    def __init__(self, max_lag: int) -> None:
        self._max_lag = max_lag
        self._anchor: tuple[int, float] | None = None
        self.head: int | None = None

    def update(self, claims: Iterable[int], now: float) -> int | None:
        """Weigh the claims of all nodes that answer at present (in any order). None: never was there one."""
        ranked = sorted(claims, reverse=True)
        if len(ranked) == 1 and not self._plausible(ranked[0], now):
            # alone, it harms nobody; but it is no ground to judge those on who come back
            self.head = ranked[0]
        elif ranked:
            self.head = self._most_credible(ranked, now)
            # a head that stands still keeps its time: a lone leader becomes credible as that goes by
            if self._anchor is None or self._anchor[0] != self.head:
                self._anchor = (self.head, now)
        return self.head

    def _most_credible(self, ranked: list[int], now: float) -> int:
        for claim, runner_up in pairwise(ranked):
            if runner_up >= claim - self._max_lag or self._plausible(claim, now):
                return claim
        return ranked[-1]

    def _plausible(self, claim: int, now: float) -> bool:
        if self._anchor is None:
            return False
        head, since = self._anchor
        return claim <= head + self._max_lag + PLAUSIBLE_PACE * (now - since)
