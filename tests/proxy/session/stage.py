"""Carries out in memory what one session wants done, so that a test says in a line what happens to it.

Nothing takes time but `wait`. At every step the stage asserts what any shell relies on: commands name open links only,
nothing follows a close, moves begin where the client is, and the session never asks to be woken again and again.
"""

from __future__ import annotations

from collections import Counter, deque
from random import Random
from typing import Any

import orjson

from proxy.nodes import Snapshot
from proxy.session import Session, Settings, State
from proxy.session import events as ev
from simulation.chain import Block, Chain, View
from tests.proxy.session.upstream import Upstream

# far more often than this a second nobody has to be woken
WAKES = 200


class Stage:
    """One client, its session, and the nodes with these names (P…: primary, B…: backup)."""

    def __init__(self, *names: str, settings: Settings | None = None, seed: int = 0) -> None:
        self.now = 1000.0
        self.chain = Chain(Random(seed))
        self.nodes = {name: Upstream(name, View(self.chain.tip), self.apply) for name in names or ("P1", "P2", "B1")}
        self.session = Session(settings or Settings(), self.snapshot(), Random(seed), self.now)
        self.frames: list[bytes] = []
        self.closed: ev.CloseClient | None = None
        self.dials: list[tuple[float, str]] = []
        self.carrier: str | None = None
        self.reports: list[str] = []
        self.doubts: list[str] = []
        # (node, method, works), as reported
        self.methods: list[tuple[str, str, bool]] = []
        self.counts: Counter[str] = Counter()
        self.pings: Counter[str] = Counter()
        self.moves: set[tuple[State, State]] = set()
        self._links: dict[int, Upstream] = {}
        self._events: deque[ev.Event] = deque()
        self._seen = 0

    def __getitem__(self, name: str) -> Upstream:
        return self.nodes[name]

    # ---- the shell's part ---------------------------------------------------------------------------------------

    def apply(self, event: ev.Event) -> None:
        """Tell the session, and do what it says; what follows from that at once, too."""
        self._events.append(event)
        if len(self._events) > 1:
            return  # an outer call goes on with it
        while self._events:
            before = self.session.state
            for command in self.session.apply(self._events[0], self.now):
                self._do(command)
            if self.session.state is not before:
                self.moves.add((before, self.session.state))
            self._events.popleft()

    def _do(self, command: ev.Command) -> None:
        assert self.closed is None or isinstance(command, ev.HangUp | ev.Count | ev.Moved), f"{command} after a close"
        match command:
            case ev.SendClient(data):
                self.frames.append(data)
            case ev.CloseClient():
                self.closed = command
            case ev.Moved(previous, node):
                assert previous == self.carrier, "the client was elsewhere"
                self.carrier = node
            case ev.ReportLane(node, _, doubt):
                (self.doubts if doubt else self.reports).append(node)
            case ev.ReportMethod(node, method, works):
                self.methods.append((node, method, works))
            case ev.Count(name, amount):
                self.counts[name] += amount  # type: ignore[assignment] # seconds are counted too
            case _:
                self._do_upstream(command)

    def _do_upstream(self, command: ev.Command) -> None:
        match command:
            case ev.Dial(epoch, node):
                self.dials.append((self.now, node))
                self._links[epoch] = self.nodes[node]
                self.nodes[node].dialled(epoch)
            case ev.SendUpstream(epoch, data):
                self._links[epoch].received(epoch, data)
            case ev.PingUpstream(epoch):
                upstream = self._links[epoch]
                self.pings[upstream.name] += 1
                if not upstream.silent:
                    self.apply(ev.UpstreamPonged(epoch))
            case ev.HangUp(epoch):
                self._links.pop(epoch).left(epoch)

    def start(self) -> Stage:
        """The client is connected, and carried if it can be."""
        self.apply(ev.TimePassed())
        return self

    def wait(self, seconds: float) -> None:
        """Let time pass; wake the session whenever it wants to be woken."""
        until = self.now + seconds
        wakes = 0
        while (wake := max(self.session.wake, self.now + 0.001)) <= until:
            self.now = wake
            self.apply(ev.TimePassed())
            wakes += 1
            assert wakes <= WAKES * (1 + seconds), "the session never sleeps"
        self.now = until

    # ---- the nodes ----------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(node.state for node in self.nodes.values()))

    def route(self, *healthy: str) -> None:
        """From now on exactly these nodes are healthy."""
        for node in self.nodes.values():
            node.healthy = node.name in healthy
        self.apply(ev.NodesChanged(self.snapshot()))

    def lose(self, *names: str) -> None:
        """The links to these nodes end, and no new ones can be had."""
        for name in names:
            self.nodes[name].accepts = False
            self.nodes[name].drop()

    def revive(self, *names: str) -> None:
        """These nodes accept dials again, and know the newest block."""
        for name in names:
            self.nodes[name].accepts = True
            self.nodes[name].silent = False
            self.nodes[name].follow(self.chain.tip)

    def grow(self, *names: str, blocks: int = 1) -> list[Block]:
        """New blocks, told by these nodes (by default by all that are up)."""
        return [self.spread(self.chain.grow(), *names) for _ in range(blocks)]

    def spread(self, tip: Block, *names: str) -> Block:
        up = [node for node in self.nodes.values() if node.accepts and not node.silent]
        for node in [self.nodes[name] for name in names] or up:
            node.follow(tip)
        return tip

    # ---- the client ---------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """The client sends these bytes."""
        self.apply(ev.ClientSent(data))

    def ask(self, method: str, *params: Any, id: Any = 7) -> None:  # noqa: A002 - as the wire calls it
        self.send(orjson.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))

    def call(self, method: str, *params: Any, id: Any = 7) -> Any:  # noqa: A002 - as the wire calls it
        """Ask, and give the one answer that comes at once."""
        self.take()
        self.ask(method, *params, id=id)
        [answer] = self.answers()
        return answer

    def subscribe(self, *params: Any, id: Any = 7) -> str:  # noqa: A002 - as the wire calls it
        """The subscription id that the client is given at once."""
        return str(self.call("eth_subscribe", *params, id=id)["result"])

    def take(self) -> list[Any]:
        """What has reached the client since the last time."""
        new = [orjson.loads(frame) for frame in self.frames[self._seen :]]
        self._seen = len(self.frames)
        return new

    def answers(self) -> list[Any]:
        """The new frames, all of which are answers."""
        new = self.take()
        assert all(isinstance(frame, list) or "id" in frame for frame in new), new
        return new

    def events(self, subscription: str) -> list[Any]:
        """Everything that was ever announced to the client under this id."""
        told = [orjson.loads(frame) for frame in self.frames if b'"eth_subscription"' in frame]
        return [event["params"]["result"] for event in told if event["params"]["subscription"] == subscription]

    def heads(self, subscription: str) -> list[str]:
        """The hashes of the heads that were announced under this id."""
        return [head["hash"] for head in self.events(subscription)]
