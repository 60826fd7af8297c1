"""Subscriptions that die, or that nobody can end."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.incident import THREE_STREAMS
from mutants.patch import edit, swap
from proxy.session.desk import Desk
from proxy.session.link import Link
from proxy.session.streams import Streams
from proxy.session.subscriptions import Book


@mutant(
    "After a switch only newHeads is subscribed to again.",
    mode="issue.2",
    caught_by=("subscriptions_survive", "heads_continuous"),
    shown_by=(THREE_STREAMS,),
)
def replays_heads_only() -> None:
    edit(Streams, "replay", "if subscription.kind is not Kind.HEADS and", "if False and")


@mutant(
    "eth_unsubscribe reaches the node under the id that the client knows, which the node does not.",
    mode="mode.S1",
    caught_by=("subscriptions_survive", "no_strangers", STEPS),
    shown_by=("streams: Unsubscribing works after a switch",),
)
def passes_unsubscribe_on() -> None:
    swap(Streams, "unsubscribe", lambda _streams, _links, _call, _now: None)


@mutant(
    "All clients share one table of the nodes' subscription ids.",
    mode="mode.S2",
    caught_by=("answered_once", "heads_continuous", "subscriptions_survive", "no_strangers"),
    shown_by=("streams: Nodes that hand out the same small ids",),
)
def shares_names() -> None:
    shared: dict[bytes, bytes] = {}

    def init(link: Link, epoch: int, node: str, dial_deadline: float) -> None:
        original(link, epoch, node, dial_deadline)
        link.names = shared

    original = swap(Link, "__init__", init)


@mutant(
    "A subscription that the new node refuses is forgotten.",
    mode="mode.S3",
    caught_by=("subscriptions_survive", STEPS),
    shown_by=("streams: A node that refuses a subscription is passed over",),
)
def forgets_what_is_refused() -> None:
    edit(Streams, "_replayed", "raise LinkUnfit(_REFUSES)", "return")


@mutant(
    "A subscription made in a batch never hears of anything.",
    mode="mode.S5",
    caught_by=("subscriptions_survive", "heads_continuous", STEPS),
    shown_by=("streams: Subscriptions made in a batch go on after a switch",),
)
def holds_batches_for_ever() -> None:
    swap(Book, "batch_answered", lambda _book, _keys: None)


@mutant(
    "An eth_subscribe whose confirmation was on its way when the node went is forgotten.",
    mode="mode.S5",
    caught_by=("answered_once", STEPS),
    shown_by=("streams: A subscription whose confirmation was on its way at the switch",),
)
def forgets_subscribing() -> None:
    edit(Desk, "salvage", "if call.done:", "if call.done or call.subscribes:")


@mutant(
    "A subscription that its node confirms twice is there twice, and the second time nobody has asked for it.",
    mode="mode.S5",
    caught_by=(STEPS, "answered_once", "no_strangers", "subscriptions_survive"),
    shown_by=("streams: A subscription that its node confirms twice is one",),
)
def believes_every_confirmation() -> None:
    edit(Streams, "holds", "return True  # a node that says it twice", "pass")
