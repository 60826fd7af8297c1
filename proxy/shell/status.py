"""What the proxy says of itself: /health, /ready, /status, /metrics."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from prometheus_client import CONTENT_TYPE_LATEST

from proxy import routing
from proxy.config import masked
from proxy.nodes import Tier

if TYPE_CHECKING:
    from proxy.nodes import ConsensusState, NodeState, Snapshot
    from proxy.shell.connection import Connection
    from proxy.shell.metrics import Metrics
    from proxy.shell.monitor import Monitor
    from proxy.shell.reading import Request

_JSON: Final = b"Content-Type: application/json\r\n"
_METRICS: Final = b"Content-Type: %b\r\n" % CONTENT_TYPE_LATEST.encode()


def status_document(snapshot: Snapshot) -> dict[str, Any]:
    """The body of /status. URLs are masked."""
    return {
        "el_chain_head": snapshot.el_head or 0,
        "cl_chain_head": snapshot.cl_head or 0,
        "el_failover_active": routing.failover_active(snapshot),
        "el_nodes": [_node(state) for state in snapshot.nodes],
        "cl_nodes": [_consensus(state) for state in snapshot.consensus],
    }


def _node(state: NodeState) -> dict[str, Any]:
    return {
        "name": state.node.name,
        "http_url": masked(state.node.http_url),
        "is_primary": state.node.tier is Tier.PRIMARY,
        "block_number": state.block_number or 0,
        "lag": state.lag,
        "check_ok": state.check_ok,
        "is_healthy": state.healthy,
        "ws_url": masked(state.node.ws_url),
        "ws_ready": state.ws_ready,
        "resting": state.resting,
        "failing_methods": sorted(state.failing_methods),
        "reason": state.reason,
    }


def _consensus(state: ConsensusState) -> dict[str, Any]:
    return {
        "name": state.node.name,
        "url": masked(state.node.url),
        "slot": state.slot or 0,
        "lag": state.lag,
        "health_ok": state.check_ok,
        "is_healthy": state.healthy,
        "reason": state.reason,
    }


class StatusPages:
    """Answers GET and HEAD; `metrics_here`: /metrics is one of the pages."""

    def __init__(self, monitor: Monitor, metrics: Metrics, *, metrics_here: bool) -> None:
        self._monitor = monitor
        self._metrics = metrics
        self._pages = {b"/health": self._health, b"/ready": self._ready, b"/status": self._status}
        if metrics_here:
            self._pages[b"/metrics"] = self.show_metrics

    def handle(self, request: Request, connection: Connection) -> bool:
        """Whether `request` was for one of the pages (and is answered)."""
        page = self._pages.get(request.head.path)
        if page is None:
            return False
        if request.head.method in (b"GET", b"HEAD"):
            page(connection)
        else:
            answer(connection, 405, b"", b"Allow: GET, HEAD\r\n")
        return True

    def show_metrics(self, connection: Connection) -> None:
        answer(connection, 200, self._metrics.text(), _METRICS)

    def _health(self, connection: Connection) -> None:
        answer(connection, 200, b'{"status":"ok"}')

    def _ready(self, connection: Connection) -> None:
        healthy = len(routing.usable(self._monitor.snapshot))
        body = orjson.dumps({"ready": healthy > 0, "healthy_nodes": healthy})
        answer(connection, 200 if healthy else 503, body)

    def _status(self, connection: Connection) -> None:
        answer(connection, 200, orjson.dumps(status_document(self._monitor.snapshot)))


def answer(connection: Connection, status: int, body: bytes, lines: bytes = _JSON, *, last: bool = False) -> None:
    """An answer of ours, of JSON unless `lines` say otherwise; `last`: the connection ends with it."""
    connection.respond(status, HTTPStatus(status).phrase.encode(), lines, body, last=last)
