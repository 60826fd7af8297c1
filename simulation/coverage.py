"""Which of the instants that matter a run has reached. What no seed of many reaches is not tested."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Injected, Received
from proxy import jsonrpc
from proxy.session import State
from simulation.nemesis import FAULTS, REORG

if TYPE_CHECKING:
    from e2e.ledger.history import History
    from simulation.client import Client
    from simulation.connection import Connection
    from simulation.node import Node
    from simulation.wire import Wire

_ERRORS = {
    jsonrpc.TIMED_OUT: "a time-out",
    jsonrpc.OUTCOME_UNKNOWN: "a send lost in flight, its outcome unknown",
    jsonrpc.QUEUE_FULL: "a queue overflow",
}
_CLOSES = {
    "reads too slowly": "a slow reader cut off",
    "cannot be refilled": "a gap too wide to be filled",
    "no node can go on": "subscriptions that no node takes",
    "shutting down": "a client drained",
}
_VERBS = ("request", "subscribe", "unsubscribe")
_MOMENTS = ("during restore", "during backfill", "during dial", "without any node")
_KINDS = ("a read", "a batch", "a subscribe", "a send")

REQUIRED = frozenset(
    {
        *(f"{kind} in flight at a loss" for kind in _KINDS),
        *(f"{kind} in flight at a planned move" for kind in _KINDS),
        *_ERRORS.values(),
        *_CLOSES.values(),
        "a batch with a time-out",
        "a dial that failed",
        "a loss while restoring",
        "a loss during backfill",
        "a loss while another link takes over",
        "a takeover by a lagging node",
        "a takeover by a node on another branch",
        "a client that reads slowly and is served",
        *(f"{verb} {when}" for verb in _VERBS for when in _MOMENTS),
        *FAULTS,
        REORG,
    }
)
"""What a campaign of `ENOUGH` seeds must have reached."""

ENOUGH = 500


class Coverage:
    """Told of what happens, without a look inside sessions."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._carriers: dict[str, Node] = {}

    def noticed(self, connection: Connection, what: str, node: Node, client: Client) -> None:
        """See `connection.Notice`. A loss is noticed before the session is told."""
        if what == "lost":
            self._in_flight(client, "a loss")
            if connection.carrier is not None and backfills(connection.carrier):
                self.seen["a loss during backfill"] += 1
            if any(not wire.dead for wire in connection.links.values() if wire is not connection.carrier):
                self.seen["a loss while another link takes over"] += 1
        elif what == "failed":
            restoring = connection.session.state is State.RESTORING
            self.seen["a loss while restoring" if restoring else "a dial that failed"] += 1
        elif what in ("live", "moved"):
            if what == "moved":
                self._in_flight(client, "a planned move")
            self._took_over(connection.name, node)

    def _in_flight(self, client: Client, when: str) -> None:
        for sent in client.waiting():
            kind = "a read"
            if sent.method.endswith("subscribe"):
                kind = f"a {sent.method.removeprefix('eth_')}"
            elif not jsonrpc.is_read(sent.method):
                kind = "a send"
            self.seen[f"{kind} in flight at {when}"] += 1
            if sent.batch is not None:
                self.seen[f"a batch in flight at {when}"] += 1

    def _took_over(self, connection: str, node: Node) -> None:
        before = self._carriers.get(connection)
        self._carriers[connection] = node
        if before is None or before is node:
            return
        old, new = before.view.tip, node.view.tip
        if new.number < old.number:
            self.seen["a takeover by a lagging node"] += 1
        shared = min(old.number, new.number)
        if before.view.at(shared) is not node.view.at(shared):
            self.seen["a takeover by a node on another branch"] += 1

    def asked(self, connection: Connection, method: str) -> None:
        """A client is about to send a request."""
        verb = method.removeprefix("eth_") if method.endswith("subscribe") else "request"
        if connection.carrier is None:
            self.seen[f"{verb} without any node"] += 1
        elif backfills(connection.carrier):
            self.seen[f"{verb} during backfill"] += 1
        if connection.session.state is State.RESTORING:
            self.seen[f"{verb} during restore"] += 1
        elif any(not wire.accepted for wire in connection.links.values()):
            self.seen[f"{verb} during dial"] += 1

    def ended(self, history: History) -> None:
        """What can be told from the history."""
        for fault in history.of(Injected):
            self.seen[fault.fault] += 1
        for exchange in history.exchanges:
            name = _ERRORS.get(_code(exchange.answer.frame)) if isinstance(exchange.answer, Received) else None
            if name is not None:
                self.seen[name] += 1
                if exchange.request.batch is not None:
                    self.seen[f"a batch with {name}"] += 1
        for connection in history.connections:
            for part, name in _CLOSES.items():
                if connection.closed is not None and part in connection.closed.reason:
                    self.seen[name] += 1


def _code(frame: Any) -> int:
    error = frame.get("error") if isinstance(frame, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else 0


def backfills(wire: Wire) -> bool:
    """Whether the node owes the session blocks or logs that a client missed: no client of ours asks like this."""
    for request in wire.owed.values():
        params: Any = request.get("params")
        if request["method"].startswith("eth_getBlockBy") and params[-1] is False:
            return True
        if request["method"] == "eth_getLogs" and params[0]["fromBlock"].startswith("0x"):
            return True
    return False
