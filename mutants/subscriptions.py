"""Subscriptions that die, or that nobody can end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mutants.catalogue import STEPS, mutant
from mutants.incident import THREE_STREAMS
from mutants.patch import edit, swap
from proxy.session.desk import Desk
from proxy.session.events import Count
from proxy.session.link import Link
from proxy.session.streams import Streams
from proxy.session.subscriptions import Book, Subscription

if TYPE_CHECKING:
    from random import Random

    from proxy.session.calls import Call
    from proxy.session.link import Commands
    from proxy.session.settings import Settings

UNSUBSCRIBING: Final = "streams: Unsubscribing works after a switch"


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
    shown_by=(UNSUBSCRIBING,),
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


@mutant(
    "A subscription is made again without its filter, and whatever else was asked for.",
    mode="mode.S3",
    caught_by=("subscriptions_survive",),
    shown_by=("subscriptions: Five subscriptions maintained after reconnection",),
)
def restores_without_the_filter() -> None:
    every = "[{}] if subscription.kind is Kind.LOGS else []"
    alone = f'ask("eth_subscribe", [subscription.request.params[0], *({every})])'
    edit(Streams, "replay", "REPLAY, subscription.request,", f"REPLAY, {alone},")


@mutant(
    "A subscription that its client has ended comes back to life at the next switch.",
    mode="mode.S1",
    caught_by=("no_strangers",),
    shown_by=(UNSUBSCRIBING,),
)
def revives_the_dead() -> None:
    ended: set[bytes] = set()

    def remove(book: Book, key: bytes) -> bool:
        if key in ended or book.get(key) is None:
            return False
        ended.add(key)
        book._out.append(Count("ws_subscriptions_active", -1))
        return True

    swap(Book, "remove", remove)


@mutant(
    "Streams of one kind share what the node sends: the first that is ended ends it for all.",
    caught_by=("heads_continuous", "subscriptions_survive", STEPS),
    shown_by=(UNSUBSCRIBING,),
)
def ends_what_others_share() -> None:
    edit(
        Streams,
        "unsubscribe",
        "self._forget(key, links, now)\n    if not self.book.needs_feed and",
        "self._forget(key, links, now)\n    if True or",
    )


@mutant(
    "Whoever knows the id of a subscription can end it, whosever it is.",
    caught_by=("heads_continuous", "subscriptions_survive", STEPS),
    shown_by=(UNSUBSCRIBING,),
)
def ends_what_is_not_ones_own() -> None:
    books: list[Book] = []

    def init(book: Book, settings: Settings, rng: Random, out: Commands) -> None:
        original(book, settings, rng, out)
        books.append(book)

    original = swap(Book, "__init__", init)
    removed = swap(Book, "remove", lambda _book, key: any(removed(each, key) for each in books))


@mutant(
    "What a client has subscribed to after its first switch is lost at the next one.",
    mode="mode.S5",
    caught_by=("subscriptions_survive", STEPS),
    shown_by=(UNSUBSCRIBING,),
)
def restores_what_came_first() -> None:
    late: set[bytes] = set()

    def add(book: Book, call: Call) -> Subscription:
        made: Subscription = added(book, call)
        if call.node is not None and "backup" in call.node:
            late.add(made.key)
        return made

    def replay(streams: Streams, link: Link, now: float) -> None:
        entries = streams.book._entries
        hidden = {key: entries.pop(key) for key in late & entries.keys()}
        replayed(streams, link, now)
        entries.update(hidden)

    added = swap(Book, "add", add)
    replayed = swap(Streams, "replay", replay)
