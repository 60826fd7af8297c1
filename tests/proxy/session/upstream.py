"""A node as a session sees it: answers by itself and at once, except where a test says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from proxy.nodes import Node, NodeState, Tier
from proxy.session import events as ev
from simulation import api
from simulation.dialect import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulation.chain import Block, View

GETH = DIALECTS[0]
SMALL_IDS = next(dialect for dialect in DIALECTS if dialect.small_ids)


class Asked(NamedTuple):
    """A request as it reached the node; `name` is of a subscription that has begun before it is confirmed."""

    epoch: int
    id: Any
    method: str
    params: Any
    name: bytes | None = None


@dataclass(slots=True)
class Upstream:
    """What a test may set: `healthy` and `ws_ready` (routing's view, through `Stage.route`), `accepts` (dials are
    taken), `bars` (dials of this client are refused, those of others are not), `silent` (takes bytes, says nothing, not
    even a pong), `holds` (methods left for the test to answer, "*" for all), `refuses` (kinds of subscription),
    `logs_first` (or heads first).
    """

    name: str
    view: View
    tell: Callable[[ev.Event], None]
    dialect: Dialect = GETH
    healthy: bool = True
    ws_ready: bool = True
    accepts: bool = True
    bars: bool = False
    silent: bool = False
    holds: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    logs_first: bool = True
    asked: list[Asked] = field(default_factory=list)
    held: list[Asked] = field(default_factory=list)
    dialling: list[int] = field(default_factory=list)
    # the open links: subscription id → the parameters that it was asked for with
    links: dict[int, dict[bytes, list[Any]]] = field(default_factory=dict)
    _minted: int = 0
    _rng: Random = field(default_factory=lambda: Random(0))

    @property
    def tier(self) -> Tier:
        return Tier.PRIMARY if self.name.startswith("P") else Tier.BACKUP

    @property
    def state(self) -> NodeState:
        node = Node(self.name, self.tier, f"http://{self.name}", f"ws://{self.name}")
        return NodeState(node, self.view.tip.number, healthy=self.healthy, ws_ready=self.ws_ready)

    def methods(self) -> list[str]:
        """What it was asked for, in order."""
        return [asked.method for asked in self.asked]

    # ---- links --------------------------------------------------------------------------------------------------

    def dialled(self, epoch: int) -> None:
        if self.silent:
            self.dialling.append(epoch)
        elif self.bars:
            self.tell(ev.UpstreamLost(epoch, "HTTP 403", refused=True))
        elif self.accepts:
            self.open(epoch)
        else:
            self.tell(ev.UpstreamLost(epoch, "refused"))

    def open(self, epoch: int) -> None:
        self.links[epoch] = {}
        self.tell(ev.UpstreamOpened(epoch))

    def left(self, epoch: int) -> None:
        """The session hung up."""
        self.links.pop(epoch, None)
        if epoch in self.dialling:
            self.dialling.remove(epoch)
        self.held = [asked for asked in self.held if asked.epoch != epoch]

    def drop(self, reason: str = "reset", *, refused: bool = False) -> None:
        """Every link ends; what they were asked is never answered. `refused`: for what the client sent."""
        for epoch in [*self.links]:
            self.left(epoch)
            self.tell(ev.UpstreamLost(epoch, reason, refused))

    # ---- requests -----------------------------------------------------------------------------------------------

    def received(self, epoch: int, text: bytes) -> None:
        request = orjson.loads(text)
        asked = Asked(epoch, request.get("id"), request["method"], request.get("params"))
        self.asked.append(asked)
        if self.silent or asked.id is None:
            return
        if self.dialect.eager:
            asked = asked._replace(name=self._begin(asked))
        if asked.method in self.holds or "*" in self.holds:
            self.held.append(asked)
        else:
            self.tell(ev.UpstreamSent(epoch, self.answer(asked)))

    def release(self, method: str = "", result: Any = None) -> None:
        """Answer the oldest request that is held (of that method): as a node would, or with `result`."""
        asked = next(asked for asked in self.held if method in ("", asked.method))
        self.held.remove(asked)
        text = self.answer(asked) if result is None else self.dialect.answered(asked.id, _result(result))
        self.tell(ev.UpstreamSent(asked.epoch, text))

    def release_all(self) -> None:
        """Answer everything that is held, and hold nothing more."""
        self.holds.clear()
        while self.held:
            self.release()

    def answer(self, asked: Asked) -> bytes:
        """What a node answers."""
        match asked.method, asked.params:
            case "eth_subscribe", _:
                begun = asked.name or self._begin(asked)
                member = api.refusal() if begun is None else b'"result":"%b"' % begun
            case "eth_unsubscribe", [str(name)]:
                known = self.links[asked.epoch].pop(name.encode(), None) is not None
                member = b'"result":true' if known else api.unknown_subscription()
            case _:
                member = api.answer(self.view, asked.method, asked.params)
        return self.dialect.answered(asked.id, member)

    def _begin(self, asked: Asked) -> bytes | None:
        """The id of the subscription that begins now; None where the request is not for one that can be had."""
        match asked.method, asked.params:
            case "eth_subscribe", [str(kind), *_] if kind in api.STREAMS and kind not in self.refuses:
                self._minted += 1
                name = self.dialect.mint(self._rng, self._minted)
                self.links[asked.epoch][name] = asked.params
                return name
        return None

    # ---- events -------------------------------------------------------------------------------------------------

    def follow(self, tip: Block) -> None:
        """Make `tip` the head and tell whoever has subscribed."""
        gone, came = self.view.move(tip)
        order = ("logs", "newHeads") if self.logs_first else ("newHeads", "logs")
        for kind in order:
            for epoch, name, params in self.streams(kind):
                wanted = api.wanted(params[1] if len(params) > 1 else {})
                removed = [log.gone for block in gone for log in reversed(block.logs) if wanted(log)]
                added = [log.text for block in came for log in block.logs if wanted(log)]
                for text in [block.header for block in came] if kind == "newHeads" else removed + added:
                    self.say(epoch, name, text)

    def announce(self, kind: str, result: Any) -> None:
        """An event for every subscription of that kind."""
        for epoch, name, _params in self.streams(kind):
            self.say(epoch, name, orjson.dumps(result))

    def streams(self, kind: str) -> list[tuple[int, bytes, list[Any]]]:
        """(epoch, subscription id, parameters) of each subscription of that kind."""
        links = self.links.items()
        return [(epoch, name, asked) for epoch, link in links for name, asked in link.items() if asked[0] == kind]

    def say(self, epoch: int, name: bytes, result: bytes) -> None:
        if not self.silent:
            self.tell(ev.UpstreamSent(epoch, self.dialect.announced(name, result)))


def _result(result: Any) -> bytes:
    return b'"result":%b' % orjson.dumps(result)
