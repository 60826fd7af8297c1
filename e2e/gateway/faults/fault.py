"""What a fault is: one thing that is wrong with one lane of one node, from `begin` until `end`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    from e2e.gateway.calls import Answer, Call, Delivery, Reply
    from e2e.gateway.facts import LaneName
    from e2e.gateway.head import Head
    from e2e.gateway.http1 import Exchange
    from e2e.gateway.lane import Lane
    from e2e.gateway.link import Link
    from e2e.gateway.pipe import Shaper

Direction: TypeAlias = Literal["upstream", "downstream"]


@dataclass(kw_only=True)
class Fault:
    """The base changes nothing. A subclass is a dataclass whose fields are the fault's attributes.

    Times are in milliseconds, as in toxiproxy, from which come the names of those faults that it has.
    `instant`: done once, at `begin`, and not kept. `rewrites`: wants to see whole messages.
    """

    kind: ClassVar[str]
    lanes: ClassVar[tuple[LaneName, ...]] = ("http", "ws")
    instant: ClassVar[bool] = False
    rewrites: ClassVar[bool] = False

    id: int = field(default=0, init=False)
    lane: Lane = field(init=False, repr=False)
    bites: int = field(default=0, init=False)
    random: Random = field(init=False, repr=False)
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._bitten: set[int] = set()

    def require(self, condition: bool, rule: str) -> None:
        """Raise ValueError, which says the rule, unless `condition` holds."""
        if not condition:
            raise ValueError(f"{self.kind}: {rule}")

    async def begin(self) -> None:
        """Take effect on the lane as it is."""

    async def end(self) -> None:
        """Let the lane go."""

    def accepted(self, link: Link) -> None:
        """See a new link before its node is dialled."""

    def upgraded(self, link: Link) -> None:
        """See a link whose WebSocket handshake has just passed."""

    def ended(self, link: Link) -> None:
        """See a link that is gone."""

    def shaper(self, link: Link, direction: Direction) -> Shaper | None:  # noqa: ARG002 (for those who override it)
        """Return what this fault makes of the bytes of one direction of `link`."""
        return None

    def requesting(self, link: Link, request: Exchange) -> bytes | None:  # noqa: ARG002 (for those who override it)
        """Return the response to an HTTP request that the node shall not see, None to let it pass."""
        return None

    def upgrading(self, link: Link, request: Head) -> bytes | None:  # noqa: ARG002 (for those who override it)
        """Return the response to an upgrade request that the node shall not see, None to let it pass."""
        return None

    def calling(self, link: Link, call: Call) -> Call | Reply | None:  # noqa: ARG002 (for those who override it)
        """Return what the node gets: a call; or what the proxy gets: a reply; or None: nobody gets anything."""
        return call

    def answering(self, link: Link, answer: Answer) -> None:
        """Change an answer or an event in place."""

    def delivering(self, link: Link, delivery: Delivery) -> None:
        """Change in place what the proxy gets, when and how often."""

    def clings(self, link: Link) -> bool:  # noqa: ARG002 (for those who override it)
        """Say whether `link` has to stay under this fault although it is taken away: its peers would be confused."""
        return False

    def bite(self, what: str, link: Link | None = None, **detail: Any) -> None:
        """Count an effect and write it down as a fact."""
        self.bites += 1
        number = None if link is None else link.number
        cause = (self.kind, self.id)
        self.lane.log.note(what, self.lane.node, self.lane.name, link=number, fault=cause, detail=detail)

    def bite_bytes(self, what: str, link: Link) -> None:
        """Count an effect on bytes; only the first on each link becomes a fact, for there are thousands."""
        if link.number in self._bitten:
            self.bites += 1
        else:
            self._bitten.add(link.number)
            self.bite(what, link)

    @classmethod
    def attributes(cls) -> dict[str, Any]:
        """Return the names of what may be set, with the defaults."""
        known = {each.name: each.default for each in fields(cls) if each.init}
        return known | {"seed": known.pop("seed")}

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.attributes()}
        where = {"fault": self.kind, "node": self.lane.node, "lane": self.lane.name}
        return {"id": self.id, **where, "lasting": not self.instant, "bites": self.bites, **values}
