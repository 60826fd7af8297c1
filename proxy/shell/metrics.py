"""Every metric of the proxy, in a registry of its own, with every series there from the start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from proxy.shell.tally import BUCKETS, NodeTally, TallyCollector

if TYPE_CHECKING:
    from proxy.config import Config
    from proxy.nodes import ConsensusState, NodeState, Snapshot

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Attributes are named as the metrics, without `vixy_` and, for counters, without `_total`."""

    def __init__(self, config: Config) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU and descriptors, under their usual names
        self.tasks = self._gauge("tasks", "Tasks of the event loop")
        self._make_el()
        self._make_cl()
        self._make_ws()
        self.http_retries = self._counter("http_retries", "HTTP reads sent to one more node")
        self._carried = {node.name: 0 for node in config.nodes}
        self.el = {node.name: NodeTally((node.name, node.tier.value)) for node in config.nodes}
        self.cl = {node.name: NodeTally((node.name,)) for node in config.consensus}
        self.registry.register(TallyCollector("el", ("node", "tier"), self.el.values()))
        self.registry.register(TallyCollector("cl", ("node",), self.cl.values()))
        for node in config.nodes:
            both = (node.name, node.tier.value)
            for gauge in (self.el_node_block_number, self.el_node_lag_blocks, self.el_node_healthy):
                gauge.labels(*both)
            self.el_node_failing_methods.labels(*both)
            self.ws_upstream_node.labels(node.name)
            self.ws_upstream_node_connected.labels(node.name)
        for consensus in config.consensus:
            name = consensus.name
            for gauge in (self.cl_node_slot, self.cl_node_lag_slots, self.cl_node_healthy):
                gauge.labels(name)
        # counted at every message: plain numbers until somebody looks (a Counter's lock costs as much as the relaying)
        self.ws_messages_upstream = 0
        self.ws_messages_downstream = 0
        self.ws_reconnection_attempts_success = self.ws_reconnection_attempts.labels("success")
        self.ws_reconnection_attempts_failed = self.ws_reconnection_attempts.labels("failed")

    def text(self) -> bytes:
        """All series in Prometheus' text format. Called on the event loop."""
        self.tasks.set(len(asyncio.all_tasks()))
        self.ws_messages.labels("upstream").inc(self.ws_messages_upstream)
        self.ws_messages.labels("downstream").inc(self.ws_messages_downstream)
        self.ws_messages_upstream = self.ws_messages_downstream = 0
        return bytes(generate_latest(self.registry))

    def count(self, name: str, amount: float) -> None:
        """Add `amount` to the counter or gauge `name`, or observe it in the histogram of that name."""
        metric: Counter | Gauge | Histogram = getattr(self, name)
        if isinstance(metric, Histogram):
            metric.observe(amount)
        else:
            metric.inc(amount)

    def ws_moved(self, previous: str | None, node: str | None) -> None:
        """A WebSocket client that `previous` carried is carried by `node` now; None: by nobody."""
        for name, change in ((previous, -1), (node, 1)):
            if name is not None:
                self._carried[name] += change
                self.ws_upstream_node.labels(name).set(self._carried[name])
                self.ws_upstream_node_connected.labels(name).set(int(self._carried[name] > 0))

    def show(self, snapshot: Snapshot) -> None:
        """Bring the gauges of nodes and heads up to date."""
        for state in snapshot.nodes:
            self._show_node(state)
        for consensus in snapshot.consensus:
            self._show_consensus(consensus)
        self.el_chain_head.set(snapshot.el_head or 0)
        self.cl_chain_head.set(snapshot.cl_head or 0)
        self.el_healthy_nodes.set(sum(state.healthy for state in snapshot.nodes))
        self.cl_healthy_nodes.set(sum(state.healthy for state in snapshot.consensus))

    def _show_node(self, state: NodeState) -> None:
        both = (state.node.name, state.node.tier.value)
        self.el_node_block_number.labels(*both).set(state.block_number or 0)
        self.el_node_lag_blocks.labels(*both).set(state.lag)
        self.el_node_healthy.labels(*both).set(int(state.healthy))
        self.el_node_failing_methods.labels(*both).set(len(state.failing_methods))

    def _show_consensus(self, state: ConsensusState) -> None:
        name = state.node.name
        self.cl_node_slot.labels(name).set(state.slot or 0)
        self.cl_node_lag_slots.labels(name).set(state.lag)
        self.cl_node_healthy.labels(name).set(int(state.healthy))

    def _make_el(self) -> None:
        both = ("node", "tier")
        self.el_node_block_number = self._gauge("el_node_block_number", "Block number last seen", both)
        self.el_node_lag_blocks = self._gauge("el_node_lag_blocks", "Blocks behind the head", both)
        self.el_node_healthy = self._gauge("el_node_healthy", "1 while the node is healthy", both)
        self.el_node_failing_methods = self._gauge("el_node_failing_methods", "Methods that rest at the node", both)
        self.el_failover_active = self._gauge("el_failover_active", "1 while backups carry the traffic")
        self.el_failovers = self._counter("el_failovers", "How often traffic went over to backups")
        self.el_chain_head = self._gauge("el_chain_head", "The believed head of the execution chain")
        self.el_healthy_nodes = self._gauge("el_healthy_nodes", "Healthy execution nodes")

    def _make_cl(self) -> None:
        self.cl_node_slot = self._gauge("cl_node_slot", "Head slot last seen", ("node",))
        self.cl_node_lag_slots = self._gauge("cl_node_lag_slots", "Slots behind the head", ("node",))
        self.cl_node_healthy = self._gauge("cl_node_healthy", "1 while the node is healthy", ("node",))
        self.cl_chain_head = self._gauge("cl_chain_head", "The believed head slot")
        self.cl_healthy_nodes = self._gauge("cl_healthy_nodes", "Healthy consensus nodes")

    def _make_ws(self) -> None:
        self.ws_connections_active = self._gauge("ws_connections_active", "Open WebSocket clients")
        self.ws_connections = self._counter("ws_connections", "WebSocket clients accepted")
        self.ws_messages = self._counter(
            "ws_messages", "Messages to nodes (upstream) and to clients (downstream)", ("direction",)
        )
        self.ws_reconnections = self._counter("ws_reconnections", "Clients that moved to another upstream link")
        self.ws_reconnection_attempts = self._counter("ws_reconnection_attempts", "Dials for such moves", ("status",))
        self.ws_subscriptions_active = self._gauge("ws_subscriptions_active", "Open subscriptions")
        self.ws_subscriptions = self._counter("ws_subscriptions", "Subscriptions confirmed to clients")
        self.ws_upstream_node = self._gauge("ws_upstream_node", "WebSocket clients carried by the node", ("node",))
        self.ws_upstream_node_connected = self._gauge(
            "ws_upstream_node_connected", "1 while the node carries WebSocket clients", ("node",)
        )
        self.ws_messages_queued = self._counter("ws_messages_queued", "Requests that had to wait for a node")
        self.ws_queue_size = self._gauge("ws_queue_size", "Requests that wait for a node now")
        self.ws_queue_full = self._counter("ws_queue_full", "Requests refused because the queue was full")
        self.ws_requests_resent = self._counter("ws_requests_resent", "Reads written to one more node")
        self.ws_backfilled_blocks = self._counter("ws_backfilled_blocks", "Heads fetched after a switch")
        self.ws_gaps_unfilled = self._counter("ws_gaps_unfilled", "Clients closed because their gap was too wide")
        self.ws_slow_clients = self._counter("ws_slow_clients", "Clients closed because they read too slowly")
        self.ws_strangers_dropped = self._counter("ws_strangers_dropped", "Answers of nodes that nobody waited for")
        self.ws_gap_seconds = self._histogram("ws_gap_seconds", "Time that clients spent without an upstream link")
        self.ws_pending_tx_gap_seconds = self._counter(
            "ws_pending_tx_gap_seconds", "Time that newPendingTransactions could not be served"
        )

    def _counter(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"vixy_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"vixy_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str) -> Histogram:
        return Histogram(f"vixy_{name}", about, registry=self.registry, buckets=BUCKETS)
