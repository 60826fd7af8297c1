"""A client's subscriptions: the id that it knows, how to ask for the same again, and what it was told."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson

from proxy.jsonrpc import Request
from proxy.session.events import Count, SendClient
from proxy.session.logs import LogBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from proxy.session.calls import Call
    from proxy.session.link import Commands
    from proxy.session.settings import Settings

# announcements of one transaction by two nodes lie seconds apart
RECENT = 4096


class Kind(Enum):
    HEADS = "newHeads"
    LOGS = "logs"
    PENDING = "newPendingTransactions"
    OTHER = "other"


def kind_of(params: Any) -> Kind:
    """What a client asks for in eth_subscribe. Only what is exactly known is treated specially."""
    match params:
        case ["newHeads"]:
            return Kind.HEADS
        case ["logs"] | ["logs", dict()]:
            return Kind.LOGS
        case ["newPendingTransactions", *_]:
            return Kind.PENDING
        case _:
            return Kind.OTHER


class Recent:
    """The last transaction hashes that a subscription announced."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._known: set[str] = set()

    def is_news(self, result: Any) -> bool:
        """`result` of a newPendingTransactions event: a hash, or a transaction object."""
        name = result.get("hash") if isinstance(result, dict) else result
        if not isinstance(name, str):
            return True
        if name in self._known:
            return False
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > RECENT:
            self._known.discard(self._order.popleft())
        return True


class Subscription:
    """One confirmed subscription. `key` is the JSON text of the id that the client knows."""

    __slots__ = ("held", "key", "kind", "logs", "recent", "request")

    def __init__(self, key: bytes, request: Request, depth: int) -> None:
        self.key = key
        self.request = request
        self.kind = kind_of(request.params)
        self.logs = LogBook(depth) if self.kind is Kind.LOGS else None
        self.recent = Recent() if self.kind is Kind.PENDING else None
        # events of a subscription made in a batch wait here until the batch is answered
        self.held: list[bytes] | None = None

    def logs_request(self, first: int) -> Request:
        """eth_getLogs for what this subscription follows, from block `first` on.

        Up to the latest: the node may be above the last head that it told, and what it told of that one's logs went
        out before it knew the subscription.
        """
        assert self.kind is Kind.LOGS  # noqa: S101 - the one caller asks for logs only
        given = self.request.params[1] if len(self.request.params) > 1 else {}
        chosen = {name: given[name] for name in ("address", "topics") if name in given}
        return ask("eth_getLogs", [{**chosen, "fromBlock": hex(first), "toBlock": "latest"}])


def ask(method: str, params: list[Any]) -> Request:
    """A request of our own."""
    before = b'{"jsonrpc":"2.0","id":'
    data = b'%b0,"method":"%b","params":%b}' % (before, method.encode(), orjson.dumps(params))
    return Request(b"0", method, data, len(before), len(before) + 1)


def mint_key(rng: Random) -> bytes:
    """A subscription id of ours, as a node would write it."""
    return b'"0x%032x"' % rng.getrandbits(128)


def notification(key: bytes, result: bytes) -> bytes:
    """An event of ours for the subscription `key`."""
    return b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":%b,"result":%b}}' % (key, result)


class Book:
    """All confirmed subscriptions of one client."""

    def __init__(self, settings: Settings, rng: Random, out: Commands) -> None:
        self._settings = settings
        self._rng = rng
        self._out = out
        self._entries: dict[bytes, Subscription] = {}
        # bytes of all requests that made them: kept, to be made again
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._entries.values())

    def get(self, key: bytes) -> Subscription | None:
        return self._entries.get(key)

    def of(self, kind: Kind) -> list[Subscription]:
        return [subscription for subscription in self if subscription.kind is kind]

    @property
    def needs_feed(self) -> bool:
        """Whether anybody follows the chain."""
        return any(subscription.kind in (Kind.HEADS, Kind.LOGS) for subscription in self)

    @property
    def has_pending(self) -> bool:
        """Whether pending transactions are followed: their gaps cannot be filled."""
        return bool(self.of(Kind.PENDING))

    def add(self, call: Call) -> Subscription:
        """The subscription that `call` asked for, under an id of ours."""
        subscription = Subscription(mint_key(self._rng), call.request, self._settings.backfill_blocks)
        if call.batch is not None:
            subscription.held = []
            call.batch.subscriptions.append(subscription.key)
        self._entries[subscription.key] = subscription
        self.size += len(call.request.data)
        self._out += (Count("ws_subscriptions_active"), Count("ws_subscriptions"))
        return subscription

    def remove(self, key: bytes) -> bool:
        subscription = self._entries.pop(key, None)
        if subscription is None:
            return False
        self.size -= len(subscription.request.data)
        self._out.append(Count("ws_subscriptions_active", -1))
        return True

    def clear(self) -> None:
        self._out.append(Count("ws_subscriptions_active", -len(self)))
        self._entries.clear()

    def tell(self, subscription: Subscription, text: bytes) -> None:
        """Send an event, or keep it while the client does not know the id yet."""
        if subscription.held is not None:
            subscription.held.append(text)
        else:
            self._out.append(SendClient(text))

    def batch_answered(self, keys: list[bytes]) -> None:
        """The client knows these ids now: tell it what has happened since."""
        for key in keys:
            subscription = self._entries.get(key)
            if subscription is not None and subscription.held is not None:
                self._out += [SendClient(text) for text in subscription.held]
                subscription.held = None
