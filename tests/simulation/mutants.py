"""Breakages of the session, each a few lines, each one bug that a real proxy had: what the simulation must catch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import structs

from proxy.session import Settings
from proxy.session import events as ev
from proxy.session.calls import REPLAY, Call
from proxy.session.continuity import Continuity
from proxy.session.desk import Desk
from proxy.session.heads import Deliver, Head, Refill, Wait, read_head
from proxy.session.link import Commands, Link
from proxy.session.reach import NEVER, Reach
from proxy.session.session import Session
from proxy.session.streams import Streams
from proxy.session.subscriptions import Book, Recent, Subscription, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    Patch = pytest.MonkeyPatch


def forwards_replay_answers(patch: Patch) -> None:
    """Issue 2 of the incident: the answer to a replayed subscription reaches the client."""
    real = Session._errand_answered

    def mutant(self: Session, link: Link, key: bytes, data: bytes) -> None:
        if key in link.errands and link.errands[key].purpose == REPLAY:
            self._out.append(ev.SendClient(data))
        real(self, link, key, data)

    patch.setattr(Session, "_errand_answered", mutant)


def drops_waiting_requests(patch: Patch) -> None:
    """Issue 1: what is sent while no node is there is lost."""
    patch.setattr(Desk, "wait", lambda _self, _call: None)


def resends_sends(patch: Patch) -> None:
    """A transaction whose node died is written to the next one."""
    patch.setattr(Call, "read", property(lambda _self: True))


def forgets_subscriptions_of_batches(patch: Patch) -> None:
    """Only a single eth_subscribe is noticed, and asked for again."""
    real_add, real_iter = Book.add, Book.__iter__
    forgotten: set[bytes] = set()

    def add(self: Book, call: Call) -> Subscription:
        subscription = real_add(self, call)
        if call.batch is not None:
            forgotten.add(subscription.key)
        return subscription

    def without(self: Book) -> Iterator[Subscription]:
        return (each for each in real_iter(self) if each.key not in forgotten)

    patch.setattr(Book, "add", add)
    patch.setattr(Book, "__iter__", without)


def fills_no_gaps(patch: Patch) -> None:
    """The new node's heads are told as they come."""

    def join(self: Refill, head: Head, _tip: Head) -> Deliver:
        self._waiting.popleft()
        return Deliver([head], head.number - 1, self._chain.extend(head))

    patch.setattr(Refill, "_join", join)


def repeats_the_head_after_a_switch(patch: Patch) -> None:
    """The new node's latest block is told whether or not the client knows it."""
    real = Continuity.latest

    def mutant(self: Continuity, link: Link, block: Any, now: float) -> None:
        head = read_head(block) if self.is_rooted else None
        real(self, link, block, now)
        if head is not None:
            self._tell_heads(link, [head])

    patch.setattr(Continuity, "latest", mutant)


def reads_ids_as_numbers(patch: Patch) -> None:
    """1e3 comes back as 1000.0, and 2**64 as 1.8446744073709552e19."""
    real = Desk.admit

    def mutant(self: Desk, data: bytes, now: float) -> list[Call]:
        calls = real(self, data, now)
        for call in calls:
            if call.request.id is not None:
                number = orjson.dumps(orjson.loads(call.request.id))
                call.request = structs.replace(call.request, id=number)
        return calls

    patch.setattr(Desk, "admit", mutant)


def loses_calls_in_flight(patch: Patch) -> None:
    """What a dead node owed is nobody's business."""
    patch.setattr(Desk, "salvage", lambda _self, _calls, _node: [])


def never_goes_home(patch: Patch) -> None:
    """Issue 5: a client that is served somewhere stays there."""

    def arrived(self: Reach, _current: str, _now: float) -> None:
        self.dial_at = NEVER

    patch.setattr(Reach, "arrived", arrived)


def ignores_silence(patch: Patch) -> None:
    """A link that says nothing is as good as any."""
    real = Link.check

    def check(self: Link, out: Commands, now: float, settings: Settings, *, subscribed: bool) -> str | None:
        reason = real(self, out, now, settings, subscribed=subscribed)
        return None if reason == "silent" else reason

    patch.setattr(Link, "check", check)


def unsubscribes_by_the_clients_id(patch: Patch) -> None:
    """The node is asked to end a subscription of which it has never heard."""
    patch.setattr(Streams, "unsubscribe", lambda *_args: None)


def keeps_old_links(patch: Patch) -> None:
    """The link that was left stays open."""
    patch.setattr(Session, "_leave_if_settled", lambda _self, _link: None)


def hides_a_gap_that_is_too_wide(patch: Patch) -> None:
    """Where the gap cannot be filled the stream just goes silent."""
    real = Refill._join

    def join(self: Refill, head: Head, tip: Head) -> Any:
        step = real(self, head, tip)
        return step if isinstance(step, Deliver) or hasattr(step, "wanted") else Wait()

    patch.setattr(Refill, "_join", join)


def leaves_the_queue_gauge_up(patch: Patch) -> None:
    """What has left the queue is counted as if it still waited."""
    real = Desk.release

    def release(self: Desk) -> list[Call]:
        count = len(self._out)
        calls = real(self)
        del self._out[count:]
        return calls

    patch.setattr(Desk, "release", release)


def never_sleeps(patch: Patch) -> None:
    """The session asks to be woken at once, again and again."""
    real = Session._plan

    def plan(self: Session) -> None:
        real(self)
        self.wake = min(self.wake, self._now)

    patch.setattr(Session, "_plan", plan)


def forgets_what_was_told_of_a_reorg(patch: Patch) -> None:
    """The logs of blocks that were reorganised away stay with the client."""
    patch.setattr(Continuity, "_tell_removed", lambda *_args: None)


def tells_every_transaction_again(patch: Patch) -> None:
    """A transaction that two nodes announce is told twice."""
    patch.setattr(Recent, "is_news", lambda _self, _result: True)


def asks_for_logs_up_to_the_last_head(patch: Patch) -> None:
    """The simulation found it: what the node announced before it knew the subscription is missing."""

    def asked(self: Subscription, first: int) -> Any:
        return ask("eth_getLogs", [{"fromBlock": hex(first), "toBlock": hex(first)}])

    patch.setattr(Subscription, "logs_request", asked)


MUTANTS: tuple[Callable[[Patch], None], ...] = (
    forwards_replay_answers,
    drops_waiting_requests,
    resends_sends,
    forgets_subscriptions_of_batches,
    fills_no_gaps,
    repeats_the_head_after_a_switch,
    reads_ids_as_numbers,
    loses_calls_in_flight,
    never_goes_home,
    ignores_silence,
    unsubscribes_by_the_clients_id,
    keeps_old_links,
    hides_a_gap_that_is_too_wide,
    leaves_the_queue_gauge_up,
    never_sleeps,
    forgets_what_was_told_of_a_reorg,
    tells_every_transaction_again,
    asks_for_logs_up_to_the_last_head,
)
