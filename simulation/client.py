"""A client: does what the plan says, writes down what it sent and got, and keeps the books of a careful program."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Closed, Opened, Received, Sent
from e2e.ledger.frames import parse_frame
from e2e.ledger.shapes import fits
from simulation.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.entries import Entry
    from simulation.agenda import Agenda
    from simulation.connection import Gate, Notice
    from simulation.coverage import Coverage
    from simulation.plan import Act, Ask

LAST_SUBSCRIPTION = "$last"
FIRST_SUBSCRIPTION = "$first"
_NO_SUBSCRIPTION = "0x0"


class Ledger:
    """The entries of the run, on the clock of the agenda."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.entries: list[Entry] = []
        self.operations = 0
        self.batches = 0

    @property
    def now(self) -> float:
        return self._agenda.now

    def record(self, entry: Entry) -> None:
        self.entries.append(entry)


class Client:
    """One program that connects again under a new name whenever its connection is over, as long as it has work."""

    def __init__(
        self, name: str, agenda: Agenda, gate: Gate, ledger: Ledger, *, notice: Notice, coverage: Coverage
    ) -> None:
        self._agenda = agenda
        self._coverage = coverage
        self.program = name
        self.name = name
        self._gate = gate
        self._ledger = ledger
        self._notice = notice
        self._connections = 0
        self.connection: Connection | None = None
        # requests without an answer, by the text of their id
        self._open: dict[str, list[Sent]] = defaultdict(list)
        self.subscriptions: list[str] = []
        self._leaving: dict[int, str] = {}
        # requests without an answer when the last connection ended
        self.abandoned = 0

    def do(self, act: Act) -> None:
        connection = self.connection
        if connection is None:
            if act.verb in ("leave", "stall"):
                return
            connection = self._join()
        if act.verb == "ask":
            self._ask(connection, act.detail)
        elif act.verb == "text":
            self._text(connection, act.detail)
        elif act.verb == "leave":
            self._left(1006, "reset", by_proxy=False)
            connection.left()
        elif act.verb == "stall":
            connection.stall()
            self._agenda.after(act.detail, self._read, connection)

    def _read(self, connection: Connection) -> None:
        if connection is self.connection and connection.read():
            self._coverage.seen["a client that reads slowly and is served"] += 1

    def waiting(self) -> Iterator[Sent]:
        """The requests that have no answer yet."""
        for waiting in self._open.values():
            yield from waiting

    # ---- out --------------------------------------------------------------------------------------------------

    def _join(self) -> Connection:
        self._connections += 1
        self.name = f"{self.program}.{self._connections}"
        self._ledger.record(Opened(self._ledger.now, self.name))
        self._open.clear()
        self.subscriptions.clear()
        self._leaving.clear()
        self.connection = connection = Connection(self._gate, self.name, _End(self, self.name), self._notice)
        return connection

    def _ask(self, connection: Connection, asks: tuple[Ask, ...]) -> None:
        batch = None
        if len(asks) > 1:
            self._ledger.batches += 1
            batch = self._ledger.batches
        for ask in asks:
            self._coverage.asked(connection, ask.method)
        texts = [self._request(ask, batch) for ask in asks]
        connection.sent((texts[0] if batch is None else f"[{', '.join(texts)}]").encode())

    def _request(self, ask: Ask, batch: int | None) -> str:
        params = self._with_subscription(ask.params) if ask.method == "eth_unsubscribe" else ask.params
        if ask.id is not None and self._open.get(_canonical(ask.id)):
            # two requests waiting under one id: nobody could say whose an answer is
            ask = ask._replace(id=str(100_000 + self._ledger.operations))
        sent = self._sent(ask.id, ask.method, params, batch)
        if ask.method == "eth_unsubscribe" and params and params[0] in self.subscriptions:
            self._leaving[sent.op] = params[0]
        if not ask.method:
            return str(ask.params)
        rest = f'"method":"{ask.method}","params":{json.dumps(params)}'
        if ask.id is None:
            return f'{{"jsonrpc":"2.0",{rest}}}'
        return ask.layout.format(id=ask.id, rest=rest)

    def _with_subscription(self, params: Any) -> Any:
        names = {LAST_SUBSCRIPTION: -1, FIRST_SUBSCRIPTION: 0}
        if params and params[0] in names:
            here = [name for name in self.subscriptions if name not in self._leaving.values()]
            return [here[names[params[0]]] if here else _NO_SUBSCRIPTION]
        return params

    def _text(self, connection: Connection, text: str) -> None:
        self._sent("null", "", text, None)
        connection.sent(text.encode())

    def _sent(self, request_id: str | None, method: str, params: Any, batch: int | None) -> Sent:
        self._ledger.operations += 1
        if request_id is not None:
            request_id = _canonical(request_id)
        sent = Sent(self._ledger.now, self.name, self._ledger.operations, request_id, method, params, batch=batch)
        self._ledger.record(sent)
        if request_id is not None:
            self._open[request_id].append(sent)
        return sent

    # ---- in ---------------------------------------------------------------------------------------------------

    def took(self, data: bytes) -> None:
        now = self._ledger.now
        for request_id, frame in parse_frame(data.decode()):
            self._ledger.record(Received(now, self.name, request_id, frame))
            if request_id is not None:
                self._answered(request_id, frame)

    def _answered(self, request_id: str, frame: Any) -> None:
        waiting = self._open.get(request_id)
        if not waiting:
            return
        sent = next((each for each in waiting if fits(each.method, frame)), waiting[0])
        waiting.remove(sent)
        result = frame.get("result") if isinstance(frame, dict) else None
        if sent.method == "eth_subscribe" and isinstance(result, str):
            self.subscriptions.append(result)
        name = self._leaving.pop(sent.op, None)
        if name in self.subscriptions and result is True:
            self.subscriptions.remove(name)

    def _left(self, code: int, reason: str, *, by_proxy: bool) -> None:
        self._ledger.record(Closed(self._ledger.now, self.name, code, reason, "proxy" if by_proxy else "client"))
        self.abandoned = sum(1 for _ in self.waiting())
        self.connection = None
        self._open.clear()
        self.subscriptions.clear()

    def ended(self, code: int, reason: str) -> None:
        self._left(code, reason, by_proxy=True)


def _canonical(request_id: str) -> str:
    """The text of an id as `e2e.ledger.frames` gives it back."""
    return json.dumps(json.loads(request_id)) if request_id.startswith('"') else request_id


class _End:
    """The client's end of one connection: deaf once the client has left it."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def took(self, data: bytes) -> None:
        if self._client.name == self._name and self._client.connection is not None:
            self._client.took(data)

    def ended(self, code: int, reason: str) -> None:
        if self._client.name == self._name and self._client.connection is not None:
            self._client.ended(code, reason)
