"""What no session may do, whatever happens: checked on every command, without a look inside."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from proxy.session import State
from proxy.session import events as ev

if TYPE_CHECKING:
    from proxy.session import Session

# TimePassed applied within one second; pings, errands and deadlines of a busy session stay far below
BUSY = 200
GAUGES = ("ws_queue_size", "ws_subscriptions_active")


class Audit:
    """The complaints about one session, in words."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dialled: set[int] = set()
        self._open: set[int] = set()
        self._over: set[int] = set()
        self._node: str | None = None
        self._closed = False
        self._second = 0
        self._wakes = 0
        self.gauges: Counter[str] = Counter()
        self.complaints: list[str] = []

    def heard(self, event: ev.Event, now: float) -> None:
        """Before the session is told."""
        if isinstance(event, ev.UpstreamOpened):
            self._open.add(event.epoch)
        elif isinstance(event, ev.UpstreamLost):
            self._over.add(event.epoch)
        elif isinstance(event, ev.TimePassed):
            if int(now) != self._second:
                self._second, self._wakes = int(now), 0
            self._wakes += 1
            if self._wakes == BUSY:
                self.complaints.append(f"woken {BUSY} times within the second {self._second}")

    def commanded(self, command: ev.Command) -> None:
        match command:
            case ev.SendClient() | ev.CloseClient():
                if self._closed:
                    self._blame(command, "after CloseClient")
                self._closed = isinstance(command, ev.CloseClient)
            case ev.Moved(previous, node):
                if previous != self._node:
                    self._blame(command, f"though {self._node} carried the client")
                self._node = node
            case ev.Count():
                self._count(command)
            case ev.ReportLane() | ev.ReportMethod():
                pass
            case _:
                self._link_commanded(command)

    def _link_commanded(self, command: ev.Dial | ev.SendUpstream | ev.PingUpstream | ev.HangUp) -> None:
        epoch = command.epoch
        if isinstance(command, ev.Dial):
            if epoch in self._dialled:
                self._blame(command, "an epoch twice")
            self._dialled.add(epoch)
        elif isinstance(command, ev.HangUp):
            if epoch not in self._dialled or epoch in self._over:
                self._blame(command, "of a link that is not there")
            self._over.add(epoch)
        elif epoch not in self._open or epoch in self._over:
            self._blame(command, "to a link that is not open")

    def settled(self) -> None:
        """After all commands of one event."""
        if self._node != self._session.node:
            self.complaints.append(f"carried by {self._session.node}, said {self._node}")
        if self._session.state is State.CLOSED:
            if self._dialled - self._over:
                self.complaints.append(f"links left open: {self._dialled - self._over}")
            for gauge in GAUGES:
                if self.gauges[gauge]:
                    self.complaints.append(f"{gauge} is {self.gauges[gauge]} after the end")

    def _count(self, command: ev.Count) -> None:
        self.gauges[command.name] += command.amount  # type: ignore[assignment] # a histogram's sample may be a float
        if command.name in GAUGES and self.gauges[command.name] < 0:
            self._blame(command, "below zero")

    def _blame(self, command: ev.Command, why: str) -> None:
        self.complaints.append(f"{str(command)[:200]} {why}")
