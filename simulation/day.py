"""A day of production in virtual time: many clients, a forced reconnection every five minutes, hour after hour.

What a whole history of it would take in memory is kept as figures: each client checks its own stream as it goes.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, Any

import orjson

from proxy.nodes import Tier
from proxy.session import Settings
from simulation.agenda import Agenda, Process, stream
from simulation.chain import Chain
from simulation.connection import Connection, Gate
from simulation.dialect import DIALECTS
from simulation.monitor import Monitor
from simulation.nemesis import FAULTS
from simulation.node import Node

if TYPE_CHECKING:
    from random import Random

CLIENTS = 100
SLOT = 12.0  # seconds
FORCED = 300.0  # seconds between two reconnections
ASKS = 60.0  # seconds between two requests of a client
LATE = 60.0  # seconds: an answer that has not come by then is lost
_SEED = 24
# what forces the reconnection, in turn, and for how many seconds
_FORCES = (("reset", 0.0), ("stop", 40.0), ("close", 0.0), ("kill", 40.0), ("refuse", 20.0))
_SETTINGS = Settings(ping_interval=10.0, ping_timeout=2.0)
# figures that must be nought
_BROKEN = ("requests unanswered", "answers that nobody had asked for", "errors", "heads missing or twice", "closed")


class Customer:
    """One client for the whole day: follows heads, asks something now and then, and keeps count."""

    def __init__(self, number: int, agenda: Agenda, gate: Gate, figures: Counter[str], rng: Random) -> None:
        self._agenda = agenda
        self._figures = figures
        self._rng = rng
        self._asked = 0
        self._waiting: dict[int, float] = {}
        self._tip: str | None = None
        self.connection = Connection(gate, f"c{number}", self, lambda _connection, what, _node: self._noticed(what))
        self._send("eth_subscribe", ["newHeads"])
        agenda.after(rng.uniform(0.0, ASKS), self._ask)

    def _send(self, method: str, params: list[Any]) -> None:
        self._asked += 1
        self._waiting[self._asked] = self._agenda.now
        self._figures["requests"] += 1
        text = json.dumps({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params})
        self.connection.sent(text.encode())

    def _ask(self) -> None:
        self._send("eth_blockNumber", [])
        self._agenda.after(self._rng.expovariate(1 / ASKS), self._ask)

    def _noticed(self, what: str) -> None:
        if what in ("lost", "moved"):
            self._figures[{"lost": "links lost", "moved": "planned moves"}[what]] += 1

    def took(self, data: bytes) -> None:
        frame = orjson.loads(data)
        if "id" not in frame:
            head = frame["params"]["result"]
            self._figures["heads"] += 1
            if self._tip is not None and head["parentHash"] != self._tip:
                self._figures["heads missing or twice"] += 1
            self._tip = head["hash"]
            return
        asked = self._waiting.pop(frame["id"], None)
        if asked is None:
            self._figures["answers that nobody had asked for"] += 1
        elif "error" in frame:
            self._figures["errors"] += 1
        else:
            waited = self._agenda.now - asked
            self._figures["slowest answer (ms)"] = max(self._figures["slowest answer (ms)"], round(waited * 1000))

    def ended(self, code: int, reason: str) -> None:
        del code, reason
        self._figures["closed"] += 1

    def overdue(self) -> int:
        return sum(self._agenda.now - asked > LATE for asked in self._waiting.values())


def _forget(_entry: object) -> None:
    """A day's entries would not fit in memory."""


def day(hours: float = 24.0, clients: int = CLIENTS) -> dict[str, int]:
    """The figures of that many hours; 'faults of the proxy' sums up what must not be."""
    agenda, figures = Agenda(), Counter[str]()
    process = Process(agenda, stream(_SEED, "process"))
    chain = Chain(stream(_SEED, "chain"))
    tiers = (("p1", Tier.PRIMARY), ("p2", Tier.PRIMARY), ("b1", Tier.BACKUP), ("b2", Tier.BACKUP))
    nodes = {
        name: Node(name, tier, DIALECTS[number], agenda, chain.tip, rng=stream(_SEED, name), record=_forget)
        for number, (name, tier) in enumerate(tiers)
    }
    monitor = Monitor(process, list(nodes.values()), stream(_SEED, "monitor"))
    gate = Gate(process, monitor, nodes, _SETTINGS, _SEED)
    monitor.start()
    agenda.run(1.0)
    rng = stream(_SEED, "customers")
    customers = [Customer(number, agenda, gate, figures, rng) for number in range(clients)]
    _drive(agenda, chain, nodes)
    _force(agenda, nodes)
    agenda.run(hours * 3600)
    figures["requests unanswered"] = sum(customer.overdue() for customer in customers)
    figures["complaints of the audits"] = sum(len(customer.connection.audit.complaints) for customer in customers)
    figures["blocks"] = chain.tip.number
    figures["faults of the proxy"] = sum(figures[name] for name in (*_BROKEN, "complaints of the audits"))
    return dict(figures)


def _drive(agenda: Agenda, chain: Chain, nodes: dict[str, Node]) -> None:
    """A block a slot, told to every node within some milliseconds."""
    rng = stream(_SEED, "driver")

    def slot() -> None:
        tip = chain.grow()
        for node in nodes.values():
            node.follow(tip, rng.uniform(0.001, 0.05))
        agenda.after(SLOT, slot)

    agenda.after(SLOT, slot)


def _force(agenda: Agenda, nodes: dict[str, Node]) -> None:
    """A fault of the node that carries most clients, every `FORCED` seconds; a kill takes all primaries."""
    forces = cycle(_FORCES)

    def force() -> None:
        name, seconds = next(forces)
        blow, cure, _lane = FAULTS[name]
        busiest = max(nodes.values(), key=lambda node: len(node.wires))
        primaries = [node for node in nodes.values() if node.tier is Tier.PRIMARY]
        for node in primaries if name == "kill" else [busiest]:
            blow(node, None)
            agenda.after(seconds, cure, node)
        agenda.after(FORCED, force)

    agenda.after(FORCED, force)
