"""What the proxy says of itself is wrong."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.incident import HOME
from mutants.patch import edit
from proxy.session.subscriptions import Book
from proxy.shell.metrics import Metrics
from proxy.shell.monitor import Monitor
from proxy.shell.status import StatusPages
from proxy.shell.websocket import WebSocketGate


@mutant(
    "Clients that left are counted for ever.",
    mode="mode.C1",
    caught_by=("counted_right",),
    shown_by=("load: Clients that are gone without a word leave nothing behind",),
)
def counts_the_gone() -> None:
    edit(WebSocketGate, "left", "self.metrics.ws_connections_active.dec()", "pass")


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
    "The flag that backups carry the traffic stays up.",
    mode="mode.H12",
    caught_by=(STEPS,),
    shown_by=("metrics_and_status: The failover flag says when backups serve, and no longer",),
)
def never_ends_failover() -> None:
    edit(Monitor, "_tell_of_failover", ".set(int(active))", ".inc(int(active))")
