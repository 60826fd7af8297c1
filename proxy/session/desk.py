"""The client's side of the counter: every call that comes in leaves with exactly one answer.

A call is *waiting* (no upstream yet), *flying* (written to one) or done. What waits is bounded in messages, what is
open in messages (many more of them) and bytes; what does not fit is answered at once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from proxy import jsonrpc
from proxy.jsonrpc import Invalid, Request
from proxy.session.calls import Batch, Call, call_of
from proxy.session.events import Count, SendClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proxy.session.link import Commands
    from proxy.session.settings import Settings


# bytes; an error in place of a shorter answer would save nothing
_SHORT: Final = 256
_SIZEABLE: Final = 4096  # bytes of a request that are worth to be let go of early
_SPARE: Final = 1 << 20


class Desk:
    """`batch_answered` is told of each whole batch the subscription ids that were handed out in it."""

    def __init__(self, settings: Settings, out: Commands, batch_answered: Callable[[list[bytes]], None]) -> None:
        self._settings = settings
        self._most_bytes, self._most_calls = settings.queue_max_bytes, settings.open_max_calls
        self._out = out
        self._batch_answered = batch_answered
        self._waiting: deque[Call] = deque()
        self._deadlines: deque[Call] = deque()
        # bytes of answers to batches that are not whole yet
        self._gathered = 0
        # bytes of sizeable requests since those that are over were last let go of
        self._sizeable = 0
        self.open_calls = 0
        self.open_bytes = 0

    # ---- in ---------------------------------------------------------------------------------------------------

    def admit(self, data: bytes, now: float) -> list[Call]:
        """The calls of one message, in order. What is no request is answered here.

        Raises UnicodeDecodeError where the message is not UTF-8.
        """
        parsed = jsonrpc.parse(data, self._settings.max_batch)
        deadline = now + self._settings.request_timeout
        if isinstance(parsed, Request):
            call = Call(parsed, deadline, parsed.method == "eth_subscribe")
            return [call] if self._opened(call) else []
        if isinstance(parsed, Invalid):
            data.decode()  # no text at all is the frame's fault, not the request's
            self._out.append(SendClient(parsed.answer))
            return []
        return self._admit_batch(parsed.items, deadline)

    def _admit_batch(self, items: Iterable[Request | Invalid], deadline: float) -> list[Call]:
        batch = Batch()
        calls: list[Call] = []
        early: list[tuple[int, bytes]] = []
        for item in items:
            if isinstance(item, Invalid):
                early.append((batch.place(), item.answer))
            else:
                calls.append(call_of(item, deadline, batch))
        # only now, with all places taken, can the batch not be complete too soon
        for place, answer in early:
            self._fill(batch, place, answer)
        return [call for call in calls if self._opened(call)]

    def _opened(self, call: Call) -> bool:
        self.open_calls += 1
        size = len(call.request.data)
        self.open_bytes += size
        if self.open_bytes > self._most_bytes or self.open_calls > self._most_calls:
            self._refuse_full(call)
            return False
        deadlines = self._deadlines
        deadlines.append(call)
        while deadlines[0].done:
            deadlines.popleft()
        # behind one slow call gather those that are done
        if len(deadlines) > 2 * self.open_calls + 64 or (size > _SIZEABLE and self._is_much(size)):
            self._deadlines = deque(call for call in deadlines if not call.done)
            self._sizeable = 0
        return True

    def _is_much(self, size: int) -> bool:
        """Whether requests that are over may hold more memory than those that are open, with one more of `size`."""
        self._sizeable += size
        return self._sizeable > 2 * self.open_bytes + _SPARE

    @property
    def next_deadline(self) -> float:
        return self._deadlines[0].deadline if self._deadlines else float("inf")

    # ---- waiting ----------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def wait(self, call: Call) -> None:
        """Keep it until there is an upstream; refuse it if too many wait."""
        if len(self._waiting) >= self._settings.queue_max_messages:
            self._refuse_full(call)
            return
        self._waiting.append(call)
        self._out.append(Count("ws_messages_queued"))
        self._out.append(Count("ws_queue_size"))

    def wait_first(self, calls: list[Call]) -> None:
        """Put calls that were on their way back to the front, in their order. They were admitted once: no bound."""
        self._waiting.extendleft(reversed(calls))
        if calls:
            self._out.append(Count("ws_queue_size", len(calls)))

    def release(self) -> list[Call]:
        """All that waits, in order."""
        calls = list(self._waiting)
        self._waiting.clear()
        if calls:
            self._out.append(Count("ws_queue_size", -len(calls)))
        return calls

    # ---- out --------------------------------------------------------------------------------------------------

    def answer(self, call: Call, text: bytes) -> None:
        """Give `text`, with the client's id in it, as the one answer. No second one, and none to a notification."""
        if call.done:
            return
        self.settle(call)
        if call.request.id is None:
            return
        if call.batch is None:
            self._out.append(SendClient(text))
        else:
            self._fill(call.batch, call.place, text if self._fits(call, text) else _too_large(call))

    def _fits(self, call: Call, text: bytes) -> bool:
        """Whether the answer may wait for the others of its batch; who has subscribed must be told the id."""
        fits = self._gathered + len(text) <= self._settings.batch_max_bytes
        return fits or call.subscribes or len(text) <= _SHORT

    def settle(self, call: Call) -> None:
        """It is over: answered, or never owed an answer."""
        call.done = True
        self.open_calls -= 1
        self.open_bytes -= len(call.request.data)

    def _fill(self, batch: Batch, place: int, text: bytes) -> None:
        self._gathered += len(text)
        whole = batch.fill(place, text)
        if whole is not None:
            self._gathered -= batch.size
            self._out.append(SendClient(whole))
            self._batch_answered(batch.subscriptions)

    def fail(self, call: Call, code: int, message: str, data: dict[str, Any]) -> None:
        """Answer with an error of ours; `data` says which promise, which node and what may have happened."""
        self.answer(call, jsonrpc.error_body(call.request.id, code, message, data))

    def _refuse_full(self, call: Call) -> None:
        self._out.append(Count("ws_queue_full"))
        data = {"promise": "bounded", "node": None, "maybe_executed": False}
        self.fail(call, jsonrpc.QUEUE_FULL, "Too many requests wait for a node", data)

    def salvage(self, calls: Iterable[Call], node: str) -> list[Call]:
        """Of what the lost `node` owed, the calls that may be sent to another; the others are answered here."""
        again: list[Call] = []
        for call in calls:
            if call.done:
                continue
            if call.subscribes or (call.read and call.tries <= self._settings.max_retries):
                again.append(call)
            elif call.read:
                data = {"promise": "reads_retried", "node": node, "maybe_executed": False}
                self.fail(call, jsonrpc.NODE_FAILED, f"{call.tries} nodes failed before they answered", data)
            else:
                data = {"promise": "sends_once", "node": node, "maybe_executed": True}
                self.fail(call, jsonrpc.OUTCOME_UNKNOWN, "The node was lost: the outcome is unknown", data)
        if again:
            self._out.append(Count("ws_requests_resent", len(again)))
        return again

    def expire(self, now: float) -> list[Call]:
        """Answer what has run out of time; those calls."""
        expired: list[Call] = []
        deadlines = self._deadlines
        while deadlines and (deadlines[0].done or deadlines[0].deadline <= now):
            call = deadlines.popleft()
            if call.done:
                continue
            expired.append(call)
            data = {
                "promise": "answered_once",
                "node": call.node,
                "maybe_executed": not call.read and call.node is not None,
            }
            self.fail(call, jsonrpc.TIMED_OUT, "No answer in time", data)
        if expired and self._waiting:
            before = len(self._waiting)
            self._waiting = deque(call for call in self._waiting if not call.done)
            if before != len(self._waiting):
                self._out.append(Count("ws_queue_size", len(self._waiting) - before))
        return expired


def _too_large(call: Call) -> bytes:
    data = {"promise": "bounded", "node": call.node, "maybe_executed": not call.read}
    return jsonrpc.error_body(call.request.id, jsonrpc.TOO_LARGE, "The answers to batches are too large together", data)
