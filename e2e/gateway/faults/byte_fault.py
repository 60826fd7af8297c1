"""The base of faults that know bytes only, with the two attributes that all of toxiproxy's toxics have."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Direction, Fault
from e2e.gateway.pipe import Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class ByteFault(Fault):
    """`stream`: 'upstream' (to the node), 'downstream' (to the proxy) or 'both'. `toxicity`: the share of links hit."""

    stream: str = "downstream"
    toxicity: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.stream in ("upstream", "downstream", "both"), "stream is 'upstream', 'downstream' or 'both'")
        self.require(0 <= self.toxicity <= 1, "toxicity is 0 to 1")
        self._chances: dict[int, Random] = {}
        self._hit: set[int] = set()
        self._met = 0

    def shaper(self, link: Link, direction: Direction) -> Shaper | None:
        """Return the shaper of a link that is hit, in the directions that are."""
        if link.number not in self._chances:
            self._meet(link)
        return self.shaper_of(link) if self.hits(link) and self.stream in (direction, "both") else None

    def ended(self, link: Link) -> None:
        self._chances.pop(link.number, None)
        self._hit.discard(link.number)

    def hits(self, link: Link) -> bool:
        return link.number in self._hit

    def chance(self, link: Link) -> Random:
        """Return the source of randomness of one link: the seed and the order of links decide, not what others send."""
        return self._chances[link.number]

    def _meet(self, link: Link) -> None:
        self._met += 1
        self._chances[link.number] = Random(f"{self.seed} {self._met}")
        if self._chances[link.number].random() < self.toxicity:
            self._hit.add(link.number)
            self.hit(link)

    def hit(self, link: Link) -> None:
        """Do what is to be done once for each link that is hit."""

    def shaper_of(self, link: Link) -> Shaper:  # noqa: ARG002 (for those who override it)
        """Return what this fault makes of the bytes of one direction of `link`."""
        return Shaper()
