"""Heads and logs of one client, told exactly once over any number of links.

All newHeads subscriptions of a session live on one *feed*, an upstream subscription under the key FEED. It is also the
clock by which logs know how far they were told. What a switch missed is fetched from the new node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy.session.calls import BLOCK, IGNORE, LATEST, LOGS, Errand
from proxy.session.events import Count
from proxy.session.heads import Chain, Deliver, Fetch, Head, Refill, TooFar, read_head
from proxy.session.link import Commands, Link, LinkUnfit, Rejoin, decoded
from proxy.session.logs import Log, log_text, read_log
from proxy.session.subscriptions import Book, Kind, Subscription, ask, notification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proxy.jsonrpc import NodeEvent
    from proxy.session.settings import Settings

FEED = b"feed"
_LATEST = ask("eth_getBlockByNumber", ["latest", False])


class GapTooWide(Exception):  # noqa: N818 - a verdict, not a mishap
    """What the client missed cannot be filled: it must be told so."""


class Continuity:
    def __init__(self, settings: Settings, book: Book, out: Commands) -> None:
        self._settings = settings
        self._book = book
        self._out = out
        self._chain = Chain(settings.backfill_blocks)

    @property
    def is_rooted(self) -> bool:
        """Whether it is known up to which block the client was told, or has no need to be."""
        return self._chain.tip is not None

    # ---- the feed begins, moves, ends -------------------------------------------------------------------------

    def begins(self, link: Link, subscription: Subscription) -> None:
        """A new subscription: its logs are owed from the node's next block on."""
        newest = None if link.refill is None else link.refill.newest
        # a node that took the chain over may be far above what was told: wait until it says how far
        if newest is None and link.rejoin is None and self._chain.tip is not None:
            newest = self._chain.tip.number
        if subscription.logs is not None and newest is not None:
            subscription.logs.first_block = newest + 1

    def feed_named(self, link: Link, upstream: bytes, now: float) -> None:
        """The node confirmed the feed as `upstream`: see where its chain stands."""
        link.names[upstream] = FEED
        if self._chain.tip is not None:  # another link told the chain so far
            link.rejoin = Rejoin(self._chain.tip.number)
            # the others are added when they are named: asked before, their logs would have a hole up to then
            for subscription in self._book.of(Kind.LOGS):
                if link.has(subscription.key):
                    self._hold(link.rejoin, subscription)
        link.refill = Refill(self._chain, self._settings.backfill_blocks)
        link.send_errand(self._out, Errand(LATEST, now + self._settings.errand_timeout), _LATEST)

    def log_named(self, link: Link, key: bytes, now: float) -> None:
        """The node confirmed the logs subscription `key` that another link had: see what it missed."""
        subscription = self._book.get(key)
        if subscription is None or subscription.logs is None:
            return
        if link.rejoin is not None and key not in link.rejoin.held:
            self._hold(link.rejoin, subscription)
            if link.refill is not None and link.refill.is_idle:
                self._ask_logs(link, now)

    def _hold(self, rejoin: Rejoin, subscription: Subscription) -> None:
        """Keep live logs back until those that a switch may have cost are told."""
        assert subscription.logs is not None  # noqa: S101 - both callers looked
        rejoin.held[subscription.key] = []
        subscription.logs.range_from(rejoin.told, rejoin.fork)

    def ends(self, links: Iterable[Link]) -> None:
        """Nobody follows the chain any more."""
        self._chain = Chain(self._settings.backfill_blocks)
        for link in links:
            link.leave_chain()

    # ---- what the node says -----------------------------------------------------------------------------------

    def latest(self, link: Link, block: Any, now: float) -> None:
        """The node's newest block when it took the feed over."""
        head = read_head(block)
        if head is None:
            raise LinkUnfit("does not give its latest block")
        if link.refill is None:
            return
        if self._chain.tip is None:
            self._chain.root(head)
            self._owe_logs_from(head.number + 1)
        # an event that came first has told more; and on a first link there is nothing to catch up with
        elif link.rejoin is not None and link.refill.newest is None:
            self._offer(link, head)
        self._advance(link, now)

    def fetched(self, link: Link, errand: Errand, block: Any, now: float) -> None:
        """A block that the client missed."""
        head = read_head(block)
        if head is None or (head.hash.encode() != errand.about if errand.about else head.number != errand.first):
            raise LinkUnfit("does not give the blocks that the client missed")
        if link.refill is not None:
            link.refill.fetched(head)
            self._advance(link, now)

    def announced(self, link: Link, frame: NodeEvent, data: bytes, now: float) -> None:
        """A head on the feed."""
        head = read_head(event_result(data), (data[: frame.start], data[frame.end :]))
        if head is not None and link.refill is not None:
            self._offer(link, head)
            self._advance(link, now)

    def _offer(self, link: Link, head: Head) -> None:
        assert link.refill is not None  # noqa: S101 - both callers looked
        link.refill.offer(head)
        self._owe_logs_from(head.number if head.event is not None else head.number + 1)

    # ---- heads ------------------------------------------------------------------------------------------------

    def _advance(self, link: Link, now: float) -> None:
        """Tell what can be told of the link's heads; ask for what is missing."""
        assert link.refill is not None  # noqa: S101 - all callers looked
        while True:
            step = link.refill.step()
            if isinstance(step, Deliver):
                if link.rejoin is not None:
                    link.rejoin.fork = min(link.rejoin.fork, step.fork)
                self._tell_heads(link, step.heads)
                if step.gone:
                    self._reorganised(link, step, now)
                continue
            if isinstance(step, Fetch):
                self._fetch(link, step, now)
            elif isinstance(step, TooFar):
                raise GapTooWide(step.reason)
            elif link.refill.is_idle:
                self._ask_logs(link, now)
                first = link.refill.found()
                if first is not None:
                    for subscription in self._book.of(Kind.LOGS):
                        self._compare(link, subscription, first, now)
            return

    def _fetch(self, link: Link, step: Fetch, now: float) -> None:
        deadline = now + self._settings.errand_timeout
        for block in step.wanted:
            if isinstance(block, int):
                request = ask("eth_getBlockByNumber", [hex(block), False])
                errand = Errand(BLOCK, deadline, first=block)
            else:
                request = ask("eth_getBlockByHash", [block, False])
                errand = Errand(BLOCK, deadline, block.encode())
            link.send_errand(self._out, errand, request)

    def _tell_heads(self, link: Link, heads: list[Head]) -> None:
        followers = self._book.of(Kind.HEADS)
        for head in heads:
            if head.event is not None:
                before, after = head.event
                for follower in followers:
                    self._book.tell(follower, before + follower.key + after)
            else:
                header = self._chain.header(head)
                for follower in followers:
                    self._book.tell(follower, notification(follower.key, header))
                self._out.append(Count("ws_backfilled_blocks"))
        for subscription in self._book.of(Kind.LOGS):
            assert subscription.logs is not None  # noqa: S101 - the kind says so
            # what is still to be compared with the node's logs may lie a whole gap deeper
            if link.rejoin is None or (link.is_restored and not link.rejoin.held):
                subscription.logs.forget_below(heads[-1].number)

    def _reorganised(self, link: Link, step: Deliver, now: float) -> None:
        """Blocks are gone: a node that never had them does not say so of their logs."""
        for subscription in self._book.of(Kind.LOGS):
            assert subscription.logs is not None  # noqa: S101 - the kind says so
            gone = subscription.logs.remove_blocks(step.gone)
            self._tell_removed(subscription, gone)
            subscription.logs.owe_from(step.fork + 1)
            if gone:
                self._compare(link, subscription, step.fork + 1, now)

    def _compare(self, link: Link, subscription: Subscription, first: int, now: float) -> None:
        """Look which logs the node has from block `first` on.

        Heads may wait for a block where logs run ahead: the node may have gone back to those blocks since.
        """
        assert subscription.logs is not None  # noqa: S101 - the caller looked
        first = subscription.logs.misses_from(first)
        if link.rejoin is None:
            link.rejoin = Rejoin(first - 1)
        rejoin, key = link.rejoin, subscription.key
        newest = None if link.refill is None else link.refill.newest
        # what is not named yet, or not asked for yet, will be compared anyway
        if newest is not None and link.has(key) and (key in rejoin.asked or key not in rejoin.held):
            # asked before the reorg and answered after it, the logs of the new branch would begin above its fork
            for errand in link.logs_errands(key):
                errand.purpose = IGNORE
            rejoin.asked.add(key)
            rejoin.held.setdefault(key, [])
            errand = Errand(LOGS, now + self._settings.errand_timeout, key, first, newest)
            link.send_errand(self._out, errand, subscription.logs_request(first))

    # ---- logs -------------------------------------------------------------------------------------------------

    def _owe_logs_from(self, first: int) -> None:
        for subscription in self._book.of(Kind.LOGS):
            if subscription.logs is not None and subscription.logs.first_block is None:
                subscription.logs.first_block = first

    def _ask_logs(self, link: Link, now: float) -> None:
        """The heads are told: ask for the logs of the blocks that a switch may have cost."""
        rejoin = link.rejoin
        newest = None if link.refill is None else link.refill.newest
        if rejoin is None or newest is None:
            return
        for key in [key for key in rejoin.held if key not in rejoin.asked]:
            rejoin.asked.add(key)
            subscription = self._book.get(key)
            if subscription is None or subscription.logs is None:
                del rejoin.held[key]
                continue
            first, last = subscription.logs.range_from(rejoin.told, rejoin.fork), newest
            if first > last:  # this node is behind what the client knows, and will tell it live
                subscription.logs.misses_nothing()
                self._release(link, subscription)
                continue
            errand = Errand(LOGS, now + self._settings.errand_timeout, key, first, last)
            link.send_errand(self._out, errand, subscription.logs_request(first))

    def logs_fetched(self, link: Link, errand: Errand, result: Any) -> None:
        """The node's logs of the blocks that the errand asked for."""
        subscription = self._book.get(errand.about)
        if not isinstance(result, list):
            raise LinkUnfit("does not give the logs that the client missed")
        if subscription is None or subscription.logs is None:
            return
        if link.refill is not None and link.refill.is_lost:
            # what it has not says nothing about what the client was told: asked again when it has come there
            subscription.logs.misses_from(errand.first)
        else:
            seen = [log for log in map(read_log, result) if log is not None and not _is_astray(link, log)]
            gone, added = subscription.logs.reconcile(seen, errand.first, errand.last)
            self._tell_removed(subscription, gone)
            for log in added:
                self._book.tell(subscription, notification(subscription.key, log_text(log)))
        self._release(link, subscription)

    def _release(self, link: Link, subscription: Subscription) -> None:
        if link.rejoin is not None:
            for frame, data in link.rejoin.held.pop(subscription.key, ()):
                self.log_announced(link, subscription, frame, data)

    def log_announced(self, link: Link, subscription: Subscription, frame: NodeEvent, data: bytes) -> None:
        """A live log: told once, and after what was missed."""
        assert subscription.logs is not None  # noqa: S101 - the caller looked
        log = read_log(event_result(data))
        if log is not None and _is_astray(link, log):
            return  # if it stays, it is asked for when its head joins the chain
        held = None if link.rejoin is None else link.rejoin.held.get(subscription.key)
        if held is not None:
            held.append((frame, data))
            return
        if log is not None:
            known = self._chain.knows(log.identity[0])
            if (known or self._chain.is_older(log.block)) and log.block < (subscription.logs.first_block or 0):
                return  # a node that lags tells of blocks from before the subscription
            if link.refuses_feed:  # no head will say how far the chain is
                subscription.logs.forget_below(log.block)
            subscription.logs.announced_first(log)
            gone = subscription.logs.displaced_by(log, told_head=known or not self.is_rooted)
            self._tell_removed(subscription, gone)
        if log is None or subscription.logs.accept(log):
            self._book.tell(subscription, data[: frame.start] + subscription.key + data[frame.end :])

    def _tell_removed(self, subscription: Subscription, logs: list[Log]) -> None:
        for log in logs:
            self._book.tell(subscription, notification(subscription.key, log_text(log._replace(removed=True))))


def _is_astray(link: Link, log: Log) -> bool:
    return link.refill is not None and link.refill.is_astray(log.identity[0])


def event_result(data: bytes) -> Any:
    """What an event carries; the caller knows that it looks like one."""
    params = decoded(data)["params"]
    return params.get("result") if isinstance(params, dict) else None
