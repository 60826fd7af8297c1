"""What one connection owes its client: requests that wait for their answer, and subscriptions that go on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from e2e.clients import jsontext
from e2e.ledger.shapes import fits
from e2e.load.heads import stream
from e2e.load.tally import Ring

if TYPE_CHECKING:
    from e2e.load.heads import Heads, Logs, Others
    from e2e.load.plan import Group
    from e2e.load.tally import Tally

DONE_REMEMBERED: Final = 64  # answered ids, to tell an answer given twice from one that was never asked for
EARLY: Final = 64  # events that may wait for the confirmation of their subscription
CONSTANT: Final = frozenset({"eth_chainId", "net_version"})

spelled = lru_cache(4096)(jsontext.as_recorded)


@dataclass(slots=True)
class Flight:
    """A request on its way. `expected`: the only right result, None if nobody knows. Times in seconds."""

    method: str
    expected: Any
    intended: float
    sent: float
    kind: str = ""  # of the subscription that it asks for


class Book:
    """One connection from its opening to its end; `tally` takes the sums. Pairs for comparison are not judged."""

    def __init__(self, lane: str, group: Group, tally: Tally) -> None:
        self.lane = lane
        self.ring = Ring()
        self.flights: dict[str, Flight] = {}
        self.streams: dict[Any, Heads | Logs | Others] = {}
        self.heard_at = 0.0
        self.refused: list[str] = []
        """Kinds of subscriptions that were asked for and refused."""
        self._group = group
        self._counted = group in ("ws", "http")
        self._tally = tally
        self._done: deque[str] = deque(maxlen=DONE_REMEMBERED)
        self._given_up: deque[str] = deque(maxlen=DONE_REMEMBERED)
        self._early: list[Any] = []
        self._asking = 0

    def busy(self, request_id: str) -> bool:
        """Say whether an id (JSON text) is out, or was given up: it may still be answered."""
        name = spelled(request_id)
        return name in self.flights or name in self._given_up

    def asked(self, request_id: str, flight: Flight) -> None:
        """A request left."""
        self.flights[spelled(request_id)] = flight
        if flight.kind:
            self._asking += 1
        elif self._counted:
            self._tally.sent += 1

    def hear(self, raw: bytes, now: float) -> None:
        """A message came: an answer, an event, or several answers in one."""
        self.ring.note(now, "<", raw)
        for request_id, frame in jsontext.frames(raw):
            if isinstance(frame, dict) and request_id is not None and "method" not in frame:
                self._answer(request_id, frame, now)
            elif isinstance(frame, dict) and frame.get("method") == "eth_subscription" and request_id is None:
                self._event(frame.get("params"), now)
            else:
                self._violated(now, "nonsense", f"neither an answer nor an event: {str(frame)[:120]}")

    def expire(self, sent_before: float) -> None:
        """Give up the requests that were sent before that time."""
        while self.flights:
            request_id, flight = next(iter(self.flights.items()))
            if flight.sent >= sent_before:
                return
            del self.flights[request_id]
            self._given_up.append(request_id)
            self._lost(flight)
            self._violated(flight.sent, "unanswered", f"{flight.method} with id {request_id} was never answered")

    def end(self, *, cut: bool) -> None:
        """The connection is gone; `cut`: by the other side, else what is open was never answered."""
        for request_id, flight in self.flights.items():
            if cut and self._counted and not flight.kind:
                self._tally.cut += 1
            elif not cut:
                self._lost(flight)
                text = f"{flight.method} with id {request_id} was never answered"
                self._violated(flight.sent, "unanswered", text)
        self.flights.clear()
        self.ring.end()

    def refuse(self, code: str, text: str) -> None:
        """Everything that is open was answered with one error of the transport, say an HTTP status."""
        for flight in self.flights.values():
            if self._counted and not flight.kind:
                self._tally.answered += 1
                self._tally.failed(code, text)
        self.flights.clear()

    @property
    def head(self) -> int:
        """The last block that newHeads told, -1 without any."""
        return max((each.number for each in self.streams.values()), default=-1)

    def _answer(self, request_id: str, frame: dict[str, Any], now: float) -> None:
        flight = self.flights.pop(request_id, None)
        if flight is None:
            self._uncalled(request_id, frame, now)
            return
        self._done.append(request_id)
        if flight.kind:
            self._asking -= 1
        elif self._counted:
            self._tally.answered += 1
        if not fits(flight.method, frame):
            self._violated(now, "unfit", f"{flight.method} with id {request_id} cannot have this: {str(frame)[:120]}")
        elif "result" not in frame:
            self._failed(flight, frame["error"])
        else:
            self._result(request_id, flight, frame["result"], now)
        if flight.kind:
            early, self._early = self._early, []
            for params in early:
                self._event(params, now)

    def _result(self, request_id: str, flight: Flight, result: Any, now: float) -> None:
        expected = flight.expected
        if flight.method in CONSTANT:
            expected = self._tally.constants.setdefault(flight.method, result)
        if expected is not None and result != expected:
            text = f"{flight.method} with id {request_id} is answered with {str(result)[:80]}, not {expected}"
            self._violated(now, "unfit", text)
        elif flight.kind:
            self._confirmed(flight.kind, result, now)
        else:
            self._tally.took(self._group, now - min(flight.intended, flight.sent))

    def _failed(self, flight: Flight, error: Any) -> None:
        if flight.kind:
            self.refused.append(flight.kind)
        elif self._counted:
            code = error.get("code") if isinstance(error, dict) else None
            self._tally.failed(str(code), str(error))

    def _uncalled(self, request_id: str, frame: dict[str, Any], now: float) -> None:
        """An answer that nobody waits for."""
        if request_id in self._given_up:
            self._given_up.remove(request_id)
            self._tally.late += self._counted
        elif request_id in self._done:
            self._violated(now, "twice", f"id {request_id} is answered again: {str(frame)[:120]}")
        else:
            self._violated(now, "stranger", f"nobody asked with id {request_id}: {str(frame)[:120]}")

    def _confirmed(self, kind: str, name: Any, now: float) -> None:
        self.streams[name] = stream(kind, reorgs=self._tally.reorgs)
        self.heard_at = now

    def _event(self, params: Any, now: float) -> None:
        params = params if isinstance(params, dict) else {}
        name, result = params.get("subscription"), params.get("result")
        known = self.streams.get(name) if isinstance(name, str | int) else None
        if known is None:
            if self._asking and len(self._early) < EARLY:
                self._early.append(params)
            else:
                self._violated(now, "stranger", f"an event of the unknown subscription {name}")
            return
        branches = known.branches
        wrong = known.hear(result)
        tally = self._tally
        tally.events += self._counted
        tally.branches += known.branches - branches
        tally.head = max(tally.head, known.number)
        self.heard_at = now
        if wrong is not None:
            self._violated(now, "heads", f"{name}: {wrong}")

    def _lost(self, flight: Flight) -> None:
        if self._counted and not flight.kind:
            self._tally.unanswered += 1

    def _violated(self, now: float, kind: str, text: str) -> None:
        if self._counted:
            self._tally.violated(now, self.lane, kind, text, self.ring)
