"""What steps share: behave's context with a type, the world that hangs on it, and step decorators that mypy can see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import behave

from e2e.steps.playable import Step, playable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from requests import Response

    from e2e.clients.http import HttpClient
    from e2e.clients.pipelining import PipeliningClient
    from e2e.clients.websocket import Request, Stream, WebSocketClient
    from e2e.ledger.entries import Received
    from e2e.run import Run
    from e2e.steps.chaos import Storm
    from e2e.steps.conclusion import Conclusion
    from e2e.steps.event_streams import Listener
    from e2e.steps.strangers import Tries
    from e2e.traffic.openloop import Traffic
    from e2e.traffic.posts import Posts


@dataclass(slots=True)
class Answer:
    """A request that a step sent and waited for."""

    method: str
    request_id: str
    sent_at: float
    received: Received

    @property
    def took(self) -> float:
        """Seconds from sending to the answer."""
        return self.received.at - self.sent_at

    @property
    def result(self) -> Any:
        """None for an error."""
        return self.received.frame.get("result")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the proxy's HTTP side said to a step, over which nobody else judges."""

    status: int
    headers: Mapping[str, str]
    body: Any  # the parsed JSON; text for what is none
    took: float  # seconds


@dataclass(slots=True)
class World:
    """One scenario: its run, the clients that its steps made, and what they have to remember between steps."""

    run: Run
    clients: list[WebSocketClient] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)  # my subscriptions, in the order of asking
    answer: Answer | None = None
    floor: int = -1  # the last head that I had seen when I asked
    traffic: Traffic | None = None
    posts: Posts | None = None
    poster: HttpClient | None = None
    in_flight: Future[None] | None = None  # a post that a step did not wait for
    reply: Reply | None = None
    unsubscribed: Stream | None = None
    batch: list[Request] = field(default_factory=list)  # the last one that I sent
    carried: tuple[str, str, str] | None = None  # header field, its value and query of an upgrade request
    pair: tuple[Response, ...] | None = None  # one answer through the proxy, one directly
    said: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # what was asked → by the proxy, by a node
    next_id: int = 1
    conclusion: Conclusion | None = None
    storm: Storm | None = None
    pipelining: PipeliningClient | None = None
    listener: Listener | None = None  # to a stream of events
    tries: Tries | None = None  # of clients that have no place in the ledger

    @property
    def client(self) -> WebSocketClient:
        """The client that 'I' am."""
        assert self.clients, "no WebSocket client yet: 'I connect via WebSocket' comes first"
        return self.clients[0]

    @property
    def the_traffic(self) -> Traffic:
        """The traffic of the scenario's clients."""
        assert self.traffic is not None, "no traffic yet: 'I start sending …' comes first"
        return self.traffic

    @property
    def the_posts(self) -> Posts:
        """The traffic of the scenario's HTTP clients."""
        assert self.posts is not None, "no HTTP traffic yet: 'HTTP clients post …' comes first"
        return self.posts

    @property
    def the_reply(self) -> Reply:
        """What the proxy said to my last HTTP request."""
        assert self.reply is not None, "nothing was fetched or posted yet"
        return self.reply

    @property
    def the_answer(self) -> Answer:
        """The answer to my last request."""
        assert self.answer is not None, "nothing was asked yet"
        return self.answer


class Table(Protocol):
    """A table below a step."""

    headings: list[str]

    def __iter__(self) -> Any: ...


class Context(Protocol):
    """The part of behave's context that steps use."""

    world: World
    table: Table | None


NEEDS: Final = "needs"


def needs(*what: str) -> Callable[[Step], Step]:
    """Say what a step has to see of the proxy under test, as `Profile.visible` names it, or {argument} of the step.

    Stands below the step's patterns.
    """

    def tell(function: Step) -> Step:
        setattr(function, NEEDS, what)
        return function

    return tell


given, when, then, step = (playable(getattr(behave, name)) for name in ("given", "when", "then", "step"))
