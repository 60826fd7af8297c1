"""Nodes misjudged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mutants.catalogue import STEPS, mutant
from mutants.patch import constant, edit, swap
from proxy import breaker, jsonrpc, routing
from proxy.head import HeadBelief
from proxy.health import HealthBook
from proxy.shell import http, monitor, probes
from proxy.shell.exchange import Exchange

if TYPE_CHECKING:
    from proxy.health import Observation
    from proxy.shell.pool import Pool

FAILS_BY_ITSELF: Final = (
    "health: A method at which one node fails by itself is asked of another one, and no other method is"
)


@mutant(
    "Nodes are probed one after another, without a time-out.",
    mode="issue.3",
    caught_by=(STEPS,),
    shown_by=("health: A node that accepts and never answers delays nobody",),
)
def probes_one_after_another() -> None:
    lock = asyncio.Lock()
    swap(HealthBook, "_doubt", lambda _book, _record, _now: None)

    async def probe(pool: Pool, limit: float, *, new: bool) -> Observation:
        async with lock:
            seen: Observation = await original(pool, 1000 * limit, new=new)
            return seen

    original = swap(monitor, "probe_execution", probe)


@mutant(
    "The highest head is believed, whoever claims it.",
    mode="mode.H9",
    caught_by=(STEPS,),
    shown_by=("health: One node's absurd head is not believed alone: 0x1000000000000000",),
)
def believes_any_head() -> None:
    swap(HeadBelief, "_most_credible", lambda _belief, ranked, _now: ranked[0])


@mutant(
    "One probe that stays unanswered makes a node unhealthy.",
    mode="mode.H7",
    caught_by=(STEPS,),
    shown_by=("health: A lost probe now and then changes nothing",),
)
def flips_at_one_probe() -> None:
    edit(HealthBook, "_doubt", "if now >= since + SILENCE and any(", "if others or any(")


@mutant(
    "A node that is still syncing counts as healthy.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=("health: A node that is syncing serves nobody",),
)
def ignores_syncing() -> None:
    edit(HealthBook, "_answered", "if answer.syncing or behind", "if behind")


@mutant(
    "How far a node is behind the others is of no interest.",
    caught_by=(STEPS, "fails_over", "heads_continuous"),
    shown_by=("health: A node whose head stands still is left",),
)
def ignores_lag() -> None:
    edit(HealthBook, "_answered", " or behind > self._max_lag", "")


@mutant(
    "A probe that is answered with status 500 counts as good if its body looks well.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=("health: An answer with status 500 is no good probe, whatever its body",),
)
def ignores_the_status() -> None:
    edit(probes, "_object", "if status != 200:", "if False:")


@mutant(
    "A block number may have more bits than anything can hold that shows or compares it.",
    mode="mode.H9",
    caught_by=(STEPS,),
    shown_by=("health: One node's absurd head is not believed alone: 0x10000000000000000",),
)
def takes_any_number() -> None:
    edit(probes, "_number", "if number not in _NUMBERS:", "if False:")


@mutant(
    "A node that fails one method for ever is asked for it for ever.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=("health: Reads go elsewhere while half of a node's methods fail",),
)
def rests_no_method() -> None:
    constant(breaker, "METHOD_STRIKES", 1 << 62)


@mutant(
    "-32603 of a node is the client's to see, though another node would answer.",
    mode="mode.H8",
    caught_by=(STEPS, "answered_once"),
    shown_by=(FAILS_BY_ITSELF,),
)
def passes_internal_errors_on() -> None:
    edit(Exchange, "answered", "if self.read and (doubted or", "if self.read and (")


@mutant(
    "The 404 of a front whose node is gone is the client's to see, though another node would answer.",
    mode="mode.H6",
    caught_by=("answered_once", STEPS),
    shown_by=("http: A node that answers 404 rests while another one is idle",),
)
def passes_pages_of_fronts_on() -> None:
    constant(http, "_OF_FRONTS", frozenset())


@mutant(
    "-32603 is not seen in an answer that the node has packed with gzip, as most clients ask for.",
    mode="mode.H8",
    caught_by=(STEPS, "answered_once"),
    shown_by=(FAILS_BY_ITSELF,),
)
def unpacks_no_answer() -> None:
    edit(jsonrpc, "is_internal_error", "if answer.startswith(_GZIP):", "if False:")


@mutant(
    "That a node fails a method at which others do not is kept from health.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=(FAILS_BY_ITSELF,),
)
def blames_nobody_for_internal_errors() -> None:
    swap(Exchange, "_blame_doubted", lambda exchange: exchange._doubted.clear())


@mutant(
    "Backups come before primaries.",
    caught_by=(STEPS,),
    shown_by=(
        "routing: A healthy primary is asked, a backup is not",
        "routing: Clients are carried by primaries",
        "routing: The second primary comes before any backup",
    ),
)
def prefers_backups() -> None:
    edit(routing, "_by_tier", "(*primaries, *backups)", "(*backups, *primaries)")


@mutant(
    "A consensus node that is syncing counts as healthy.",
    mode="mode.H8",
    caught_by=(STEPS,),
    shown_by=("consensus_layer: A consensus node that is syncing is not asked while another one is well",),
)
def asks_consensus_that_syncs() -> None:
    edit(monitor, "probe_consensus", "syncing=status == 206", "syncing=False")
