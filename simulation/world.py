"""One run: a plan goes in, a history, the complaints about it and the coverage come out. No socket, no real clock.

Real are the session, routing, health, lanes and back-off of the proxy, and the ledger and checkers of the suite. The
rest (nodes, links, clients, the proxy's event loop and monitor) is a model in virtual time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from e2e.ledger.entries import Block as BlockEntry
from e2e.ledger.entries import Injected, Marked, Opened, Received, Scraped, Sent
from e2e.ledger.faults import PROXY
from e2e.ledger.history import DIRECT, SETTLED, History
from e2e.ledger.meta import Meta
from simulation.agenda import Agenda, Process, stream
from simulation.chain import Chain
from simulation.client import Client, Ledger
from simulation.connection import Connection, Gate
from simulation.continuity import LAST_TRANSACTION
from simulation.coverage import Coverage
from simulation.dialect import DIALECTS
from simulation.monitor import Monitor
from simulation.nemesis import REORG, STARVE, Nemesis
from simulation.node import Node
from simulation.plan import Act, Ask, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulation.chain import Block, Log
    from simulation.plan import Action, Plan

WITNESS = "0xd"  # a client's name, and its subscription's
SETTLING = 5.0  # seconds from the last cure until everything must be as it was
LOOK = 0.5  # seconds between two looks at the metrics
PATIENCE = 7.0  # seconds beyond the time-out of a session: a slow reader hears of it that much later


class Outcome(NamedTuple):
    """What came of a run. `complaints` are those about the session's manners; checkers judge the history."""

    history: History
    logs: Mapping[str, tuple[Log, ...]]
    complaints: tuple[str, ...]
    coverage: Counter[str]


