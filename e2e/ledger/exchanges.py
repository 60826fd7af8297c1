"""Requests matched with their answers: what a JSON-RPC client with perfect books would make of its own traffic.

Over WebSocket an answer belongs to the oldest unanswered request of its connection with the same id, and where several
wait under one id, to the oldest whose method goes best with such a result. What answers nothing and is no event is a
stray. Where the books do not close, because something was lost, an answer belongs to the youngest such request instead:
so the request that was lost is the one that is found unanswered, and not the last one of its id.

Over HTTP the transport says to which request (or batch) an answer belongs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Closed, Failed, Marked, Opened, Received, Sent
from e2e.ledger.shapes import closeness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.entries import Entry


@dataclass(eq=False, slots=True)
class Exchange:
    """A request and what came of it. `answer` is None for silence, and always for a notification."""

    request: Sent
    connection: Connection | None = None  # None over HTTP
    answer: Received | Failed | None = None
    contested: bool = False  # it waited together with others under the same id: their answers may be mixed up

    @property
    def due(self) -> float:
        """When it was to be sent."""
        request = self.request
        return request.at if request.intended is None else min(request.at, request.intended)

    @property
    def latency(self) -> float:
        """Seconds from the intended time of sending to the answer; inf without one."""
        return self.answered - self.due

    @property
    def answered(self) -> float:
        """When the answer came; inf without one."""
        return math.inf if self.answer is None else self.answer.at

    @property
    def result(self) -> Any:
        """The result of the answer, None for an error, a failure or silence."""
        frame = self.answer.frame if isinstance(self.answer, Received) else None
        return frame.get("result") if isinstance(frame, dict) else None


@dataclass(eq=False, slots=True)
class Connection:
    """A WebSocket connection of a client, from its upgrade to its close; `frames` are all it received, in order."""

    client: str
    opened: float
    closed: Closed | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    frames: list[Received] = field(default_factory=list)
    answered: list[Exchange | None] = field(default_factory=list)  # beside `frames`: whose answer each one is

    @property
    def end(self) -> float:
        return math.inf if self.closed is None else self.closed.at


@dataclass(frozen=True, slots=True)
class Stray:
    """A frame that answers no waiting request and is no event. `asked` is the last request that had its id, if any."""

    received: Received
    connection: Connection | None = None  # None over HTTP
    asked: Exchange | None = None


def is_event(frame: Any) -> bool:
    """Whether a frame is a subscription's notification by its form."""
    return isinstance(frame, dict) and "method" in frame and "id" not in frame


class Matcher:
    """Takes the entries of a history in order; afterwards `exchanges`, `connections` and `strays` are complete."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.connections: list[Connection] = []
        self.strays: list[Stray] = []
        self._open: dict[str, Connection] = {}
        self._waiting: dict[tuple[int, str], list[Exchange]] = defaultdict(list)
        self._told: dict[tuple[int, str], list[Exchange | int]] = defaultdict(list)  # sent, or index of the frame
        self._settled = math.inf
        self._http: dict[int, Exchange] = {}
        self._batches: dict[int, list[Exchange]] = defaultdict(list)

    def feed(self, entries: Iterable[Entry]) -> Matcher:
        for entry in entries:
            match entry:
                case Opened(lane="ws"):
                    self._connect(entry.client, entry.at)
                case Sent():
                    self._sent(entry)
                case Received():
                    (self._frame if entry.lane == "ws" else self._http_answer)(entry)
                case Failed():
                    self._failed(entry)
                case Closed():
                    self._connection(entry.client, entry.at).closed = entry
                case Marked(name="settled"):
                    self._settled = min(self._settled, entry.at)
                case _:
                    pass
        self._close_books()
        return self

    def _close_books(self) -> None:
        """Give the answers of an id of which some never came to the youngest that can have them."""
        stayed = {id(each): each for each in self.connections if each.end >= self._settled or each.closed is None}
        for (owner, request_id), waiting in self._waiting.items():
            connection = stayed.get(owner)
            if connection is None or not waiting:
                continue
            young: list[Exchange] = []
            for each in self._told[owner, request_id]:
                if isinstance(each, Exchange):
                    each.answer, each.contested = None, False
                    young.insert(0, each)
                else:
                    connection.answered[each] = _claim(young, connection.frames[each])
            waiting[:] = young

    def _connect(self, client: str, at: float) -> Connection:
        connection = Connection(client, at)
        self._open[client] = connection
        self.connections.append(connection)
        return connection

    def _connection(self, client: str, at: float) -> Connection:
        return self._open.get(client) or self._connect(client, at)

    def _sent(self, request: Sent) -> None:
        exchange = Exchange(request)
        self.exchanges.append(exchange)
        if request.lane == "http":
            self._http[request.op] = exchange
            if request.batch is not None:
                self._batches[request.batch].append(exchange)
            return
        exchange.connection = self._connection(request.client, request.at)
        exchange.connection.exchanges.append(exchange)
        if request.id is not None:
            key = id(exchange.connection), request.id
            self._waiting[key].append(exchange)
            self._told[key].append(exchange)

    def _frame(self, received: Received) -> None:
        connection = self._connection(received.client, received.at)
        exchange = None
        if received.id is not None:
            exchange = _claim(self._waiting.get((id(connection), received.id), []), received)
            if exchange is not None:
                self._told[id(connection), received.id].append(len(connection.frames))
        connection.frames.append(received)
        connection.answered.append(exchange)
        if exchange is None and not is_event(received.frame):
            self.strays.append(Stray(received, connection, _last_asked(connection.exchanges, received.id)))

    def _http_answer(self, received: Received) -> None:
        asked = self._http.get(received.op if received.op is not None else -1)
        if asked is None:
            self.strays.append(Stray(received))
            return
        group = self._batches[asked.request.batch] if asked.request.batch is not None else [asked]
        waiting = [exchange for exchange in group if exchange.answer is None and exchange.request.id is not None]
        if received.id in {None, "null"} and _refusal(received):
            for exchange in waiting:  # one refusal for the whole body
                exchange.answer = received
        elif _claim([each for each in waiting if each.request.id == received.id], received) is None:
            self._unclaimed(received, group)

    def _failed(self, failed: Failed) -> None:
        exchange = self._http.get(failed.op)
        if exchange is not None and exchange.answer is None:
            exchange.answer = failed

    def _unclaimed(self, received: Received, group: list[Exchange]) -> None:
        if received.frame not in (None, "") or any(exchange.request.id is not None for exchange in group):
            self.strays.append(Stray(received, None, _last_asked(group, received.id)))


def _last_asked(exchanges: list[Exchange], request_id: str | None) -> Exchange | None:
    if request_id is None:
        return None
    return next((each for each in reversed(exchanges) if each.request.id == request_id), None)


def _refusal(received: Received) -> bool:
    has_result = isinstance(received.frame, dict) and "result" in received.frame
    return not has_result and (isinstance(received.frame, dict) or (received.status or 0) >= 400)


def _claim(waiting: list[Exchange], received: Received) -> Exchange | None:
    """Give the answer to the request that it fits best and take that off the list."""
    if not waiting:
        return None
    index = max(range(len(waiting)), key=lambda i: (closeness(waiting[i].request.method, received.frame), -i))
    exchange = waiting[index]
    if len(waiting) > 1:
        for each in waiting:
            each.contested = True
    exchange.answer = received
    del waiting[index]
    return exchange
