"""A run as a value: its entries in the order of time, and what follows from them, worked out once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from e2e.ledger.chain import Chain
from e2e.ledger.entries import Block, Drifted, Injected, Marked, Scraped
from e2e.ledger.exchanges import Matcher
from e2e.ledger.faults import pair
from e2e.ledger.subscriptions import event_result, trace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Entry
    from e2e.ledger.meta import Meta
    from e2e.ledger.subscriptions import Subscription

E = TypeVar("E")

DIRECT = "direct-"
"""A client whose name starts so is connected straight to a node, and witnesses what a proxy's client should see."""

SETTLED = "settled"
"""The mark after which the harness asks for nothing more: whatever was owed has been given its time."""


class History:
    """Immutable. Clients connected straight to a node are kept apart, as `direct`: they are no proxy's clients."""

    def __init__(self, entries: Iterable[Entry], meta: Meta) -> None:
        self.meta = meta
        self.entries = tuple(sorted(entries, key=lambda entry: entry.at))
        self.end = self.entries[-1].at if self.entries else 0.0
        matcher = Matcher().feed(self.entries)
        subscriptions, orphans = trace(matcher.connections)
        self.exchanges = tuple(each for each in matcher.exchanges if not is_direct(each.request.client))
        self.connections = tuple(each for each in matcher.connections if not is_direct(each.client))
        self.strays = tuple(each for each in matcher.strays if not is_direct(each.received.client))
        self.orphans = tuple(each for each in orphans if not is_direct(each.client))
        self.subscriptions = tuple(each for each in subscriptions if not is_direct(each.client))
        self.direct = tuple(each for each in subscriptions if is_direct(each.client))
        self.faults = pair(self.entries)
        self.chain = Chain.of(self.of(Block), [each.at for each in self.of(Injected) if each.fault == "reorg"])
        self.chain.heard_of(_heads_told(subscriptions))
        self.scrapes = tuple(self.of(Scraped))
        self.drifts = tuple(self.of(Drifted))
        self.by_client = _by_client(self.entries)
        self._marks = self.of(Marked)
        settled = self.mark(SETTLED)
        # The end of the run, where the harness died before it could say that it was asked for the last thing.
        self.settled = self.end if settled is None else settled.at

    def of(self, kind: type[E]) -> list[E]:
        """The entries of one type, in order."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def mark(self, name: str) -> Marked | None:
        """The first mark of this name."""
        return next((mark for mark in self._marks if mark.name == name), None)

    def lateness(self, since: float, until: float) -> float:
        """The worst lag of the harness's own clock in an interval, in seconds."""
        return max(
            (each.late for each in self.drifts if since <= each.at and each.at - each.late <= until), default=0.0
        )

    def pressure(self, since: float, until: float) -> float:
        """The share of an interval in which somebody on the machine waited for a CPU; 0.0 where that is not known."""
        looks = [each.pressure for each in self.drifts if since <= each.at <= until]
        return sum(looks) / len(looks) if looks else 0.0


def _heads_told(subscriptions: Iterable[Subscription]) -> dict[str, float]:
    """The hash of each head of which somebody was told → when that was first."""
    told: dict[str, float] = {}
    for subscription in subscriptions:
        for event in subscription.events if subscription.kind == "newHeads" else ():
            result = event_result(event)
            name = result.get("hash") if isinstance(result, dict) else None
            if isinstance(name, str):
                told[name] = min(event.at, told.get(name, event.at))
    return told


def is_direct(client: str) -> bool:
    return client.startswith(DIRECT)


def _by_client(entries: tuple[Entry, ...]) -> dict[str, tuple[Entry, ...]]:
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        client = getattr(entry, "client", None)
        if client is not None:
            grouped[client].append(entry)
    return {client: tuple(each) for client, each in grouped.items()}
