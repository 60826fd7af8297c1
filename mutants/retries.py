"""What goes to a node that it should not go to."""

from __future__ import annotations

from typing import Final

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit, swap
from proxy import jsonrpc
from proxy.breaker import Breaker
from proxy.session.desk import Desk
from proxy.shell import http
from proxy.shell.exchange import Exchange
from proxy.shell.http import ExecutionLayer

GONE: Final = "flights: {} over WebSocket is written to one node only, though that node is gone before it answers"


@mutant(
    "Over WebSocket whatever was on its way to a lost node is sent to the next one, transactions too.",
    caught_by=("sends_once",),
    shown_by=(GONE.format("eth_sendRawTransaction"),),
)
def sends_twice_over_websocket() -> None:
    edit(Desk, "salvage", "(call.read and call.tries", "(call.tries")


@mutant(
    "Only transactions are taken for what may change something: whatever nobody knows is sent twice.",
    caught_by=("sends_once",),
    shown_by=(GONE.format("eth_sendBundle"),),
)
def takes_the_unknown_for_reads() -> None:
    swap(jsonrpc, "is_read", lambda method: method not in {"eth_sendRawTransaction", "eth_sendTransaction"})


@mutant(
    "A batch counts as a read if any part of it is one.",
    caught_by=("sends_once",),
    shown_by=("flights: A batch with a transaction in it is written to one node only",),
)
def takes_batches_for_reads() -> None:
    edit(http, "_read_call", "all(_is_read(item) for item in value)", "any(_is_read(item) for item in value)")


@mutant(
    "A node that asks for a rest is asked for everything first, as before.",
    mode="mode.H6",
    caught_by=(STEPS,),
    shown_by=("http: A node that asks for a rest has it",),
)
def gives_no_rest() -> None:
    swap(Breaker, "limited", lambda _breaker, _name, _retry_after, _now: None)


@mutant(
    "Posts that wait for a node stay with it when it has fallen silent.",
    mode="mode.L6",
    caught_by=("fails_over",),
    shown_by=("flights: No post waits for a node that falls silent",),
)
def stays_with_the_silent() -> None:
    edit(Exchange, "nodes_changed", "elif movable and", "elif False and")
    swap(Exchange, "_ask_a_second", lambda _exchange, _first, _now: None)


@mutant(
    "Posts go on to the backup that took over, though the primary is back.",
    mode="issue.5",
    caught_by=(STEPS,),
    shown_by=("http: No post fails while the primary is killed",),
)
def posts_stay_on_the_backup() -> None:
    last: list[str] = []

    def order(layer: ExecutionLayer, exchange: Exchange) -> tuple[str, ...]:
        usable = original(layer, exchange)
        last[:] = [name for name in last if name in usable] or usable[:1]
        return (*last, *(name for name in usable if name not in last))

    original = swap(ExecutionLayer, "order", order)
