"""One upstream link of a session: what it owes us, and how alive it is."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from proxy import jsonrpc
from proxy.breaker import METHOD_STRIKES
from proxy.session.calls import IGNORE, LOGS, REPLAY
from proxy.session.events import Command, PingUpstream, ReportMethod, SendUpstream
from proxy.session.reach import NEVER

if TYPE_CHECKING:
    from proxy.jsonrpc import NodeAnswer, NodeEvent, Request
    from proxy.session.calls import Call, Errand
    from proxy.session.heads import Refill
    from proxy.session.settings import Settings

Commands: TypeAlias = list[Command]

# events that came before the answer that names their subscription; more than this is no network's doing
EARLY_MOST = 4096


class LinkUnfit(Exception):  # noqa: N818 - a verdict, not a mishap
    """This node cannot take the session over; another may."""


def decoded(data: bytes) -> Any:
    """A node's message that the session itself must understand. Raises LinkUnfit for broken JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise LinkUnfit("sends broken JSON") from None


def expect_text(data: bytes) -> None:
    """Raises LinkUnfit for what is not UTF-8: passed on, the client would have to leave us for it (RFC 6455, 8.1)."""
    try:
        data.decode()
    except UnicodeDecodeError:
        raise LinkUnfit("sends what is not UTF-8") from None


class Rejoin:
    """How far a link that took the feed over has come in telling what was missed."""

    def __init__(self, told: int) -> None:
        # the last block told before; the last one that both chains have
        self.told = told
        self.fork = told
        # live logs that wait until the missed ones are told, by key of their subscription; who was asked for
        self.held: dict[bytes, list[tuple[NodeEvent, bytes]]] = {}
        self.asked: set[bytes] = set()


