"""The proxy's side of one client: carries out what its session decides, as `proxy.shell.websocket` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from proxy.session import Session, State
from proxy.session import events as ev
from simulation.agenda import stream
from simulation.audit import Audit
from simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proxy.session import Settings
    from simulation.agenda import Process
    from simulation.monitor import Monitor
    from simulation.node import Node

CLIENT_BUFFER = 8 << 10  # bytes that may wait for a slow reader


class Reader(Protocol):
    """The client's end of the connection."""

    def took(self, data: bytes) -> None: ...

    def ended(self, code: int, reason: str) -> None: ...


class Notice(Protocol):
    """Told of what happens to a session: 'dial', 'opened', 'live', 'lost', 'asked' (an errand), 'answered' …"""

    def __call__(self, connection: Connection, what: str, node: str) -> None: ...


class Gate:
    """All connections of the proxy."""

    def __init__(
        self, process: Process, monitor: Monitor, nodes: Mapping[str, Node], settings: Settings, seed: int
    ) -> None:
        self.process = process
        self.monitor = monitor
        self.nodes = nodes
        self.settings = settings
        self.seed = seed
        self.connections: list[Connection] = []
        self.complaints: list[str] = []
        monitor.listen(lambda _snapshot: self._nodes_changed())

    def _nodes_changed(self) -> None:
        for connection in list(self.connections):
            connection.apply(ev.NodesChanged(self.monitor.snapshot))

    def drain(self) -> None:
        for connection in list(self.connections):
            connection.apply(ev.DrainBegan())


class Connection:
    def __init__(self, gate: Gate, name: str, reader: Reader, notice: Notice) -> None:
        self.name = name
        self._gate = gate
        self._process = gate.process
        self._agenda = gate.process.agenda
        self._reader = reader
        self._notice = notice
        self._armed = float("inf")
        self._timer = 0
        self._waiting: list[bytes] = []
        self._closing: tuple[int, str] | None = None
        self._buffered = 0
        self._reads = True
        self.links: dict[int, Wire] = {}
        self.carrier: Wire | None = None
        self.session = Session(
            gate.settings, gate.monitor.snapshot, stream(gate.seed, f"session of {name}"), self._agenda.now
        )
        self.audit = Audit(self.session)
        self._do: dict[type, Callable[[Any], None]] = {
            ev.SendClient: self._send_client,
            ev.SendUpstream: self._send_upstream,
            ev.PingUpstream: self._ping_upstream,
            ev.Dial: self._dial,
            ev.HangUp: self._hang_up,
            ev.CloseClient: self._close_client,
            ev.ReportLane: self._report_lane,
            ev.ReportMethod: self._report_method,
            ev.Count: lambda _command: None,
            ev.Moved: self._moved,
        }
        gate.connections.append(self)
        self.apply(ev.TimePassed())

    def apply(self, event: ev.Event) -> None:
        now = self._agenda.now
        audit = self.audit
        audit.heard(event, now)
        commands = self.session.apply(event, now)
        for command in commands:
            audit.commanded(command)
        audit.settled()
        for command in commands:
            self._do[type(command)](command)
        if self.session.wake < self._armed:
            self._arm(self.session.wake)

    def _arm(self, when: float) -> None:
        self._timer += 1
        self._armed = when
        self._process.timer(max(when, self._agenda.now + 0.001), self._time_passed, self._timer)

    def _time_passed(self, timer: int) -> None:
        if timer == self._timer:
            self._armed = float("inf")
            self.apply(ev.TimePassed())

    # ---- the client -------------------------------------------------------------------------------------------

    def sent(self, data: bytes) -> None:
        """The client wrote a message."""
        self._process.io(self.apply, ev.ClientSent(data))

    def left(self) -> None:
        """The client's connection is gone."""
        self._process.io(self._gone)

    def stall(self) -> None:
        """The client stops to read."""
        self._reads = False

    def read(self) -> bool:
        """The client goes on to read; whether something had waited, and the connection lives."""
        self._reads = True
        waiting, self._waiting = self._waiting, []
        self._buffered = 0
        for data in waiting:
            self._reader.took(data)
        lives = self._closing is None
        self._end_if_closing()
        return lives and bool(waiting)

    def _gone(self) -> None:
        self.apply(ev.ClientLeft())
        self._timer += 1
        if self in self._gate.connections:
            self._gate.connections.remove(self)
            self._gate.complaints += [f"{self.name}: {text}" for text in self.audit.complaints]
            if self.session.state is not State.CLOSED:
                self._gate.complaints.append(f"{self.name}: {self.session.state} after the client left")

    def _send_client(self, command: ev.SendClient) -> None:
        if self._reads:
            self._reader.took(command.data)
        elif self._buffered > CLIENT_BUFFER:
            self._process.soon(self.apply, ev.ClientFellBehind())
        else:
            self._waiting.append(command.data)
            self._buffered += len(command.data)

    def _close_client(self, command: ev.CloseClient) -> None:
        self._closing = (command.code, command.reason)
        self._end_if_closing()

    def _end_if_closing(self) -> None:
        if self._closing is not None and self._reads:
            (code, reason), self._closing = self._closing, None
            self._reader.ended(code, reason)
            self._process.soon(self._gone)

    # ---- the links --------------------------------------------------------------------------------------------

    def _dial(self, command: ev.Dial) -> None:
        epoch = command.epoch
        node = self._gate.nodes[command.node]
        self.links[epoch] = Wire(
            self._process,
            node,
            lambda kind, *args: self._heard(epoch, kind, *args),
            stream(self._gate.seed, f"link {epoch} of {self.name}"),
        )
        self._notice(self, "dial", command.node)

    def _heard(self, epoch: int, kind: str, *args: Any) -> None:
        wire = self.links.get(epoch)
        if wire is None:
            return
        if kind == "sent":
            self.apply(ev.UpstreamSent(epoch, args[0]))
        elif kind == "ponged":
            self.apply(ev.UpstreamPonged(epoch))
        elif kind == "opened":
            self.apply(ev.UpstreamOpened(epoch))
            self._notice(self, "opened", wire.ends_at)
        else:
            del self.links[epoch]
            self._notice(self, "lost" if wire is self.carrier else "failed", wire.ends_at)
            self.apply(ev.UpstreamLost(epoch, args[0]))

    def _send_upstream(self, command: ev.SendUpstream) -> None:
        wire = self.links.get(command.epoch)
        if wire is not None:
            wire.to_node(command.data)
            if command.data.endswith(b",false]}"):
                self._notice(self, "backfill", wire.ends_at)

    def _ping_upstream(self, command: ev.PingUpstream) -> None:
        wire = self.links.get(command.epoch)
        if wire is not None:
            wire.ping()

    def _report_lane(self, command: ev.ReportLane) -> None:
        monitor = self._gate.monitor
        if command.doubt:
            monitor.lane_doubted(command.node)
        else:
            monitor.lane_lost(command.node, command.lived)

    def _report_method(self, command: ev.ReportMethod) -> None:
        self._gate.monitor.method_reported(command.node, command.method, works=command.works)

    def _hang_up(self, command: ev.HangUp) -> None:
        wire = self.links.pop(command.epoch, None)
        if wire is not None:
            if wire is self.carrier:
                self._notice(self, "lost", wire.ends_at)
            wire.hang_up()

    def _moved(self, command: ev.Moved) -> None:
        planned = command.previous is not None and command.node is not None
        self.carrier = self.links[max(self.links)] if command.node is not None else None
        if command.node is not None:
            self._notice(self, "moved" if planned else "live", command.node)
