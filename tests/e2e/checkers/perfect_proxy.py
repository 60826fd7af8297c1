"""Runs of a proxy that keeps every promise, drawn at random: what no checker may complain of.

A model, not a simulation: it knows when service is interrupted (from a fault until its notice, and while no node is
usable) and lets everything that is due then come right after. Ids come back at random, clients come and go, the chain
is reorganised, nodes die alone and together, links of one lane break.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from e2e.ledger.entries import Block, Closed, Drifted, Entry, Healed, Injected, Marked, Opened, Received, Scraped, Sent
from e2e.ledger.faults import EFFECTS, MOMENTARY, Effect
from e2e.ledger.meta import Meta
from tests.e2e.checkers.histories import B1, CONTRACT, METRICS, NODES, P1, block_hash, header, log

if TYPE_CHECKING:
    from random import Random

NOTICE = {Effect.CUT: 0.3, Effect.SILENT: 1.7}
RECOVERY = 1.2
FAULTS = ("kill", "stop", "pause", "reset", "close", "black_hole", "refuse", "drop_after_accept", "freeze")
IDS = ("1", "2", "3", "1.0", '"1"', "null", "18446744073709551616")
Interval = tuple[float, float]


class Client(NamedTuple):
    """Somebody who is there until `end`."""

    name: str
    end: float


class Request(NamedTuple):
    id: str | None
    method: str
    params: list[Any] = []  # noqa: RUF012 - nobody changes it


@dataclass
class PerfectProxy:
    """One run. `entries` are complete after `play`; in no order, as `History` sorts them.

    Clients ask for a time between those of `asks`; faults come in spells, the first of each after its time in `spells`.
    """

    random: Random
    reorgs: bool = True
    asks: tuple[float, float] = (10.0, 20.0)
    spells: tuple[float, ...] = (4.0,)
    entries: list[Entry] = field(default_factory=list)
    meta: Meta = field(default_factory=lambda: Meta("a perfect proxy", nodes=NODES, metrics=METRICS, patience=8.0))
    away: dict[str, list[Interval]] = field(default_factory=dict)
    gaps: list[Interval] = field(default_factory=list)
    chain: list[tuple[float, int, str, str | None]] = field(default_factory=list)  # at, number, branch, parent's branch
    op: int = 0

    def play(self) -> PerfectProxy:
        self.asking = self.random.uniform(*self.asks)  # until then clients ask
        self.settled = self.asking + 10
        for at in self.spells:
            self._faults(at)
        self._blocks()
        for number in range(self.random.randint(1, 4)):
            self._client("direct-x" if number == 3 else f"client-{number}")
        for tick in range(int(self.settled * 5)):
            self._look(tick / 5)
        self.entries.append(Marked(self.settled, "settled"))
        return self

    def _faults(self, at: float) -> None:
        for _ in range(self.random.randint(0, 4)):
            at += self.random.uniform(0.2, 4)
            if at > self.asking - 1:
                break
            nodes = self.random.choice([[P1], [B1], [self.random.choice([*NODES])], [*NODES][:2], [*NODES]])
            name = self.random.choice(FAULTS)
            lasts = self.random.uniform(0.5, 5)
            for node in nodes:
                if all(healed < at for _, healed in self.away.get(node, [])):
                    self._fault(name, node, at, lasts)

    def _fault(self, name: str, node: str, began: float, lasts: float) -> None:
        at = began + self.random.uniform(0.01, 0.3)
        healed = at if name in MOMENTARY else at + lasts
        detail = {"lane": "ws"} if name in {"black_hole", "freeze", "refuse"} else {}
        self.entries.append(Injected(at, name, node, detail, began=began))
        if name not in MOMENTARY:
            self.entries.append(Healed(healed, name, node))
        if self._in_use(began) == node:
            self.gaps.append((began, at + NOTICE[EFFECTS[name]]))
        self.away.setdefault(node, []).append((began, healed))

    def _usable(self, node: str, at: float) -> bool:
        return not any(began <= at <= healed + RECOVERY for began, healed in self.away.get(node, []))

    def _in_use(self, at: float) -> str | None:
        return next((node for node in NODES if self._usable(node, at)), None)

    def _service(self, at: float) -> float:
        """When something that is due at `at` can come."""
        moved = True
        while moved:
            moved = False
            for began, over in self.gaps:
                if began <= at < over:
                    at, moved = over, True
            while self._in_use(at) is None:
                at, moved = at + 0.05, True
        return at

    def _blocks(self) -> None:
        number, branch = 1, "a"
        for second in range(int(self.settled) - 1):
            at = second + self.random.uniform(0.4, 0.6)
            if self.reorgs and second > 6 and self.random.random() < 0.08:
                number, parent, branch = number - self.random.randint(1, 2), branch, chr(ord(branch) + 1)
                for step in range(3):
                    self._block(at + step / 1000, number, branch, parent if step == 0 else None)
                    number += 1
            else:
                self._block(at, number, branch, None)
                number += 1

    def _block(self, at: float, number: int, branch: str, parent: str | None) -> None:
        self.chain.append((at, number, branch, parent))
        self.entries.append(Block(at, number, block_hash(number, branch), block_hash(number - 1, parent or branch)))

    def _client(self, name: str) -> None:
        at = self.random.uniform(0.1, 3)
        leaves = self.random.random() < 0.3 and name != "client-0"
        end = self.random.uniform(at + 1, self.asking) if leaves else self.settled + 0.5
        client = Client(name, end)
        self.entries += [Opened(at, name), Closed(end, name, 1000, "", "client")]
        for kind in ("newHeads", "logs", "newPendingTransactions"):
            at = self._service(at + 0.01)
            stream = f"0x{name}{kind}"
            options = [{"address": CONTRACT}] if kind == "logs" else []
            at = self._ask(client, at, Request("100", "eth_subscribe", [kind, *options]), stream)
            if at < end:
                self._stream(client, stream, kind, at)
        while at < min(end, self.asking):
            at += self.random.uniform(0.05, 1)
            if at < end:
                self._request(client, at)

    def _request(self, client: Client, at: float) -> None:
        request_id = None if self.random.random() < 0.1 else self.random.choice(IDS)
        method = self.random.choice(["eth_blockNumber", "eth_chainId", "eth_getLogs"])
        result: Any = {"eth_chainId": "0x539", "eth_getLogs": []}.get(method)
        self._ask(client, at, Request(request_id, method), result)

    def _ask(self, client: Client, at: float, request: Request, result: Any = None) -> float:
        """Send and, if the client is still there, get the answer; returns when it came."""
        self.op += 1
        self.entries.append(Sent(at, client.name, self.op, request.id, request.method, request.params))
        answered = self._service(at + self.random.uniform(0.001, 0.05))
        if request.method == "eth_blockNumber":
            head = max((number for built, number, _, _ in self.chain if built <= answered), default=0)
            result = hex(max(0, head - self.random.randint(0, 1)))
        if request.id is not None and answered < client.end:
            self.entries.append(Received(answered, client.name, request.id, {"id": request.id, "result": result}))
        return answered

    def _stream(self, client: Client, stream: str, kind: str, since: float) -> None:
        last = 0.0
        told: list[tuple[int, str]] = []
        for built, number, branch, parent in self.chain:
            if built < since:
                continue
            last = max(self._service(built + self.random.uniform(0.001, 0.05)), last + 1e-4)
            if kind == "newHeads":
                self._event(client, stream, last, header(number, branch, parent))
            elif kind == "logs":
                gone = [each for each in told if each[0] >= number]
                events = [log(*old[:1], branch=old[1], removed=True) for old in gone] + [log(number, branch=branch)]
                told = [each for each in told if each not in gone] + [(number, branch)]
                for event in events:
                    last += 1e-4
                    self._event(client, stream, last, event)
            elif last - built < 0.1:  # a pending transaction that nobody told then is never told
                self._event(client, stream, last, f"0x{hash((built, branch)) & (2**256 - 1):064x}")

    def _event(self, client: Client, stream: str, at: float, result: Any) -> None:
        if at < client.end:
            frame = {"method": "eth_subscription", "params": {"subscription": stream, "result": result}}
            self.entries.append(Received(at, client.name, None, frame))

    def _look(self, at: float) -> None:
        """A scrape and a look at the clock."""
        samples = {f'up_node{{node="{name}"}}': float(name == self._in_use(at)) for name in NODES}
        self.entries.append(Scraped(at, up=True, samples=samples))
        self.entries.append(Drifted(at, 0.001))
