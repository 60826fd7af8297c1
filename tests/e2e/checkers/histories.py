"""Histories written by hand: a clock that every fact moves by 10 ms, clients, a chain and faults.

run = Run()
a = run.client("a")
a.sent(1, "eth_blockNumber").got(1, "0x5")
run.wait(2).fault("kill", P1)
assert answered_once(run.history()).answer is Answer.YES
"""

from __future__ import annotations

import json
from typing import Any

from e2e.ledger.entries import (
    Block,
    Closed,
    Drifted,
    Entry,
    Failed,
    Healed,
    Injected,
    Lane,
    Marked,
    Opened,
    Received,
    Scraped,
    Sent,
)
from e2e.ledger.history import History
from e2e.ledger.meta import Meta

P1, P2, B1, B2 = "el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup"
NODES = {P1: "primary", P2: "primary", B1: "backup", B2: "backup"}
METRICS = {"upstream_connected": "up_node", "connections": "conns", "subscriptions": "subs", "rss": "rss"}
TICK = 0.01
CONTRACT = "0x" + "c0" * 20


def id_text(value: Any) -> str | None:
    """Ids as a test writes them: None for no id, text for JSON text, a number for itself."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def block_hash(number: int, branch: str = "a") -> str:
    return f"0x{branch * 2}{number:062x}"


def header(number: int, branch: str = "a", parent: str | None = None) -> dict[str, Any]:
    return {
        "number": hex(number),
        "hash": block_hash(number, branch),
        "parentHash": block_hash(number - 1, parent or branch),
    }


def log(number: int, index: int = 0, branch: str = "a", *, removed: bool = False) -> dict[str, Any]:
    return {
        "address": CONTRACT,
        "topics": ["0x" + "70" * 32],
        "data": "0x",
        "blockNumber": hex(number),
        "blockHash": block_hash(number, branch),
        "logIndex": hex(index),
        "removed": removed,
    }


class Run:
    """A run being written down. `scenario` and the rest of the meta come by keyword."""

    def __init__(self, **meta: Any) -> None:
        self.meta = Meta(**({"scenario": "by hand", "nodes": NODES, "metrics": METRICS} | meta))
        self.now = 1.0
        self.entries: list[Entry] = []
        self.operations = 0

    def tick(self) -> float:
        self.now = round(self.now + TICK, 6)
        return self.now

    def add(self, entry: Entry) -> Run:
        self.entries.append(entry)
        return self

    def wait(self, seconds: float) -> Run:
        self.now = round(self.now + seconds, 6)
        return self

    def client(self, name: str, lane: Lane = "ws") -> Client:
        self.add(Opened(self.tick(), name, lane))
        return Client(self, name, lane)

    def fault(self, fault: str, target: str = P1, **detail: Any) -> Run:
        return self.add(Injected(self.tick(), fault, target, detail, began=self.now - TICK / 2))

    def healed(self, fault: str, target: str = P1, lane: Lane | None = None) -> Run:
        return self.add(Healed(self.tick(), fault, target, lane))

    def block(self, number: int, branch: str = "a", parent: str | None = None) -> Run:
        before = block_hash(number - 1, parent or branch)
        return self.add(Block(self.tick(), number, block_hash(number, branch), before))

    def scrape(self, **samples: float) -> Run:
        return self.add(Scraped(self.tick(), up=True, samples=dict(samples)))

    def not_scraped(self) -> Run:
        return self.add(Scraped(self.tick(), up=False))

    def upstream(self, *nodes: str) -> Run:
        """A scrape in which these nodes carry clients and the others none."""
        samples = {f'up_node{{node="{node}"}}': float(node in nodes) for node in self.meta.nodes}
        return self.add(Scraped(self.tick(), True, samples))

    def drifted(self, late: float) -> Run:
        return self.add(Drifted(self.tick(), late))

    def under_pressure(self, share: float) -> Run:
        """All the while, up to now, somebody waited for a CPU in this share of the time."""
        self.entries += [Drifted(number / 10, 0.0, share) for number in range(round(self.now * 10) + 2)]
        return self

    def mark(self, name: str) -> Run:
        return self.add(Marked(self.tick(), name))

    def settled(self) -> Run:
        return self.mark("settled")

    def history(self) -> History:
        return History(self.entries, self.meta)


class Client:
    """One client of a run; every method writes one fact (or a request and its answer) and returns the client."""

    def __init__(self, run: Run, name: str, lane: Lane) -> None:
        self.run, self.name, self.lane = run, name, lane
        self.op = 0

    def sent(self, id_: Any, method: str = "eth_chainId", *params: Any, batch: int | None = None) -> Client:
        self.run.operations += 1
        self.op = self.run.operations
        self.run.add(
            Sent(self.run.tick(), self.name, self.op, id_text(id_), method, list(params), self.lane, batch=batch)
        )
        return self

    def got(self, id_: Any, result: Any = "0x1", *, op: int | None = None, status: int = 200) -> Client:
        return self.frame({"jsonrpc": "2.0", "id": id_, "result": result}, id_, op=op, status=status)

    def error(self, id_: Any, code: int = -32050, message: str = "no node", status: int = 200) -> Client:
        error = {"code": code, "message": message}
        return self.frame({"jsonrpc": "2.0", "id": id_, "error": error}, id_, status=status)

    def frame(self, frame: Any, id_: Any = None, *, op: int | None = None, status: int = 200) -> Client:
        http = (op or self.op, status) if self.lane == "http" else (None, None)
        self.run.add(Received(self.run.tick(), self.name, id_text(id_), frame, self.lane, *http))
        return self

    def failed(self, reason: str = "ConnectionError: refused") -> Client:
        self.run.add(Failed(self.run.tick(), self.name, self.op, reason))
        return self

    def asked(self, id_: Any, method: str = "eth_chainId", *params: Any, result: Any = "0x1") -> Client:
        return self.sent(id_, method, *params).got(id_, result)

    def subscribed(self, id_: Any, kind: str, name: str, *options: Any) -> Client:
        return self.asked(id_, "eth_subscribe", kind, *options, result=name)

    def event(self, name: str, result: Any) -> Client:
        params = {"subscription": name, "result": result}
        return self.frame({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})

    def closed(self, code: int = 1000, by: Any = "client", reason: str = "") -> Client:
        self.run.add(Closed(self.run.tick(), self.name, code, reason, by))
        return self


def good_run(blocks: int = 12, *, kill: bool = True) -> Run:
    """Two clients with every kind of subscription and steady requests, a primary killed and back, nothing lost."""
    run = Run()
    clients = [run.client(name) for name in "ab"]
    witness = run.client("direct-" + B1)
    for client in [*clients, witness]:
        client.subscribed(100, "newHeads", f"0x{client.name}1")
        client.subscribed(101, "logs", f"0x{client.name}2", {"address": CONTRACT})
        client.subscribed(102, "newPendingTransactions", f"0x{client.name}3")
    run.wait(1.5)
    for number in range(1, blocks + 1):
        run.wait(0.5).block(number).drifted(0.001)
        for client in [*clients, witness]:
            client.event(f"0x{client.name}1", header(number))
            client.event(f"0x{client.name}2", log(number, 0)).event(f"0x{client.name}2", log(number, 1))
            client.event(f"0x{client.name}3", f"0x{number:064x}")
        for client in clients:
            client.asked(number, "eth_blockNumber", result=hex(number))
            client.sent(7, "eth_chainId").sent(7, "eth_getBalance", CONTRACT, "latest").got(7).got(7, "0x0")
        run.upstream(B1 if kill and 4 <= number < 8 else P1)
        if kill and number == 3:
            run.fault("kill", P1)
            run.fault("kill", P2)
        if kill and number == 7:
            run.healed("kill", P1).healed("kill", P2)
    run.wait(2).settled()
    for client in [*clients, witness]:
        client.closed()
    return run
