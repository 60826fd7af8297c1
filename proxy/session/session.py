"""One WebSocket client over any number of upstream links, one after another.

1. Nothing here waits, reads a clock or touches a socket: events in, commands out, `now` beside each event.
2. An upstream never sees a client's request id; a client never sees an upstream's subscription id. The session mints
   both, and drops what its books cannot name: the answer to a replay has nowhere to leak to.
3. Every request ends in exactly one answer: the upstream's, or an error of ours.

Losing the upstream and finding a better one are the same move: a link is dialled, takes the subscriptions over and is
promoted. Only whether the old link still lives meanwhile differs; if it does, what it owes is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from proxy import jsonrpc
from proxy.jsonrpc import NodeAnswer
from proxy.session import events as ev
from proxy.session.calls import REPLAY, Call
from proxy.session.continuity import GapTooWide
from proxy.session.desk import Desk
from proxy.session.events import Command, Count
from proxy.session.link import Link, LinkUnfit, expect_text
from proxy.session.reach import NEVER, Reach
from proxy.session.states import MOVES, State
from proxy.session.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from proxy.nodes import Snapshot
    from proxy.session.settings import Settings

_CLOSED: Final = State.CLOSED  # a name of the module costs a tenth of a member of an enum, in Python 3.11

# a clock that fires this late says that the process slept, not that the nodes are silent
LATE: Final = 0.25  # seconds


class Session:
    """`apply` every event with the time at which it happened, carry the commands out in their order, and apply
    `TimePassed` when the time reaches `wake`."""

    def __init__(self, settings: Settings, snapshot: Snapshot, rng: Random, now: float) -> None:
        self._settings = settings
        self._handlers = self._HANDLERS  # one of the class is looked for anew at every event, in Python 3.11
        self._now = now
        self._out: list[Command] = []
        self._streams = Streams(settings, rng, self._out)
        self._desk = Desk(settings, self._out, self._streams.book.batch_answered)
        self._reach = Reach(settings, snapshot, rng, now)
        self._links: dict[int, Link] = {}
        self._current: Link | None = None
        self._next: Link | None = None
        self._epochs = 0
        self._state = State.OFFLINE
        self._lost_at: float | None = None
        self._draining = False
        self.wake = now

    @property
    def state(self) -> State:
        return self._state

    @property
    def node(self) -> str | None:
        """The node that carries the client."""
        return None if self._current is None else self._current.node

    @property
    def open_calls(self) -> int:
        """Requests of the client that are not answered yet."""
        return self._desk.open_calls

    def apply(self, event: ev.Event, now: float) -> list[Command]:
        """What is to be done about `event`, in this order. Never raises for anything that a peer sent."""
        self._now = now
        if now - self.wake > LATE:
            self._overslept(now - self.wake)
        if self._state is not _CLOSED:
            try:
                self._handlers[type(event)](self, event)
            except GapTooWide as gap:
                self._out.append(Count("ws_gaps_unfilled"))
                self._close(1013, f"missed blocks cannot be refilled: {gap}")
            if self._draining and not self.open_calls:
                self._close(1001, "the proxy is shutting down")
        commands = self._out.copy()
        self._out.clear()
        return commands

    # ---- requests ---------------------------------------------------------------------------------------------

    def _client_sent(self, event: ev.ClientSent) -> None:
        try:
            calls = self._desk.admit(event.data, self._now)
        except UnicodeDecodeError:
            self._close(1007, "the message is not UTF-8")
            return
        for call in calls:
            self._dispatch(call)
            self._wake_by(call.deadline)

    def _dispatch(self, call: Call) -> None:
        link = self._current
        if "subscribe" in call.request.method:  # hot: cheaper than to look at the end
            answer = self._streams.answer(self._links.values(), link, call, self._now)
            if answer is not None:
                self._desk.answer(call, answer)
                return
        if link is None:
            self._desk.wait(call)
        else:
            self._write(link, call)

    def _write(self, link: Link, call: Call) -> None:
        key = link.mint()
        call.tries += 1
        call.node = link.node
        if call.request.id is None:
            self._desk.settle(call)
        else:
            if not link.calls:
                self._wake_by(self._now + self._settings.ping_interval)
            call.key = key
            link.calls[key] = call
        self._out.append(ev.SendUpstream(link.epoch, call.request.text(key)))

    def _upstream_sent(self, event: ev.UpstreamSent) -> None:
        link = self._links.get(event.epoch)
        if link is None:
            return
        link.heard_at = self._now
        try:
            self._read(link, event.data)
        except LinkUnfit as unfit:
            self._out.append(ev.HangUp(link.epoch))
            self._lose(link, str(unfit), unfit=True)
            self._plan()

    def _read(self, link: Link, data: bytes) -> None:
        """A message of `link`. Raises LinkUnfit where the node cannot do what the client needs."""
        frame = jsonrpc.read_node(data)
        if frame is not None and not data.isascii():
            expect_text(data)
        if isinstance(frame, NodeAnswer):
            call = link.calls.get(frame.id)
            if call is None:
                self._errand_answered(link, frame.id, data)
            elif call.subscribes:
                self._subscribe_answered(link, call, frame, data)
            else:
                del link.calls[frame.id]
                if frame.is_error or link.failing:
                    link.judge_method(self._out, call, data)
                self._desk.answer(call, data[: frame.start] + (call.request.id or b"null") + data[frame.end :])
            if link is not self._current:
                self._leave_if_settled(link)
        elif frame is not None:
            if link is self._current:
                self._streams.announced(link, frame, data, self._now)
            elif link is self._next:
                link.hold_early(frame, data)

    def _subscribe_answered(self, link: Link, call: Call, frame: NodeAnswer, data: bytes) -> None:
        if self._streams.holds(link, call, frame, data, self._now):
            return
        text = self._streams.confirmed(link, call, frame, data, self._now)
        del link.calls[frame.id]
        self._desk.answer(call, text)
        if link.early:
            self._streams.play_early(link, self._now)
        self._plan()

    def _errand_answered(self, link: Link, key: bytes, data: bytes) -> None:
        errand = link.errands.pop(key, None)
        if errand is None:
            self._out.append(Count("ws_strangers_dropped"))
            return
        self._streams.errand_answered(link, errand, data, self._now)
        for call, frame, text in self._streams.freed(link):
            self._subscribe_answered(link, call, frame, text)
        if link is self._next:
            self._promote_if_restored(link)
        elif link is self._current and errand.purpose == REPLAY and link.early:
            self._streams.play_early(link, self._now)
        self._plan()

    def _upstream_ponged(self, event: ev.UpstreamPonged) -> None:
        link = self._links.get(event.epoch)
        if link is not None:
            link.heard_at = self._now
            self._wake_by(link.next_check(self._settings, subscribed=len(self._streams.book) > 0))

    # ---- links ------------------------------------------------------------------------------------------------

    @property
    def _home(self) -> str | None:
        """The node that carries the client and may go on with it."""
        return None if self._current is None or self._current.is_doubtful else self._current.node

    def _seek(self) -> None:
        """Dial the best node, when its time has come."""
        node = None if self._next is not None else self._reach.choose(self._home, self._now)
        if node is not None:
            self._epochs += 1
            link = Link(self._epochs, node.name, self._now + self._reach.patience(node.name))
            self._links[link.epoch] = self._next = link
            self._out.append(ev.Dial(link.epoch, node.name))

    def _nodes_changed(self, event: ev.NodesChanged) -> None:
        self._reach.routing_changed(event.snapshot, self._home, self._now)
        self._reach.forsake(self._next, self._now)
        self._plan()

    def _upstream_opened(self, event: ev.UpstreamOpened) -> None:
        link = self._links.get(event.epoch)
        if link is None or link is not self._next:
            self._out.append(ev.HangUp(event.epoch))
            return
        link.opened(self._now)
        self._promote_if_restored(link)
        self._enter()
        self._plan()

    def _promote_if_restored(self, link: Link) -> None:
        if link.is_restored:
            # the client may have subscribed to more over the old link meanwhile
            self._streams.replay(link, self._now)
            if link.is_restored:
                self._promote(link)

    def _promote(self, link: Link) -> None:
        """From now on `link` carries the client."""
        previous = self._current
        self._current, self._next = link, None
        self._reach.arrived(link.node, self._now)
        before = None if previous is None else previous.node
        self._out.append(ev.Moved(before, link.node))
        if link.epoch > 1:
            self._out += (Count("ws_reconnections"), Count("ws_reconnection_attempts_success"))
        if self._lost_at is not None:
            gap = self._now - self._lost_at
            self._out.append(Count("ws_gap_seconds", gap))
            if self._streams.book.has_pending:
                self._out.append(Count("ws_pending_tx_gap_seconds", gap))
            self._lost_at = None
        moved: list[Call] = []
        if previous is not None:
            moved = previous.retire()
            self._leave_if_settled(previous)
        self._enter()
        for call in moved + self._desk.release():
            if not call.done:
                self._dispatch(call)
        self._streams.play_early(link, self._now)

    def _leave_if_settled(self, link: Link) -> None:
        if link is not self._current and link is not self._next and not link.owes():
            self._out.append(ev.HangUp(link.epoch))
            self._links.pop(link.epoch, None)

    def _upstream_lost(self, event: ev.UpstreamLost) -> None:
        link = self._links.get(event.epoch)
        if link is not None:
            unfit = event.refused and not link.is_open  # what was too big for an open one need not be sent again
            self._lose(link, event.reason, unfit=unfit, doubt=event.refused)
            self._plan()

    def _lose(self, link: Link, reason: str, *, unfit: bool = False, doubt: bool = False) -> None:
        """The link is of no use any more: what it owed goes elsewhere, and so does the client.

        `unfit`: the node works, but not for this client: another one may; if none does, the client is told so.
        """
        if self._links.pop(link.epoch, None) is None:
            return
        self._reach.failed(link.node, link.lived(self._now), self._now, unfit=unfit)
        if doubt or not unfit:
            self._out.append(ev.ReportLane(link.node, reason, doubt, link.lived(self._now)))
        if link is self._next:
            self._next = None
            self._out.append(Count("ws_reconnection_attempts_failed"))
            self._reach.dial_at = self._now
        elif link is self._current:
            self._current = None
            self._lost_at = self._now
            self._out.append(ev.Moved(link.node, None))
            self._reach.lost(self._now)
        self._enter()
        again = self._desk.salvage(link.calls.values(), link.node)
        if self._current is None:
            self._desk.wait_first(again)
        else:
            for call in again:
                self._dispatch(call)
        if unfit and self._current is None and self._reach.exhausted:
            self._close(1013, f"no node can go on with this client: {link.node} {reason}")

    # ---- time -------------------------------------------------------------------------------------------------

    def _overslept(self, late: float) -> None:
        """Nobody woke the session in time: the process slept, and so the nodes were not heard."""
        for link in self._links.values():
            link.excuse(late + LATE)  # and some time to read what has come meanwhile
        self.wake = self._now

    def _time_passed(self, _event: ev.TimePassed) -> None:
        for call in self._desk.expire(self._now):
            for link in self._links.values():
                if link.calls.get(call.key) is call and not call.subscribes:
                    del link.calls[call.key]
        for link in list(self._links.values()):
            reason = link.check(self._out, self._now, self._settings, subscribed=len(self._streams.book) > 0)
            if reason is not None:
                self._out.append(ev.HangUp(link.epoch))
                self._lose(link, reason)
            elif link.is_overdue(self._now):
                self._errand_overdue(link)
            else:
                self._leave_if_settled(link)
        self._plan()

    def _errand_overdue(self, link: Link) -> None:
        """It lives, but does not answer what the session asked: another is dialled, before this one is left."""
        if link is self._next:
            self._out.append(ev.HangUp(link.epoch))
            self._lose(link, "did not answer what the session asked")
            return
        link.doubt(self._now)
        if link is self._current:
            self._reach.failed(link.node, link.lived(self._now), self._now)
            self._reach.dial_at = self._now

    def _wake_by(self, when: float) -> None:
        if when < self.wake:  # noqa: PLR1730 - hot: a call of min costs more than the comparison
            self.wake = when

    def _plan(self) -> None:
        """Dial if it is time to; then find the next instant at which there is something to do."""
        if self._state is State.CLOSED:
            return
        self._seek()
        subscribed = len(self._streams.book) > 0
        checks = [link.next_check(self._settings, subscribed=subscribed) for link in self._links.values()]
        dial_at = NEVER if self._next is not None else self._reach.dial_at
        self.wake = max(min(self._desk.next_deadline, dial_at, *checks), self._now)

    # ---- the end ----------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        """Take on the state that the links say."""
        restoring = self._next is not None and self._next.is_open
        state = State.LIVE if self._current is not None else State.RESTORING if restoring else State.OFFLINE
        if state is not self._state:
            assert state in MOVES[self._state], (self._state, state)  # noqa: S101 - the table is the specification
            self._state = state

    def _client_erred(self, event: ev.ClientErred) -> None:
        self._close(event.code, event.reason)

    def _client_fell_behind(self, _event: ev.ClientFellBehind) -> None:
        self._out.append(Count("ws_slow_clients"))
        self._close(1013, "the client reads too slowly")

    def _drain_began(self, _event: ev.DrainBegan) -> None:
        self._draining = True

    def _close(self, code: int, reason: str) -> None:
        if self._state is not State.CLOSED:
            self._out.append(ev.CloseClient(code, reason))
            self._end()

    def _end(self, _event: ev.ClientLeft | None = None) -> None:
        self._desk.release()
        self._streams.book.clear()
        if self._current is not None:
            self._out.append(ev.Moved(self._current.node, None))
        self._out += [ev.HangUp(epoch) for epoch in self._links]
        self._links.clear()
        self._current = self._next = None
        self._state = State.CLOSED
        self.wake = NEVER

    _HANDLERS: ClassVar[dict[type, Callable[[Session, Any], None]]] = {
        ev.ClientSent: _client_sent,
        ev.UpstreamSent: _upstream_sent,
        ev.ClientLeft: _end,
        ev.ClientFellBehind: _client_fell_behind,
        ev.ClientErred: _client_erred,
        ev.NodesChanged: _nodes_changed,
        ev.UpstreamOpened: _upstream_opened,
        ev.UpstreamPonged: _upstream_ponged,
        ev.UpstreamLost: _upstream_lost,
        ev.TimePassed: _time_passed,
        ev.DrainBegan: _drain_began,
    }
