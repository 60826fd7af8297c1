"""Subscribing, unsubscribing, and taking all subscriptions over to another link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from proxy import jsonrpc
from proxy.session.calls import BLOCK, IGNORE, LATEST, LOGS, REPLAY, Call, Errand
from proxy.session.continuity import FEED, Continuity, event_result
from proxy.session.link import Commands, Link, LinkUnfit, decoded
from proxy.session.subscriptions import Book, Kind, Subscription, ask, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from proxy.jsonrpc import NodeAnswer, NodeEvent, Request
    from proxy.session.settings import Settings

_SUBSCRIBE_HEADS = ask("eth_subscribe", ["newHeads"])
_REFUSES = "refuses a subscription that the client has"


class Streams:
    def __init__(self, settings: Settings, rng: Random, out: Commands) -> None:
        self._settings = settings
        self._out = out
        self.book = Book(settings, rng, out)
        self._continuity = Continuity(settings, self.book, out)

    def _errand(self, link: Link, purpose: str, request: Request, now: float, about: bytes = b"") -> None:
        link.send_errand(self._out, Errand(purpose, now + self._settings.errand_timeout, about), request)

    # ---- the client subscribes and unsubscribes ---------------------------------------------------------------

    def prepare(self, link: Link, call: Call, now: float) -> bytes | None:
        """Before an eth_subscribe is written to `link`: the answer, where the session can give it by itself."""
        kind, client_id = kind_of(call.request.params), call.request.id
        if client_id is None or kind not in (Kind.HEADS, Kind.LOGS):
            return None
        if link.has(FEED):
            # one feed serves all of them
            serves = kind is Kind.HEADS and self._continuity.is_rooted
            return _subscribed(client_id, self.book.add(call).key) if serves else None
        if not link.asks(FEED):
            if not self.book.needs_feed:  # what was told before is no matter of a new follower's
                self._continuity.ends([link])
            if kind is Kind.LOGS and not link.refuses_feed:
                self._errand(link, REPLAY, _SUBSCRIBE_HEADS, now, FEED)
        return None

    def holds(self, link: Link, call: Call, frame: NodeAnswer, data: bytes, now: float) -> bool:
        """Whether the confirmation `data` is kept: until it is known from which block on the client is owed.

        Told before, and the link lost in that moment, nobody could say what the client missed.
        """
        if any(held is call for held, _, _ in link.unrooted):
            return True  # a node that says it twice
        upstream, kind = _subscription_id(data), kind_of(call.request.params)
        if upstream is None or call.done or kind not in (Kind.HEADS, Kind.LOGS) or self._continuity.is_rooted:
            return False
        if kind is Kind.LOGS and link.refuses_feed:
            return False
        if not link.has(FEED) and kind is Kind.HEADS:
            self._continuity.feed_named(link, upstream, now)
        elif not link.has(FEED) and not link.asks(FEED):
            self._errand(link, REPLAY, _SUBSCRIBE_HEADS, now, FEED)
        link.unrooted.append((call, frame, data))
        return True

    def freed(self, link: Link) -> list[tuple[Call, NodeAnswer, bytes]]:
        """The confirmations that need not be kept any more."""
        if not link.refuses_feed and not self._continuity.is_rooted:
            return []
        kept, link.unrooted = link.unrooted, []
        return kept

    def confirmed(self, link: Link, call: Call, frame: NodeAnswer, data: bytes, now: float) -> bytes:
        """The client's answer to an eth_subscribe that `link` answered with `data`."""
        upstream = _subscription_id(data)
        client_id = call.request.id or b"null"
        if upstream is None or call.done:
            # the client was told of a time-out: nobody wants this
            if upstream is not None and link.names.get(upstream) != FEED:
                self._errand(link, IGNORE, _unsubscribe(upstream), now)
            others = any(other.subscribes and other is not call for other in link.calls.values())
            if not others and not self.book.needs_feed:
                self._forget(FEED, [link], now)
            return data[: frame.start] + client_id + data[frame.end :]
        subscription = self.book.add(call)
        self._continuity.begins(link, subscription)
        if subscription.kind is not Kind.HEADS:
            link.names[upstream] = subscription.key
        elif not link.has(FEED):
            self._continuity.feed_named(link, upstream, now)
        elif link.names.get(upstream) != FEED:
            self._errand(link, IGNORE, _unsubscribe(upstream), now)
        self._replay_feed(link, now)
        return _subscribed(client_id, subscription.key)

    def answer(self, links: Iterable[Link], current: Link | None, call: Call, now: float) -> bytes | None:
        """What the session answers by itself to a method with "subscribe" in its name; None: a node is to.

        `current`, of all `links`, is the one to which the call would be written now.
        """
        method = call.request.method
        if method == "eth_unsubscribe":
            return self.unsubscribe(links, call, now)
        if method == "eth_subscribe":
            if not self._fits(call):
                return self._one_too_many(call)
            return None if current is None else self.prepare(current, call, now)
        if method.endswith("_subscribe"):
            # its events could not be told from those of another, nor go on at the next node: confirmed, it is silence
            return jsonrpc.error_body(call.request.id, jsonrpc.NO_METHOD, f"{method} is not carried; eth_subscribe is")
        return None

    def _fits(self, call: Call) -> bool:
        """Whether there may be one more. Events for a million of them would hold up everybody, and take gigabytes."""
        settings = self._settings
        size = self.book.size + len(call.request.data)
        return len(self.book) < settings.max_subscriptions and size <= settings.subscriptions_max_bytes

    def _one_too_many(self, call: Call) -> bytes:
        data = {"promise": "bounded", "node": None, "maybe_executed": False}
        limits = f"{self._settings.max_subscriptions}, {self._settings.subscriptions_max_bytes} bytes"
        message = f"Too many subscriptions over one connection (at most {limits})"
        return jsonrpc.error_body(call.request.id, jsonrpc.QUEUE_FULL, message, data)

    def unsubscribe(self, links: Iterable[Link], call: Call, now: float) -> bytes | None:
        """The answer to an eth_unsubscribe; None where it names no id, so that a node may complain.

        An id that is not ours never reaches a node: there it could be the name of another subscription.
        """
        params = call.request.params
        if not (isinstance(params, list) and len(params) == 1 and isinstance(params[0], str)):
            return None
        key = orjson.dumps(params[0])
        client_id = call.request.id or b"null"
        if not self.book.remove(key):
            return _subscribed(client_id, b"false")
        self._forget(key, links, now)
        if not self.book.needs_feed and not any(link.unrooted for link in links):
            self._forget(FEED, links, now)
        return _subscribed(client_id, b"true")

    def _forget(self, key: bytes, links: Iterable[Link], now: float) -> None:
        """Tell the nodes that nobody listens to `key` any more."""
        links = list(links)
        for link in links:
            for upstream in [upstream for upstream, name in link.names.items() if name == key]:
                del link.names[upstream]
                self._errand(link, IGNORE, _unsubscribe(upstream), now)
            if link.rejoin is not None:
                link.rejoin.held.pop(key, None)  # nobody is to wait for what it missed
        if key == FEED:
            self._continuity.ends(links)

    # ---- a link takes over ------------------------------------------------------------------------------------

    def replay(self, link: Link, now: float) -> None:
        """Ask `link` for every subscription that it lacks. Its answers go nowhere but here."""
        self._replay_feed(link, now)
        there = {*link.names.values(), *(errand.about for errand in link.errands.values())}
        for subscription in self.book:
            if subscription.kind is not Kind.HEADS and subscription.key not in there:
                self._errand(link, REPLAY, subscription.request, now, subscription.key)

    def _replay_feed(self, link: Link, now: float) -> None:
        if self.book.needs_feed and not (link.has(FEED) or link.asks(FEED)):
            if not link.refuses_feed:
                self._errand(link, REPLAY, _SUBSCRIBE_HEADS, now, FEED)
            elif self.book.of(Kind.HEADS):
                raise LinkUnfit(_REFUSES)

    def errand_answered(self, link: Link, errand: Errand, data: bytes, now: float) -> None:
        """Raises LinkUnfit where the node cannot give what the session needs, GapTooWide where none could."""
        if errand.purpose == REPLAY:
            self._replayed(link, errand.about, data, now)
            return
        result = decoded(data).get("result")
        if errand.purpose == LATEST:
            self._continuity.latest(link, result, now)
        elif errand.purpose == BLOCK:
            self._continuity.fetched(link, errand, result, now)
        elif errand.purpose == LOGS:
            self._continuity.logs_fetched(link, errand, result)

    def _replayed(self, link: Link, key: bytes, data: bytes, now: float) -> None:
        upstream = _subscription_id(data)
        if upstream is None:
            # logs alone can live without the feed: they lose their backfill, not their events
            if key == FEED and not self.book.of(Kind.HEADS):
                link.refuses_feed = True
                return
            raise LinkUnfit(_REFUSES)
        wanted = self._wants_feed(link) if key == FEED else self.book.get(key) is not None
        if not wanted:
            self._errand(link, IGNORE, _unsubscribe(upstream), now)
        elif key == FEED:
            self._continuity.feed_named(link, upstream, now)
        else:
            link.names[upstream] = key
            self._continuity.log_named(link, key, now)

    def _wants_feed(self, link: Link) -> bool:
        if link.has(FEED):
            return False
        return self.book.needs_feed or any(call.subscribes and not call.done for call in link.calls.values())

    # ---- events -----------------------------------------------------------------------------------------------

    def announced(self, link: Link, frame: NodeEvent, data: bytes, now: float) -> None:
        """An event of the link that carries the client."""
        key = link.names.get(frame.subscription)
        if key is None:
            # some nodes announce before they confirm
            if _asks_for_subscription(link):
                link.hold_early(frame, data)
        elif key == FEED:
            self._continuity.announced(link, frame, data, now)
        else:
            subscription = self.book.get(key)
            if subscription is not None:
                self._tell_event(link, subscription, frame, data)

    def play_early(self, link: Link, now: float) -> None:
        """Look again at the events that came before their subscription was named, or before `link` took over."""
        early = list(link.early)
        link.early.clear()
        for frame, data in early:
            self.announced(link, frame, data, now)

    def _tell_event(self, link: Link, subscription: Subscription, frame: NodeEvent, data: bytes) -> None:
        if subscription.logs is not None:
            self._continuity.log_announced(link, subscription, frame, data)
        elif subscription.recent is None or subscription.recent.is_news(event_result(data)):
            self.book.tell(subscription, data[: frame.start] + subscription.key + data[frame.end :])


def _asks_for_subscription(link: Link) -> bool:
    return not link.is_restored or any(call.subscribes for call in link.calls.values())


def _subscribed(client_id: bytes, result: bytes) -> bytes:
    """The answer to eth_subscribe or eth_unsubscribe: ids of subscriptions are ours."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (client_id, result)


def _subscription_id(data: bytes) -> bytes | None:
    """The JSON text of the subscription id in a node's answer; None where it is a refusal."""
    result: Any = decoded(data).get("result")
    return orjson.dumps(result) if isinstance(result, str | int) and not isinstance(result, bool) else None


def _unsubscribe(upstream: bytes) -> Request:
    return ask("eth_unsubscribe", [orjson.loads(upstream)])
