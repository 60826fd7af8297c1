"""Whatever happens to calls at the desk: each gets exactly one answer, and the books balance."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule

from proxy import jsonrpc
from proxy.session import Settings
from proxy.session.calls import Batch
from proxy.session.desk import Desk
from proxy.session.events import Command, Count, SendClient
from tests.proxy.jsontexts import Written, requests

if TYPE_CHECKING:
    from proxy.session.calls import Call

# how requests are written is test_jsonrpc_properties' matter
_REQUESTS = [
    Written(b'{"method":"%b"%b}' % (method, b"" if raw is None else b',"id":' + raw), raw, method.decode(), None)
    for raw in (None, b"1", b"1", b'"1"', b"null", b'"%b"' % (b"x" * 250))
    for method in (b"eth_call", b"eth_sendRawTransaction", b"eth_subscribe")
]
MESSAGES = st.lists(st.sampled_from(_REQUESTS), min_size=1, max_size=4)


class DeskMachine(RuleBasedStateMachine):
    """Calls come in, wait, fly, are answered, fail, expire, are salvaged: in any order."""

    flying = Bundle("flying")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.out: list[Command] = []
        self.settled: list[list[bytes]] = []
        settings = Settings(queue_max_messages=3, queue_max_bytes=600, request_timeout=10)
        self.desk = Desk(settings, self.out, self.settled.append)
        self.owed: Counter[str] = Counter()
        self.waiting: list[Call] = []
        self.calls: list[Call] = []

    @rule(target=flying, written=MESSAGES, batched=st.booleans())
    def admit(self, written: list[Written], batched: bool) -> object:
        if batched:
            texts = [b"[%b]" % b",".join(one.text for one in written)]
            ids = [one.id for one in written if one.id is not None]
            if ids:
                self.owed[_name(b"[%b]" % b",".join(ids))] += 1
        else:
            texts = [one.text for one in written]
            self.owed.update(_name(one.id) for one in written if one.id is not None)
        calls = [call for text in texts for call in self.desk.admit(text, self.now)]
        self.calls += calls
        return multiple(*calls)

    @rule(call=consumes(flying))
    def wait(self, call: Call) -> None:
        if not call.done:
            self.desk.wait(call)
            if not call.done:
                self.waiting.append(call)

    @rule(target=flying)
    def release(self) -> object:
        released = self.desk.release()
        assert released == [call for call in self.waiting if not call.done], "order"
        self.waiting.clear()
        return multiple(*released)

    @rule(call=flying)
    def answer(self, call: Call) -> None:
        """A second answer, or one after the time-out, changes nothing."""
        self.desk.answer(call, b'{"id":%b,"result":1}' % (call.request.id or b"null"))
        assert call.done

    @rule(target=flying, call=consumes(flying))
    def salvage(self, call: Call) -> object:
        call.tries += 1
        again = self.desk.salvage([call], "P1")
        assert bool(again) is not call.done
        self.desk.wait_first(again)
        self.waiting[:0] = again
        return multiple()

    @rule(seconds=st.integers(0, 6))
    def expire(self, seconds: int) -> None:
        self.now += seconds
        for call in self.desk.expire(self.now):
            assert call.deadline <= self.now
        assert self.desk.next_deadline > self.now
        assert all(call.done for call in self.calls if call.deadline <= self.now)

    @precondition(lambda self: self.owed)
    @rule()
    def everything_ends(self) -> None:
        self.expire(11)
        assert self.desk.open_calls == self.desk.open_bytes == 0
        assert self.answered() == self.owed

    @invariant()
    def nothing_is_answered_twice(self) -> None:
        assert self.answered() <= self.owed

    @invariant()
    def the_books_balance(self) -> None:
        unsettled = [call for call in self.calls if not call.done]
        assert self.desk.open_calls == len(unsettled)
        assert self.desk.open_bytes == sum(len(call.request.data) for call in unsettled) <= 600
        counts = [command for command in self.out if isinstance(command, Count)]
        gauge = sum(count.amount for count in counts if count.name == "ws_queue_size")
        assert gauge == self.desk.waiting >= len([call for call in self.waiting if not call.done])

    def answered(self) -> Counter[str]:
        frames = [orjson.loads(command.data) for command in self.out if isinstance(command, SendClient)]
        return Counter(
            repr([part["id"] for part in frame]) if isinstance(frame, list) else repr(frame["id"]) for frame in frames
        )


def _name(raw: bytes) -> str:
    return repr(orjson.loads(raw))


TestDesk = DeskMachine.TestCase


@given(st.lists(st.binary(min_size=1), min_size=1, max_size=8), st.randoms())
def test_a_batch_is_whole_when_its_last_place_is_filled_and_in_order_however_it_was(
    answers: list[bytes], rng: object
) -> None:
    batch = Batch()
    places = [batch.place() for _ in answers]
    order = list(zip(places, answers, strict=True))
    rng.shuffle(order)  # type: ignore[attr-defined] # a Random, which hypothesis does not name
    *first, last = order
    assert [batch.fill(*filled) for filled in first] == [None] * len(first)
    assert batch.fill(*last) == b"[%b]" % b",".join(answers) == batch.text()


@given(requests())
def test_what_is_refused_or_overdue_says_so_to_whom_it_concerns(written: Written) -> None:
    out: list[Command] = []
    desk = Desk(Settings(queue_max_bytes=0), out, lambda _keys: None)
    assert desk.admit(written.text, 0.0) == []
    assert Count("ws_queue_full") in out
    frames = [command.data for command in out if isinstance(command, SendClient)]
    assert len(frames) == (written.id is not None)
    for frame in frames:
        error = orjson.loads(frame)["error"]
        assert error["code"] == jsonrpc.QUEUE_FULL
        assert error["data"].keys() == {"promise", "node", "maybe_executed"}
