"""A node: its view of the chain, its answers, its subscriptions, and what the nemesis may do to it."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from e2e.ledger.entries import Arrived
from proxy.jsonrpc import is_read
from simulation import api
from simulation.chain import View

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from e2e.ledger.entries import Entry
    from proxy.nodes import Tier
    from simulation.agenda import Agenda, Deed
    from simulation.chain import Block
    from simulation.dialect import Dialect
    from simulation.wire import Wire

TYPICAL = 0.002  # seconds that a request takes


class Stream(NamedTuple):
    """One subscription of a link."""

    kind: str
    wanted: api.Wanted


class Node:
    def __init__(
        self,
        name: str,
        tier: Tier,
        dialect: Dialect,
        agenda: Agenda,
        tip: Block,
        *,
        rng: Random,
        record: Callable[[Entry], None],
    ) -> None:
        self.name = name
        self.tier = tier
        self.view = View(tip)
        self.wires: list[Wire] = []
        self.unshaken: list[Wire] = []
        self.holding: list[Wire] = []
        self.received: Counter[bytes] = Counter()  # digests of what has side effects
        # what the nemesis does
        self.running = True
        self.paused = False
        self.refuses = False
        self.no_handshake = False
        self.drops = False
        self.hole = False
        self.stuck = False
        self.absurd = False
        self.slow = 0.0  # the share of answers that take `slowness` seconds
        self.slowness = 3.0
        self.refused_kinds: frozenset[str] = frozenset()
        self.swallowed: frozenset[str] = frozenset()  # methods that are not answered
        self._dialect = dialect
        self._agenda = agenda
        self._rng = rng
        self._record = record
        self._target = tip
        self._swallowed: list[tuple[Wire, dict[str, Any]]] = []
        self._stalled: list[tuple[Deed, tuple[Any, ...]]] = []
        self._mempool: set[bytes] = set()

    # ---- requests ---------------------------------------------------------------------------------------------

    def receive(self, wire: Wire, data: bytes) -> None:
        """A message reached the node's door."""
        if not self.running:
            return
        request = orjson.loads(data)
        method = request["method"]
        if not is_read(method) and not method.startswith("eth_unsub") and not method.startswith("eth_sub"):
            self.received[hashlib.blake2b(orjson.dumps(request["params"]), digest_size=8).digest()] += 1
            self._record(Arrived(self._agenda.now, self.name, method, request["params"]))
        if "id" in request:
            wire.owed[request["id"]] = request
        if self.paused:
            self.later(self._begin, wire, request)
        else:
            self._begin(wire, request)

    def _begin(self, wire: Wire, request: dict[str, Any]) -> None:
        if request["method"] in self.swallowed:
            self._swallowed.append((wire, request))
            return
        # chance belongs to the link: what one client does changes nothing for another
        rng = wire.rng
        delay = rng.expovariate(1 / TYPICAL)
        if self.slow and rng.random() < self.slow and request["method"] in api.SLOW:
            delay += self.slowness * rng.uniform(0.8, 1.2)
        eager = self._dialect.eager and request["method"] == "eth_subscribe"
        name = self._subscribe(wire, request) if eager else None
        self._agenda.after(delay, self._finish, wire, request, name)

    def _finish(self, wire: Wire, request: dict[str, Any], name: bytes | None) -> None:
        if self.paused:
            self.later(self._finish, wire, request, name)
            return
        if wire.dead or not self.running:
            return
        method: str = request["method"]
        params: Any = request.get("params")
        start = None
        if method == "eth_subscribe":
            if name is None and (stream := self._stream(params)) is not None:
                name = self._mint(wire)
                start = (name, stream)
            member = api.refusal() if name is None else b'"result":"%b"' % name
        elif method == "eth_unsubscribe":
            known = wire.streams.pop(str(params[0]).encode(), None) is not None
            member = b'"result":true' if known else api.unknown_subscription()
        else:
            member = api.answer(self.view, method, params)
            if method == "eth_sendRawTransaction":
                self.announce_pending(member[len(b'"result":"') : -1])
        if "id" in request:
            wire.owed.pop(request["id"], None)
            wire.to_proxy("sent", self._dialect.answered(request["id"], member))
        if start is not None:
            wire.streams[start[0]] = start[1]

    def _subscribe(self, wire: Wire, request: dict[str, Any]) -> bytes | None:
        stream = self._stream(request.get("params"))
        if stream is None:
            return None
        name = self._mint(wire)
        wire.streams[name] = stream
        return name

    def _mint(self, wire: Wire) -> bytes:
        wire.minted += 1
        return self._dialect.mint(wire.rng, wire.minted)

    def _stream(self, params: Any) -> Stream | None:
        if (
            not isinstance(params, list)
            or not params
            or params[0] not in api.STREAMS
            or params[0] in self.refused_kinds
        ):
            return None
        return Stream(params[0], api.wanted(params[1] if len(params) > 1 else {}))

    def pinged(self, wire: Wire) -> None:
        if self.paused:
            self.later(self.pinged, wire)
        elif self.running:
            wire.to_proxy("ponged")

    # ---- the chain --------------------------------------------------------------------------------------------

    def follow(self, tip: Block, delay: float) -> None:
        """The canonical head is `tip`; the node learns of it in `delay` seconds."""
        self._target = tip
        self._agenda.after(delay, self.catch_up)

    def catch_up(self) -> None:
        """Go to the newest head that the node has heard of."""
        if self.paused:
            self.later(self.catch_up)
            return
        if not self.running or self.stuck or self._target is self.view.tip:
            return
        gone, came = self.view.move(self._target)
        heads = [block.header for block in (came if self._dialect.tells_all else came[-1:])]
        for wire in self.wires:
            if wire.streams:
                self._tell(wire, "newHeads", heads)
                self._tell_logs(wire, gone, came)

    def _tell_logs(self, wire: Wire, gone: list[Block], came: list[Block]) -> None:
        for name, stream in wire.streams.items():
            if stream.kind == "logs":
                texts = [log.gone for block in gone for log in reversed(block.logs) if stream.wanted(log)]
                texts += [log.text for block in came for log in block.logs if stream.wanted(log)]
                if texts:
                    self._soon(wire, "logs", self._emit, wire, name, texts)

    def _tell(self, wire: Wire, kind: str, texts: list[bytes]) -> None:
        for name, stream in wire.streams.items():
            if stream.kind == kind:
                self._soon(wire, kind, self._emit, wire, name, texts)

    def _soon(self, wire: Wire, kind: str, deed: Deed, *args: Any) -> None:
        """A moment later: events of one kind keep their order, those of two kinds need not."""
        when = max(wire.last_told.get(kind, 0.0), self._agenda.now + wire.rng.uniform(0.0, 0.004))
        wire.last_told[kind] = when
        self._agenda.at(when, deed, *args)

    def _emit(self, wire: Wire, name: bytes, texts: list[bytes]) -> None:
        if self.paused:
            self.later(self._emit, wire, name, texts)
        elif name in wire.streams and not wire.dead:
            for text in texts:
                wire.to_proxy("sent", self._dialect.announced(name, text))

    def announce_pending(self, digest: bytes) -> None:
        """A transaction reached this node's pool."""
        if not self.running or digest in self._mempool:
            return
        if self.paused:
            self.later(self.announce_pending, digest)
            return
        self._mempool.add(digest)
        for wire in self.wires:
            if wire.streams:
                self._tell(wire, "newPendingTransactions", [b'"%b"' % digest])

    # ---- what the nemesis does --------------------------------------------------------------------------------

    def later(self, deed: Deed, *args: Any) -> None:
        """When the node is resumed."""
        self._stalled.append((deed, args))

    def resume(self) -> None:
        self.paused = False
        stalled, self._stalled = self._stalled, []
        for deed, args in stalled:
            deed(*args)

    def disgorge(self) -> None:
        """Answer what was swallowed; most of those who asked have given up."""
        self.swallowed = frozenset()
        late, self._swallowed = self._swallowed, []
        for wire, request in late:
            self._begin(wire, request)

    def stop(self, code: int | None) -> None:
        """End the process: politely with a close frame of `code`, or at once (None)."""
        self.running = False
        self._stalled.clear()
        for wire in list(self.wires):
            if code is None:
                wire.cut("connection lost")
            else:
                wire.close(code)
        for wire in self.unshaken:
            wire.cut("connection lost")
        self.unshaken.clear()

    def boot(self) -> None:
        """Start again on the data that was there."""
        self.running = True
        self._mempool.clear()
        self._agenda.after(self._rng.uniform(0.05, 0.6), self.catch_up)

    def forget(self, wire: Wire) -> None:
        if wire in self.wires:
            self.wires.remove(wire)

    def lift_hole(self) -> None:
        """Packets pass again, and what was kept arrives."""
        self.hole = False
        holding, self.holding = self.holding, []
        for wire in holding:
            wire.release()
