"""`/cl/{path}`: any method of the Beacon API, streams included."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from proxy import routing
from proxy.shell.endpoint import Endpoint
from proxy.shell.exchange import Exchange
from proxy.shell.flights import Flights
from proxy.shell.pool import Pool

if TYPE_CHECKING:
    from proxy.config import Config
    from proxy.shell.connection import Connection
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure
    from proxy.shell.metrics import Metrics
    from proxy.shell.monitor import Monitor
    from proxy.shell.reading import Request
    from proxy.shell.tally import NodeTally

PREFIX: Final = b"/cl"
# a segment of two dots, however it is written: behind a node's own path it would lead out of that
_CLIMBS: Final = re.compile(rb"(?i)(?:/|%2f)(?:\.|%2e){2}(?:/|%2f|\Z)").search
_JSON: Final = b"Content-Type: application/json\r\n"


class ConsensusLayer(Flights):
    """See `exchange.Layer`. GET and HEAD go on to the next node; anything else is written to one node at most."""

    def __init__(self, config: Config, monitor: Monitor, metrics: Metrics) -> None:
        super().__init__(config.general.proxy_timeout_ms / 1000, config.general.max_retries)
        self._monitor = monitor
        self._metrics = metrics
        self._pools = {node.name: Pool(Endpoint(node.url)) for node in config.consensus}
        monitor.listen(lambda _snapshot: self.nodes_changed())

    def handle(self, request: Request, connection: Connection) -> None:
        # the path as the client wrote it: its slashes may matter to the node
        path = request.head.target.partition(b"?")[0][len(PREFIX) :]
        if _CLIMBS(path):
            answer = {"code": 400, "message": f"a path must not lead out of {PREFIX.decode()}"}
            connection.respond(400, b"Bad Request", _JSON, orjson.dumps(answer))
            return
        read = request.head.method in (b"GET", b"HEAD")
        exchange = Exchange(self, connection, request, path=path, read=read, method=None)
        connection.exchange = exchange
        exchange.start()

    # ---- exchange.Layer

    def order(self, exchange: Exchange) -> tuple[str, ...]:  # noqa: ARG002 - the same for every request
        return tuple(node.name for node in routing.consensus_order(self._monitor.snapshot))

    def usable(self, node: str) -> bool:
        return any(state.healthy and state.node.name == node for state in self._monitor.snapshot.consensus)

    def pool(self, node: str) -> Pool:
        return self._pools[node]

    def tally(self, node: str) -> NodeTally:
        return self._metrics.cl[node]

    def hurry(self, node: str) -> None:
        """Consensus nodes are probed at their own pace."""

    def doubtful(self, exchange: Exchange, head: ResponseHead, body: bytes) -> bool:  # noqa: ARG002
        """Every status and body may be an answer of the Beacon API."""
        return False

    def retried(self) -> None:
        self._metrics.http_retries.inc()

    def judged(self, exchange: Exchange, node: str, head: ResponseHead | None) -> None:
        """What one path of the Beacon API answers says little about the node: probes judge it."""

    def broke(self, node: str, failure: Failure) -> None:
        """Probes judge the node."""

    def refuse(self, exchange: Exchange, status: int, reason: str) -> None:
        if exchange.connection is None:
            return
        maybe = exchange.maybe_executed
        message = f"{reason}; the request may have been carried out" if maybe else reason
        answer = {"code": status, "message": message, "node": exchange.node, "maybe_executed": maybe}
        exchange.connection.respond(status, HTTPStatus(status).phrase.encode(), _JSON, orjson.dumps(answer))

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
