"""The whole proxy on one loop: builds the parts, routes requests by path, and ends politely."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING, Final

from proxy.session import Settings
from proxy.shell.consensus import PREFIX, ConsensusLayer
from proxy.shell.dialer import LaneProber
from proxy.shell.http import ExecutionLayer
from proxy.shell.listener import Listener
from proxy.shell.metrics import Metrics
from proxy.shell.monitor import Monitor
from proxy.shell.status import StatusPages, answer
from proxy.shell.websocket import WebSocketGate

if TYPE_CHECKING:
    from proxy.config import Config
    from proxy.shell.connection import Connection
    from proxy.shell.reading import Request
    from proxy.shell.seams import Gate

GRACE: Final = 10.0  # seconds that the end may take
# descriptors that no client gets: without any for links and probes, all nodes would seem to be ill
SPARE_DESCRIPTORS: Final = 512
LANE_PATIENCE: Final = 4  # times that a lane's dial may take longer than it should: on a machine that starves it does


class MetricsPortError(OSError):
    """The port that is for metrics cannot be had."""

    def __init__(self, port: int, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.port = port


class Server:
    """Build it on the loop that is to serve; then `start`, and at the end `drain`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        settings = config.metrics
        self.metrics = Metrics(config)
        patience = LANE_PATIENCE * config.websocket.ws_dial_timeout_ms / 1000
        self.monitor = Monitor(config, self.metrics, LaneProber(patience))
        self.gate: Gate = WebSocketGate(
            session_settings(config),
            config.nodes,
            self.monitor,
            self.metrics,
            max_frame_size=config.websocket.ws_max_frame_size,
            client_buffer=config.websocket.ws_client_buffer_max_bytes,
        )
        self._execution = ExecutionLayer(config, self.monitor, self.metrics)
        self._consensus = ConsensusLayer(config, self.monitor, self.metrics)
        here = settings.enabled and settings.port is None
        self._pages = StatusPages(self.monitor, self.metrics, metrics_here=here)
        body = config.general.max_body_size
        self._listener = Listener(self._handle, self._refuse, body, _descriptors_for_clients())
        self._metrics_listener = Listener(self._handle_metrics, _refuse, 0)

    async def start(self, host: str, port: int) -> int:
        """Serve; the port. Raises OSError if an address cannot be had. Waits a moment for the nodes' first answers."""
        port = await self._listener.bind(host, port)
        settings = self._config.metrics
        if settings.enabled and settings.port is not None:
            try:
                await self._metrics_listener.bind(host, settings.port)
            except OSError as error:
                raise MetricsPortError(settings.port, error) from error
            await self._metrics_listener.serve()
        await self.monitor.start()
        await self._listener.serve()
        return port

    async def drain(self, grace: float = GRACE) -> None:
        """Accept nobody, finish what is in flight, send WebSocket clients 1001; at most `grace` seconds."""
        await asyncio.gather(self._listener.drain(grace), self.gate.drain(grace), self._metrics_listener.drain(grace))
        self.monitor.close()
        self._execution.close()
        self._consensus.close()

    def _handle(self, request: Request, connection: Connection) -> None:
        head = request.head
        path = head.path
        if request.rest is not None:
            self._upgrade(request, connection)
        elif path == b"/el":
            if head.method == b"POST":
                self._execution.handle(request, connection)
            elif head.method == b"OPTIONS":
                self._execution.handle_options(request, connection)
            else:
                answer(connection, 405, b"", b"Allow: OPTIONS, POST\r\n")
        elif path.startswith(b"/cl/") or path == PREFIX:
            self._consensus.handle(request, connection)
        elif path == b"/el/ws":
            answer(connection, 426, b"", b"Upgrade: websocket\r\nConnection: Upgrade\r\n")
        elif not self._pages.handle(request, connection):
            answer(connection, 404, b'{"error":"no such path"}')

    def _upgrade(self, request: Request, connection: Connection) -> None:
        head = request.head
        if head.path != b"/el/ws":
            answer(connection, 404, b"", last=True)
        elif self._listener.draining:
            answer(connection, 503, b"", last=True)
        else:
            data = head.handshake() + (request.rest or b"")
            self.gate.accept(connection.hand_over(), data, head.target, head.headers)

    def _refuse(self, status: int, target: bytes, connection: Connection) -> None:
        if status == 413 and target.startswith(b"/el"):
            self._execution.refuse_body(connection)
        else:
            _refuse(status, target, connection)

    def _handle_metrics(self, request: Request, connection: Connection) -> None:
        if request.head.path == b"/metrics" and request.head.method in (b"GET", b"HEAD"):
            self._pages.show_metrics(connection)
        else:
            answer(connection, 404, b"")


def session_settings(config: Config) -> Settings:
    """The figures of the config that sessions keep to, in their units."""
    limits = config.websocket
    return Settings(
        request_timeout=config.general.proxy_timeout_ms / 1000,
        max_retries=config.general.max_retries,
        batch_max_bytes=limits.ws_max_frame_size,
        queue_max_messages=limits.ws_queue_max_messages,
        queue_max_bytes=limits.ws_queue_max_bytes,
        backfill_blocks=limits.ws_backfill_blocks,
        dial_timeout=limits.ws_dial_timeout_ms / 1000,
        ping_interval=limits.ws_ping_interval_ms / 1000,
        ping_timeout=limits.ws_ping_timeout_ms / 1000,
    )


def _descriptors_for_clients() -> float:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return float("inf") if soft == resource.RLIM_INFINITY else soft - min(soft // 2, SPARE_DESCRIPTORS)


def _refuse(status: int, _target: bytes, connection: Connection) -> None:
    answer(connection, status, b"", b"")
