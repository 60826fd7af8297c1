"""Streams with holes, repetitions or the wrong branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mutants.catalogue import STEPS, mutant
from mutants.incident import HOME
from mutants.patch import edit, swap
from proxy.session.continuity import Continuity
from proxy.session.heads import Refill
from proxy.session.subscriptions import Subscription

if TYPE_CHECKING:
    from proxy.session.heads import Head

AWAY: Final = "streams: A reorg while the node in use is away"
SILENT: Final = "links: A link that falls silent is noticed by the proxy's own pings"  # a gap of one block or two
STALLED: Final = "health: A node whose head stands still is left"  # a gap as wide as the lag that is allowed


@mutant(
    "Heads that a client missed are not fetched.",
    mode="mode.S4",
    caught_by=("heads_continuous",),
    shown_by=(STALLED,),
)
def leaves_gaps() -> None:
    edit(Refill, "step", "if tip is None or head.parent == tip.hash:", "if True:")


@mutant(
    "The newest head is told again after each switch.",
    mode="mode.S4",
    caught_by=("heads_continuous",),
    shown_by=(
        HOME,
        "streams: Heads are continuous through ten switches",
    ),
)
def repeats_heads() -> None:
    edit(Refill, "step", "if chain.knows(head.hash):", "if head.event is not None and chain.knows(head.hash):")


@mutant(
    "Heads that were fetched are told newest first.",
    mode="mode.S4",
    caught_by=("heads_continuous",),
    shown_by=(STALLED,),
)
def refills_backwards() -> None:
    edit(Refill, "_join", "return Deliver(path, path[0]", "return Deliver(path[::-1], path[0]")


@mutant(
    "Logs that a client missed are not fetched.",
    mode="mode.S4",
    caught_by=("heads_continuous", "subscriptions_survive"),
    shown_by=(SILENT,),
)
def loses_logs() -> None:
    edit(Continuity, "_ask_logs", "if first > last:", "if True:")


@mutant(
    "After a switch the logs of replaced blocks are never taken back.",
    mode="mode.S8",
    caught_by=("heads_continuous",),
    shown_by=(AWAY,),
)
def keeps_orphaned_logs() -> None:
    swap(Continuity, "_tell_removed", lambda _continuity, _subscription, _logs: None)


@mutant(
    "Of a new branch only the heads at the height of the old one and above are told.",
    mode="mode.S8",
    caught_by=("heads_continuous",),
    shown_by=("streams: A reorg is told in order",),
)
def skips_the_new_branch() -> None:
    def offer(refill: Refill, head: Head) -> None:
        tip = refill._chain.tip
        if tip is None or head.number >= tip.number:
            original(refill, head)

    original = swap(Refill, "offer", offer)
    edit(Refill, "step", "if tip is None or head.parent == tip.hash:", "if True:")


@mutant(
    "A gap that is too wide to be filled is left as it is, without a word.",
    mode="mode.S4",
    caught_by=("heads_continuous", STEPS),
    shown_by=("streams: Who has missed more than can be caught up with is told so",),
)
def goes_on_above_a_wide_gap() -> None:
    goes_on = "self._waiting.popleft()\n        self._meets(head)\n        return Deliver([head], head.number - 1)\n"
    edit(
        Refill,
        "_join",
        'return TooFar(f"{head.number - tip.number} blocks behind',
        f'{goes_on}        return TooFar(f"{{head.number - tip.number}} blocks behind',
    )


@mutant(
    "Logs that were missed are fetched without the filter of the subscription.",
    mode="mode.S4",
    caught_by=("subscriptions_survive",),
    shown_by=(STALLED,),
)
def refills_without_the_filter() -> None:
    edit(Subscription, "logs_request", 'for name in ("address", "topics")', "for name in ()")
