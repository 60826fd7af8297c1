"""What the proxy says of itself is wrong."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.incident import HOME
from mutants.patch import edit, swap
from proxy import routing
from proxy.session.desk import Desk
from proxy.session.session import Session
from proxy.session.subscriptions import Book
from proxy.shell import status
from proxy.shell.metrics import Metrics
from proxy.shell.monitor import Monitor
from proxy.shell.status import StatusPages
from proxy.shell.websocket import Client, WebSocketGate


@mutant(
    "Clients that left are counted for ever.",
    mode="mode.C1",
    caught_by=("counted_right",),
    shown_by=(
        "load: Clients that are gone without a word leave nothing behind",
        "load: Clients that come and go leave memory and gauges as they were: 300",
    ),
)
def counts_the_gone() -> None:
    edit(WebSocketGate, "left", "self.metrics.ws_connections_active.dec()", "pass")


@mutant(
    "The link to a node outlives the client it was for.",
    mode="mode.C1",
    caught_by=(STEPS,),
    shown_by=("load: Clients that are gone without a word leave nothing behind",),
)
def keeps_links_of_the_gone() -> None:
    edit(Session, "_end", "self._out += [ev.HangUp(epoch) for epoch in self._links]", "pass")
    edit(Client, "on_ws_disconnected", "link.hang_up()", "pass")


@mutant(
    "Subscriptions of clients that left are counted for ever.",
    mode="mode.H11",
    caught_by=("counted_right",),
    shown_by=("metrics_and_status: Gauges equal what is there after switches and leaves",),
)
def counts_dead_subscriptions() -> None:
    edit(Book, "clear", "-len(self)", "0")


@mutant(
    "A node that clients have left is shown as carrying them still.",
    mode="mode.H11",
    caught_by=("returns_home", STEPS),
    shown_by=(HOME,),
)
def shows_the_node_before() -> None:
    edit(Metrics, "ws_moved", "((previous, -1), (node, 1))", "((None, -1), (node, 1))")


@mutant(
    "The proxy says that it is ready without a healthy node.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: Not ready without a healthy node, and alive all the same",),
)
def always_ready() -> None:
    edit(StatusPages, "_ready", "200 if healthy else 503", "200")


@mutant(
    "The proxy says that it is not ready while backups carry the traffic.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: Ready as long as any node is healthy",),
)
def ready_with_a_primary_only() -> None:
    home = "not routing.failover_active(self._monitor.snapshot)"
    edit(StatusPages, "_ready", "200 if healthy else 503", f"200 if healthy and {home} else 503")


@mutant(
    "The status page never says that backups carry the traffic.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: The failover flag says when backups serve, and no longer",),
)
def denies_failover() -> None:
    edit(status, "status_document", "routing.failover_active(snapshot)", "False")


@mutant(
    "The flag that backups carry the traffic waits until all consensus nodes are well.",
    mode="mode.H12",
    caught_by=(STEPS,),
    shown_by=("consensus_layer: Failover does not wait for a consensus node that never answers",),
)
def waits_for_consensus() -> None:
    well = "all(state.healthy for state in snapshot.consensus)"
    edit(routing, "failover_active", "return bool(order)", f"return {well} and bool(order)")


@mutant(
    "A series is missing.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: Every series is there from the start",),
)
def misnames_a_series() -> None:
    edit(Metrics, "__init__", 'self._counter("http_retries"', 'self._counter("http_retry"')


@mutant(
    "API keys in the URLs of nodes are shown.",
    mode="mode.H10",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: Secrets in the URLs of nodes are kept, also when a node is gone",),
)
def shows_secrets() -> None:
    swap(status, "_node", lambda state: {"name": state.node.name, "http_url": state.node.http_url})


@mutant(
    "The status page lists no nodes.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: The status page lists the nodes with their heads",),
)
def lists_no_nodes() -> None:
    edit(status, "status_document", "[_node(state) for state in snapshot.nodes]", "[]")


@mutant(
    "Requests that gave up waiting for a node are counted as waiting for ever.",
    mode="mode.H11",
    caught_by=("counted_right",),
    shown_by=("metrics_and_status: Who gave up waiting for a node is counted as waiting no more",),
)
def counts_who_waited() -> None:
    edit(Desk, "expire", "if before != len(self._waiting):", "if False:")


@mutant(
    "By the metrics each node is healthy, whatever the status page says.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=("health: A node that is syncing serves nobody",),
)
def calls_everybody_healthy() -> None:
    edit(Metrics, "_show_node", "set(int(state.healthy))", "set(1)")


@mutant(
    "Each failover is counted twice.",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: The failover flag says when backups serve, and no longer",),
)
def counts_failovers_twice() -> None:
    edit(Monitor, "_tell_of_failover", "el_failovers.inc()", "el_failovers.inc(2)")
