"""The base of faults that know bytes only, with the two attributes that all of toxiproxy's toxics have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Direction, Fault

if TYPE_CHECKING:
    from e2e.gateway.link import Link
    from e2e.gateway.pipe import Shaper


@dataclass(kw_only=True)
class ByteFault(Fault):
    """`stream`: 'upstream' (to the node), 'downstream' (to the proxy) or 'both'. `toxicity`: the share of links hit."""

    stream: str = "downstream"
    toxicity: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stream not in ("upstream", "downstream", "both") or not 0 <= self.toxicity <= 1:
            raise ValueError(f"{self.kind}: stream is 'upstream', 'downstream' or 'both', toxicity 0 to 1")
        self._spared: dict[int, bool] = {}

    def shaper(self, link: Link, direction: Direction) -> Shaper | None:
        """Return the shaper of a link that is hit, in the directions that are."""
        spared = self._spared.setdefault(link.number, self.random.random() >= self.toxicity)
        return None if spared or self.stream not in (direction, "both") else self.shaper_of(link)

    def ended(self, link: Link) -> None:
        self._spared.pop(link.number, None)

    def shaper_of(self, link: Link) -> Shaper:
        """Return what this fault makes of the bytes of one direction of `link`."""
        raise NotImplementedError