class Link:
    """A dialled connection, from the dial to the hang-up."""

    def __init__(self, epoch: int, node: str, dial_deadline: float) -> None:
        self.epoch = epoch
        self.node = node
        self.dial_deadline = dial_deadline
        self.opened_at: float | None = None
        self.heard_at = 0.0
        self.pinged_at: float | None = None
        self.calls: dict[bytes, Call] = {}
        self.errands: dict[bytes, Errand] = {}
        # the node's subscription id → the session's key
        self.names: dict[bytes, bytes] = {}
        self.refuses_feed = False
        # reads at which the node failed by itself, and how often in a row
        self.failing: dict[str, int] = {}
        # confirmations that wait until the node has said where its chain stands
        self.unrooted: list[tuple[Call, NodeAnswer, bytes]] = []
        self.early: deque[tuple[NodeEvent, bytes]] = deque()
        self.refill: Refill | None = None
        self.rejoin: Rejoin | None = None
        self._minted = 0

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def opened(self, now: float) -> None:
        self.opened_at = self.heard_at = now

    def lived(self, now: float) -> float:
        """Seconds since it opened; 0.0 if it never did."""
        return 0.0 if self.opened_at is None else now - self.opened_at

    def mint(self) -> bytes:
        """A request id of our own: JSON text, never used before on this link."""
        self._minted += 1
        return b"%d" % self._minted

    def send_errand(self, out: Commands, errand: Errand, request: Request) -> None:
        key = self.mint()
        self.errands[key] = errand
        out.append(SendUpstream(self.epoch, request.text(key)))

    def has(self, key: bytes) -> bool:
        """Whether the node has confirmed what the session calls `key`."""
        return key in self.names.values()

    def asks(self, key: bytes) -> bool:
        """Whether the node was asked for `key` and has not answered yet."""
        return any(errand.purpose == REPLAY and errand.about == key for errand in self.errands.values())

    def logs_errands(self, key: bytes) -> list[Errand]:
        """What the node was asked of the logs of `key` and has not answered yet."""
        return [errand for errand in self.errands.values() if errand.purpose == LOGS and errand.about == key]

    @property
    def is_restored(self) -> bool:
        """Whether all that was asked for again is there."""
        return not any(errand.purpose == REPLAY for errand in self.errands.values())

    def leave_chain(self) -> None:
        """Nobody follows the chain any more: what was asked about it finds nobody."""
        self.refill = self.rejoin = None
        self.errands = {key: errand for key, errand in self.errands.items() if errand.purpose in (REPLAY, IGNORE)}

    def retire(self) -> list[Call]:
        """Another link carries the client: wait only for what is owed to it. The calls that the other is to take over.

        They subscribe: what this node confirmed now would die with the link.
        """
        moved = [call for call in self.calls.values() if call.subscribes]
        self.calls = {key: call for key, call in self.calls.items() if not call.subscribes}
        self.errands.clear()
        self.names.clear()
        return moved

    def judge_method(self, out: Commands, call: Call, answer: bytes) -> None:
        """Tell of a read at which the node fails again and again, and of its recovery."""
        method = call.request.method
        if not call.read:
            return
        if jsonrpc.is_internal_error(answer):
            self.failing[method] = self.failing.get(method, 0) + 1
            if self.failing[method] % METHOD_STRIKES == 0:
                out.append(ReportMethod(self.node, method, works=False))
        elif self.failing.pop(method, 0) >= METHOD_STRIKES:
            out.append(ReportMethod(self.node, method, works=True))

    def owes(self) -> bool:
        """Whether an answer for the client is still to come."""
        return any(not call.done for call in self.calls.values())

    def hold_early(self, frame: NodeEvent, data: bytes) -> None:
        if len(self.early) >= EARLY_MOST:
            raise LinkUnfit("floods events of subscriptions that it has not confirmed")
        self.early.append((frame, data))

    # ---- alive? -----------------------------------------------------------------------------------------------

    def check(self, out: Commands, now: float, settings: Settings, *, subscribed: bool) -> str | None:
        """Why the link is to be given up, if it is. Pings when it has been quiet; `subscribed`: events may be due."""
        if not self.is_open:
            return "the dial took too long" if now >= self.dial_deadline else None
        if self.pinged_at is not None:
            if self.heard_at >= self.pinged_at:
                self.pinged_at = None
            elif now >= self.pinged_at + settings.ping_timeout:
                return "silent"
        if self.pinged_at is None and now >= self.heard_at + self._interval(settings, subscribed):
            self.pinged_at = now
            out.append(PingUpstream(self.epoch))
        return None

    def next_check(self, settings: Settings, *, subscribed: bool) -> float:
        """When `check` or an errand has something to do at the earliest."""
        if not self.is_open:
            return self.dial_deadline
        if self.pinged_at is not None and self.heard_at < self.pinged_at:
            check = self.pinged_at + settings.ping_timeout
        else:
            check = self.heard_at + self._interval(settings, subscribed)
        # deadlines rise in the order of the errands, what is in doubt aside: of thousands the first are enough
        first = next((errand.deadline for errand in self.errands.values() if errand.deadline < NEVER), NEVER)
        return min(check, first)

    def _interval(self, settings: Settings, subscribed: bool) -> float:
        busy = self.calls or self.errands or subscribed
        return settings.ping_interval if busy else settings.idle_ping_interval

    def is_overdue(self, now: float) -> bool:
        """Whether the node lets the session wait for an answer too long."""
        return any(errand.deadline <= now for errand in self.errands.values())

    def doubt(self, now: float) -> None:
        """Wait on for what is overdue, without a limit."""
        for errand in self.errands.values():
            if errand.deadline <= now:
                errand.deadline = NEVER

    @property
    def is_doubtful(self) -> bool:
        """Whether something that was overdue is still to come."""
        return any(errand.deadline == NEVER for errand in self.errands.values())

    def excuse(self, late: float) -> None:
        """The process itself slept: `late` seconds of the silence were ours."""
        if self.pinged_at is not None and self.heard_at < self.pinged_at:
            self.pinged_at += late
        if not self.is_open:
            self.dial_deadline += late
        for errand in self.errands.values():
            errand.deadline += late
