"""The JSON-RPC calls and answers that pass through a link, as a fault sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from e2e.gateway import spans

if TYPE_CHECKING:
    from collections.abc import Hashable

# What a node may be asked twice without harm. All else counts as a request with side effects, known or not.
_READ: Final = re.compile(
    r"(eth_(?!send|sign|submit)|net_|web3_|txpool_|rpc_|trace_|debug_(?!set|free|start|stop|write|go|cpu|mem|block)|"
    r"erigon_|ots_)"
)


def is_read(method: str) -> bool:
    return _READ.match(method) is not None


def parse(payload: bytes) -> list[Any] | None:
    """Return the elements of a message (a batch has several), None if it is not JSON."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, list) else [value]


def elements(payload: bytes) -> list[bytes]:
    """Return the text of each element of a message that `parse` could read."""
    if payload.lstrip()[:1] != b"[":
        return [payload]
    return [payload[start:end] for start, end in spans.items(payload)]


@dataclass(slots=True)
class Call:
    """A request on its way to the node. `raw` is its text; `id` the text of its id, None for a notification."""

    raw: bytes
    method: str
    params: Any
    id: bytes | None
    key: Hashable = None  # the value of its id

    @property
    def subscription(self) -> str | None:
        """Return the kind of an eth_subscribe ('newHeads', 'logs', …), None for any other call."""
        if self.method != "eth_subscribe" or not isinstance(self.params, list) or not self.params:
            return None
        return str(self.params[0])


@dataclass(slots=True)
class Answer:
    """An answer or an event on its way to the proxy; without `raw` it does not arrive.

    `method` is that of the call which it answers ('' if that is not known); an event has no `id`, and `value` is the
    parsed text, before any fault.
    """

    raw: bytes
    value: dict[str, Any]
    id: bytes | None
    method: str = ""


@dataclass(slots=True)
class Delivery:
    """A message on its way to the proxy, an answer, a batch of answers or an event: what, when and how often."""

    payload: bytes
    methods: tuple[str, ...] = ()  # of the calls that it answers ('': not known); none for an event
    delay: float = 0.0  # seconds
    copies: int = 1
    head: tuple[str, ...] = ()  # over HTTP: another status line, and fields besides the node's
    size: int | None = None  # the bytes that it says it has, if they are not those of the payload


@dataclass(frozen=True, slots=True)
class Reply:
    """What the proxy gets instead of the node's answer: the `member` ('result' or 'error') and its JSON value."""

    member: str
    value: Any

    def text(self, request_id: bytes) -> bytes:
        """Return the whole answer, under the id as the proxy wrote it."""
        return b'{"jsonrpc":"2.0","id":%s,"%s":%s}' % (request_id, self.member.encode(), orjson.dumps(self.value))


def error(code: int, message: str) -> Reply:
    return Reply("error", {"code": code, "message": message})


@dataclass(slots=True)
class Asked:
    """A call that the node owes an answer: its method, and the text to send in place of that answer."""

    method: str
    instead: bytes | None = None


@dataclass(slots=True)
class Asking:
    """The calls in flight on one link, by the values of their ids; equal ids are answered in the order of asking.

    Values, not texts, because a node may spell an id in another way than it was asked (1.50 as 1.5).
    """

    by_id: dict[Hashable, list[Asked]] = field(default_factory=dict)
    replaced: int = 0  # how many of them the gateway has yet to answer itself

    def add(self, request_id: Hashable, asked: Asked) -> None:
        self.by_id.setdefault(request_id, []).append(asked)
        self.replaced += asked.instead is not None

    def take(self, request_id: Hashable) -> Asked:
        waiting = self.by_id.get(request_id)
        if not waiting:
            return Asked("")
        asked = waiting.pop(0)
        if not waiting:
            del self.by_id[request_id]
        self.replaced -= asked.instead is not None
        return asked