class World:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        setting, seed = plan.setting, plan.seed
        self.agenda = Agenda()
        self._ledger = Ledger(self.agenda)
        self._process = Process(self.agenda, stream(seed, "process"))
        self._rng = stream(seed, "world")
        self._chain = Chain(stream(seed, "chain"))
        self._nodes = {
            name: Node(
                name,
                tier,
                DIALECTS[dialect],
                self.agenda,
                self._chain.tip,
                rng=stream(seed, name),
                record=self._ledger.record,
            )
            for name, tier, dialect in setting.nodes
        }
        self._monitor = Monitor(self._process, list(self._nodes.values()), stream(seed, "monitor"))
        self._gate = Gate(self._process, self._monitor, self._nodes, setting.settings, seed)
        self._nemesis = Nemesis(self._process, self._nodes, self._ledger)
        self._coverage = Coverage()
        self._clients: dict[str, Client] = {}
        self._waiting: list[Action] = []

    def run(self) -> Outcome:
        setting = self._plan.setting
        self._record_chain()
        self._ledger.record(Opened(0.0, f"{DIRECT}{WITNESS}"))
        self._ledger.record(Sent(0.0, f"{DIRECT}{WITNESS}", 0, "0", "eth_subscribe", ["logs", {}]))
        self._ledger.record(Received(0.0, f"{DIRECT}{WITNESS}", "0", {"id": 0, "result": WITNESS}))
        self._monitor.start()
        self._scrape()
        self.agenda.after(setting.slot, self._slot)
        for action in self._plan.actions:
            self.agenda.at(action.at, self._begin, action)
        self.agenda.run(setting.healed_at)
        self._waiting.clear()
        self._ledger.record(Marked(self.agenda.now, "healed"))
        self.agenda.run(setting.healed_at + SETTLING)
        self._ask_everybody()
        digest = self._transaction(0.0)
        self._ledger.record(Marked(self.agenda.now, LAST_TRANSACTION, {"hash": digest}))
        self.agenda.run(self.agenda.now + 1.0)
        self._ledger.record(Marked(self.agenda.now, SETTLED))
        self._wait_for_answers()
        complaints = [*self._judge_the_end(), *self._end()]
        history = self._history()
        self._coverage.ended(history)
        return Outcome(history, self._chain.logs, (*complaints, *self._gate.complaints), self._coverage.seen)

    # ---- the plan ---------------------------------------------------------------------------------------------

    def _begin(self, action: Action) -> None:
        if action.when is None:
            self._do(action, None)
        else:
            self._waiting.append(action)

    def _do(self, action: Action, connection: Connection | None) -> None:
        if isinstance(action, Act):
            self._client(action.client).do(action)
        elif action.name == REORG:
            self._reorg(action.detail)
        elif action.name == STARVE:
            self._nemesis.strike(action, "proxy")
        else:
            self._strike(action, connection)

    def _strike(self, fault: Fault, connection: Connection | None) -> None:
        target = fault.node
        if target.startswith("@"):
            wires = [] if connection is None else list(connection.links.values())
            if target == "@carrier":
                wires = [wire for wire in wires if connection is not None and wire is connection.carrier]
            if not wires:
                return
            target = wires[-1].ends_at
        self._nemesis.strike(fault, target)

    def _client(self, name: str) -> Client:
        if name not in self._clients:
            self._clients[name] = Client(
                name, self.agenda, self._gate, self._ledger, notice=self._noticed, coverage=self._coverage
            )
        return self._clients[name]

    def _noticed(self, connection: Connection, what: str, node: str) -> None:
        """Something happened to a session: note it, and do what waited for it."""
        program = connection.name.partition(".")[0]
        self._coverage.noticed(connection, what, self._nodes[node], self._clients[program])
        for action in [each for each in self._waiting if each.when == what and each.client == program]:
            self._waiting.remove(action)
            self.agenda.at(self.agenda.now, self._do, action, connection)

    # ---- the chain --------------------------------------------------------------------------------------------

    def _slot(self) -> None:
        self._became_canonical([self._chain.grow()])
        if self._rng.random() < 0.5:
            self._transaction(1.0)
        self.agenda.after(self._plan.setting.slot, self._slot)

    def _transaction(self, spread: float) -> str:
        """A transaction reaches all nodes within `spread` seconds; its hash."""
        digest = f"0x{self._rng.getrandbits(256):064x}"
        for node in self._nodes.values():
            self.agenda.after(self._rng.uniform(0.0, spread), node.announce_pending, digest.encode())
        return digest

    def _reorg(self, depth: int) -> None:
        self._ledger.record(Injected(self.agenda.now, REORG, "chain", began=self.agenda.now))
        self._became_canonical(self._chain.reorg(depth))

    def _became_canonical(self, blocks: list[Block]) -> None:
        for block in blocks:
            above = "" if block.parent is None else block.parent.hash
            self._ledger.record(BlockEntry(self.agenda.now, block.number, block.hash, above))
            self._witness(block)
        for node in self._nodes.values():
            # most nodes hear of a block at once, some a good while later
            spread = 0.02 if self._rng.random() < 0.8 else 0.6
            node.follow(self._chain.tip, self._rng.uniform(0.001, spread))

    def _witness(self, block: Block) -> None:
        """A client connected straight to the chain is told of every log: what the checkers measure others by."""
        for log in block.logs:
            frame = {
                "params": {"subscription": WITNESS, "result": orjson.loads(log.text)},
                "method": "eth_subscription",
            }
            self._ledger.record(Received(self.agenda.now, f"{DIRECT}{WITNESS}", None, frame))

    def _record_chain(self) -> None:
        line = []
        block: Block | None = self._chain.tip
        while block is not None:
            line.append(block)
            block = block.parent
        for each in reversed(line):
            above = "" if each.parent is None else each.parent.hash
            self._ledger.record(BlockEntry(0.0, each.number, each.hash, above))

    def _scrape(self) -> None:
        """What the proxy's metrics say: from the commands of its sessions, as the shell counts them."""
        connections = self._gate.connections
        carried = Counter(each.carrier.ends_at for each in connections if each.carrier is not None)
        samples = {f'connected{{node="{name}"}}': float(carried[name] > 0) for name in self._nodes}
        samples["connections"] = float(len(connections))
        samples["subscriptions"] = float(sum(each.audit.gauges["ws_subscriptions_active"] for each in connections))
        self._ledger.record(Scraped(self.agenda.now, up=True, samples=samples))
        self.agenda.after(LOOK, self._scrape)

    # ---- the end ----------------------------------------------------------------------------------------------

    def _ask_everybody(self) -> None:
        for client in self._clients.values():
            ask = Ask("eth_blockNumber", [], '"after all"')
            client.do(Act(self.agenda.now, client.program, "ask", (ask,)))

    def _wait_for_answers(self) -> None:
        last = self.agenda.now + self._plan.setting.settings.request_timeout + PATIENCE
        while self.agenda.now < last and any(any(client.waiting()) for client in self._clients.values()):
            self.agenda.run(self.agenda.now + 0.5)

    def _judge_the_end(self) -> list[str]:
        complaints = []
        for client in self._clients.values():
            connection = client.connection
            if connection is None:
                continue
            node = self._nodes[connection.session.node or next(iter(self._nodes))]
            if connection.session.node is None or node.tier is not next(iter(self._nodes.values())).tier:
                complaints.append(f"{connection.name} is carried by {connection.session.node}, not by a primary")
            if connection.session.open_calls:
                complaints.append(f"{connection.name} has {connection.session.open_calls} calls open")
            gauges = connection.audit.gauges
            if gauges["ws_queue_size"]:
                complaints.append(f"{connection.name}: ws_queue_size is {gauges['ws_queue_size']} at rest")
            if gauges["ws_subscriptions_active"] != len(client.subscriptions):
                complaints.append(
                    f"{connection.name}: ws_subscriptions_active is {gauges['ws_subscriptions_active']}, "
                    f"the client has {len(client.subscriptions)}"
                )
            if len(connection.links) > 1:
                complaints.append(f"{connection.name} holds {len(connection.links)} links at rest")
        return complaints

    def _end(self) -> list[str]:
        """The clients leave, or the proxy ends and drains them: nobody then loses an answer."""
        if self._plan.seed % 2:
            for client in self._clients.values():
                client.do(Act(self.agenda.now, client.program, "leave"))
            self.agenda.run(self.agenda.now + 0.01)
            return []
        connected = [client for client in self._clients.values() if client.connection is not None]
        for client in connected:
            client.do(Act(self.agenda.now, client.program, "ask", (Ask("eth_chainId", [], '"the last"'),)))
        self._ledger.record(Injected(self.agenda.now, "stop", PROXY, began=self.agenda.now))
        self._gate.drain()
        self.agenda.run(self.agenda.now + 1.0)
        stay = [f"{client.name} was not drained" for client in connected if client.connection is not None]
        return stay + [
            f"{each.name}: {each.abandoned} answers lost in the drain" for each in connected if each.abandoned
        ]

    def _history(self) -> History:
        setting = self._plan.setting
        return History(
            self._ledger.entries,
            Meta(
                scenario=f"seed {self._plan.seed}",
                seed=self._plan.seed,
                nodes={name: tier.value for name, tier, _ in setting.nodes},
                metrics={name: name for name in ("connections", "subscriptions")} | {"upstream_connected": "connected"},
                patience=setting.settings.request_timeout + PATIENCE,
            ),
        )
