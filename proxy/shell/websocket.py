"""The WebSocket side of the proxy: carries out what sessions decide."""

from __future__ import annotations

import asyncio
import logging
import random
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from proxy.session import Session
from proxy.session import events as ev
from proxy.shell import dialer, picows_seam
from proxy.shell.messages import Assembler, BrokenStream
from proxy.shell.outgoing import Outgoing
from proxy.shell.upstream import CLOSE_GRACE, DATA, Upstream, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proxy.nodes import Node, Snapshot
    from proxy.session import Settings
    from proxy.shell.metrics import Metrics
    from proxy.shell.seams import NodeWatch

log = logging.getLogger(__name__)

# a slow reader has a backlog to read before it comes to the close frame
SLOW_CLOSE_GRACE = 20.0  # seconds
# sessions told of new routing in one turn of the loop
BROADCAST = 200


class Client(WSListener):
    """One connection of a client, its session, and the links that the session asks for."""

    __slots__ = (
        "_armed",
        "_assembler",
        "_congested",
        "_do",
        "_gate",
        "_headers",
        "_largest",
        "_links",
        "_loop",
        "_metrics",
        "_outgoing",
        "_query",
        "_session",
        "_timer",
        "_transport",
    )

    def __init__(self, gate: WebSocketGate, query: str, headers: list[tuple[str, str]]) -> None:
        self._gate = gate
        self._metrics = gate.metrics
        self._outgoing = gate.outgoing
        self._do = self._DO
        self._query = query
        self._headers = headers
        self._loop = asyncio.get_running_loop()
        self._assembler = Assembler(gate.max_frame_size)
        self._links: dict[int, Upstream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._armed = float("inf")
        self._transport: WSTransport | None = None
        self._congested = False
        # bytes of the largest message that may still wait: it came whole, and is no sign of a slow reader
        self._largest = 0
        self._session = Session(gate.settings, gate.watch.snapshot, gate.rng, monotonic())

    @property
    def most_unread(self) -> int:
        """Bytes that a node may leave unread."""
        return 2 * self._gate.settings.queue_max_bytes + self._gate.max_frame_size

    def apply(self, event: ev.Event) -> None:
        """Tell the session, do what it says, and wake it when it wants to be woken."""
        session = self._session
        try:
            for command in session.apply(event, monotonic()):
                self._do[type(command)](self, command)
        except Exception:
            # a mistake of ours: let it end for this client, and for nobody who is told the same after it
            log.exception("a client is given up at %s", type(event).__name__)
            if self._transport is not None:
                leave(self._transport, WSCloseCode.INTERNAL_ERROR)
            return
        if session.wake < self._armed:
            self._arm(session.wake)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = when
        self._timer = self._loop.call_later(max(when - monotonic(), 0.001), self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self._armed = float("inf")
        for epoch, link in list(self._links.items()):
            if link.is_moving():
                self.apply(ev.UpstreamPonged(epoch))
        self.apply(ev.TimePassed())
        transport = self._transport
        if transport is not None and transport.is_close_frame_sent and self._links:
            # picows has closed it, for a broken frame, and waits until all is read that the client may never read
            self.apply(ev.ClientLeft())
            self._loop.call_later(SLOW_CLOSE_GRACE, transport.disconnect, False)

    # ---- the client -------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._gate.joined(self)
        self.apply(ev.TimePassed())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind in DATA:
            try:
                data = self._assembler.message(frame, kind)
            except BrokenStream as broken:
                self.apply(ev.ClientErred(broken.code, broken.reason))
                return
            if data is not None:
                if len(data) > picows_seam.SIZEABLE:
                    self._loop.call_soon(picows_seam.give_back, transport)
                self._metrics.ws_messages_upstream += 1
                self.apply(ev.ClientSent(data))
        elif kind == WSMsgType.PING:
            if self._is_behind(transport):
                self.apply(ev.ClientFellBehind())
            else:
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self.apply(ev.ClientLeft())
            leave(transport)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self.apply(ev.ClientLeft())
        if self._timer is not None:
            self._timer.cancel()
        for link in self._links.values():  # of a client that was given up
            link.hang_up()
        self._gate.left(self)

    def pause_writing(self) -> None:
        self._congested = True

    def resume_writing(self) -> None:
        self._congested = False
        self._largest = 0

    def _is_behind(self, transport: WSTransport) -> bool:
        """Whether more waits for the client than it is granted."""
        waiting = int(transport.underlying_transport.get_write_buffer_size())
        return waiting > self._gate.client_buffer + self._largest

    def _send_client(self, command: ev.SendClient) -> None:
        transport = self._transport
        if transport is None:
            return
        if self._congested and self._is_behind(transport):
            self._loop.call_soon(self.apply, ev.ClientFellBehind())
            return
        size = len(command.data)
        if size > self._largest:  # noqa: PLR1730 - hot: see Session._wake_by
            self._largest = size
        self._outgoing.put(transport, command.data)
        self._metrics.ws_messages_downstream += 1

    def _close_client(self, command: ev.CloseClient) -> None:
        transport = self._transport
        if transport is not None:
            self._gate.outgoing.flush()
            # cutting now could destroy the close frame on its way: the client's own close, or the grace, ends it
            transport.send_close(WSCloseCode(command.code), command.reason.encode()[:123].decode(errors="ignore"))
            grace = SLOW_CLOSE_GRACE if self._congested else CLOSE_GRACE
            self._loop.call_later(grace, transport.disconnect, False)

    # ---- the links --------------------------------------------------------------------------------------------

    def _dial(self, command: ev.Dial) -> None:
        link = Upstream(self, command.epoch, self._gate.max_frame_size)
        self._links[command.epoch] = link
        link.dialing = self._loop.create_task(self._open(link, command))

    async def _open(self, link: Upstream, command: ev.Dial) -> None:
        try:
            await dialer.dial(
                self._gate.nodes[command.node],
                link,
                max_frame_size=self._gate.max_frame_size,
                headers=self._headers,
                query=self._query,
            )
        except Exception as error:  # noqa: BLE001 - whatever is wrong, it is the session that decides
            status = dialer.refusal(error)
            why = type(error).__name__ if status is None else f"HTTP {status}"
            self.link_ended(command.epoch, f"cannot be dialled: {why}", refused=status is not None)
        finally:
            link.dialing = None

    def link_ended(self, epoch: int, reason: str, *, refused: bool = False) -> None:
        """The link is gone, for whatever reason; only the first one counts. `refused`: see ev.UpstreamLost."""
        if self._links.pop(epoch, None) is not None:
            self.apply(ev.UpstreamLost(epoch, reason, refused))

    def _send_upstream(self, command: ev.SendUpstream) -> None:
        link = self._links.get(command.epoch)
        if link is not None and link.transport is not None:
            link.send_began(len(command.data))
            self._outgoing.put(link.transport, command.data)

    def _ping_upstream(self, command: ev.PingUpstream) -> None:
        link = self._links.get(command.epoch)
        if link is not None and link.transport is not None:
            link.transport.send_ping()

    def _hang_up(self, command: ev.HangUp) -> None:
        link = self._links.pop(command.epoch, None)
        if link is not None:
            self._gate.outgoing.flush()
            link.hang_up()

    # ---- news for others --------------------------------------------------------------------------------------

    def _report_lane(self, command: ev.ReportLane) -> None:
        # at a switch every client says so: a log that is read slowly would hold up all of them
        log.debug("websocket link to %s ended: %s", command.node, command.reason)
        watch = self._gate.watch
        if command.doubt:
            watch.lane_doubted(command.node)
        else:
            watch.lane_lost(command.node, command.lived)

    def _report_method(self, command: ev.ReportMethod) -> None:
        log.debug("%s: %s %s", command.node, command.method, "works again" if command.works else "fails")
        self._gate.watch.method_reported(command.node, command.method, works=command.works)

    def _count(self, command: ev.Count) -> None:
        self._metrics.count(command.name, command.amount)

    def _moved(self, command: ev.Moved) -> None:
        self._metrics.ws_moved(command.previous, command.node)

    _DO: ClassVar[dict[type, Callable[[Client, Any], None]]] = {
        ev.SendClient: _send_client,
        ev.SendUpstream: _send_upstream,
        ev.PingUpstream: _ping_upstream,
        ev.Dial: _dial,
        ev.HangUp: _hang_up,
        ev.CloseClient: _close_client,
        ev.ReportLane: _report_lane,
        ev.ReportMethod: _report_method,
        ev.Count: _count,
        ev.Moved: _moved,
    }


class WebSocketGate:
    """All WebSocket clients of the proxy."""

    def __init__(
        self,
        settings: Settings,
        nodes: Sequence[Node],
        watch: NodeWatch,
        metrics: Metrics,
        *,
        max_frame_size: int,
        client_buffer: int,
    ) -> None:
        self.settings = settings
        self.nodes = {node.name: node for node in nodes}
        self.watch = watch
        self.metrics = metrics
        self.max_frame_size = max_frame_size
        self.client_buffer = client_buffer
        self.rng = random.SystemRandom()
        self.outgoing = Outgoing()
        self._clients: set[Client] = set()
        self._emptied = asyncio.Event()
        watch.listen(self._nodes_changed)

    def __len__(self) -> int:
        return len(self._clients)

    def accept(
        self, transport: asyncio.Transport, data: bytes, path: bytes, headers: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """Serve the client behind `transport` from now on; see `seams.Gate`."""
        query = path.partition(b"?")[2].decode("latin-1")
        client = Client(self, query, dialer.passed_on(headers))
        picows_seam.adopt(transport, data, client, self.max_frame_size)

    def joined(self, client: Client) -> None:
        self._clients.add(client)
        self.metrics.ws_connections_active.inc()
        self.metrics.ws_connections.inc()

    def left(self, client: Client) -> None:
        if client in self._clients:
            self._clients.discard(client)
            self.metrics.ws_connections_active.dec()
            if not self._clients:
                self._emptied.set()

    def _nodes_changed(self, _snapshot: Snapshot) -> None:
        self._broadcast(list(self._clients), lambda: ev.NodesChanged(self.watch.snapshot))

    def _broadcast(self, clients: list[Client], event: Callable[[], ev.Event]) -> None:
        """Tell them in slices; `event` is made for each slice, so that nobody is told what is old by then."""
        for client in clients[:BROADCAST]:
            client.apply(event())
        if len(clients) > BROADCAST:
            asyncio.get_running_loop().call_soon(self._broadcast, clients[BROADCAST:], event)

    async def drain(self, grace: float) -> None:
        """Let requests in flight finish, close every client with 1001; returns when all are gone or time is up."""
        self._emptied.clear()
        self._broadcast(list(self._clients), ev.DrainBegan)
        if self._clients:
            try:
                async with asyncio.timeout(grace):
                    await self._emptied.wait()
            except TimeoutError:
                for client in list(self._clients):  # all at once: the loop may not live for another turn
                    client.apply(ev.ClientErred(1001, "the proxy is shutting down"))
