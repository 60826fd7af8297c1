"""`POST /el`: JSON-RPC over HTTP, single and batch; and what a browser asks before it posts."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from proxy import jsonrpc, routing
from proxy.shell.endpoint import Endpoint
from proxy.shell.exchange import Exchange
from proxy.shell.flights import Flights
from proxy.shell.pool import Pool

if TYPE_CHECKING:
    from proxy.config import Config
    from proxy.nodes import Snapshot
    from proxy.shell.connection import Connection
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure
    from proxy.shell.metrics import Metrics
    from proxy.shell.monitor import Monitor
    from proxy.shell.reading import Request
    from proxy.shell.tally import NodeTally

_log = logging.getLogger("vixy.http")
_MOST_ERRORS: Final = 1000  # for one batch: to write millions would hold up everybody
# what a front says whose node is down, moved or paid for no longer; 400, 401, 403 and the like are about the client
_OF_FRONTS: Final = frozenset((301, 302, 303, 307, 308, 402, 404, 405, 408, 410))
_NO_JSON: Final = (b"", b"<")  # how an answer begins that is none, or a page
JSON: Final = b"Content-Type: application/json\r\n"


class ExecutionLayer(Flights):
    """See `exchange.Layer`."""

    def __init__(self, config: Config, monitor: Monitor, metrics: Metrics) -> None:
        super().__init__(config.general.proxy_timeout_ms / 1000, config.general.max_retries)
        self._monitor = monitor
        self._metrics = metrics
        self._pools = {node.name: Pool(Endpoint(node.http_url)) for node in config.nodes}
        self._max_body_size = config.general.max_body_size
        self._order: tuple[str, ...] = ()
        self._picky = False
        monitor.listen(self._route)

    # ---- requests

    def handle(self, request: Request, connection: Connection) -> None:
        call = _read_call(request.body)
        if call is None:
            # jsonrpc says best what is wrong with it; what is only wrong in part is for the node to say
            parsed = jsonrpc.parse(request.body)
            if isinstance(parsed, jsonrpc.Invalid):
                _answer(connection, 200, parsed.answer)
                return
            call = (None, False)
        method, read = call
        self._begin(request, connection, method, read=read)

    def handle_options(self, request: Request, connection: Connection) -> None:
        """A browser asks whether a page may post (CORS): a node knows."""
        self._begin(request, connection, None, read=True)

    def _begin(self, request: Request, connection: Connection, method: str | None, *, read: bool) -> None:
        exchange = Exchange(self, connection, request, path=b"", read=read, method=method)
        connection.exchange = exchange
        exchange.start()

    def refuse_body(self, connection: Connection) -> None:
        data = {"promise": "bounded", "node": None, "maybe_executed": False}
        message = f"The request body is larger than {self._max_body_size} bytes"
        _answer(connection, 413, jsonrpc.error_body(None, jsonrpc.TOO_LARGE, message, data))

    def _route(self, snapshot: Snapshot) -> None:
        """The order of nodes is the same for all requests as long as no method rests anywhere."""
        self._picky = any(state.failing_methods for state in snapshot.nodes)
        self._order = self._names(None)
        self.nodes_changed()

    def _names(self, method: str | None) -> tuple[str, ...]:
        return tuple(node.name for node in routing.http_order(self._monitor.snapshot, method))

    # ---- exchange.Layer

    def order(self, exchange: Exchange) -> tuple[str, ...]:
        return self._names(exchange.method) if self._picky else self._order

    def usable(self, node: str) -> bool:
        return routing.is_usable(self._monitor.snapshot, node)

    def pool(self, node: str) -> Pool:
        return self._pools[node]

    def tally(self, node: str) -> NodeTally:
        return self._metrics.el[node]

    def hurry(self, node: str) -> None:
        self._monitor.hurry(node)

    def doubtful(self, exchange: Exchange, head: ResponseHead, body: bytes) -> bool:
        good = head.status == 200
        if good and exchange.method is not None and jsonrpc.is_internal_error(body):
            return True
        strange = body[:1] in _NO_JSON if good else head.status in _OF_FRONTS
        return strange and exchange.request.head.method == b"POST"

    def retried(self) -> None:
        self._metrics.http_retries.inc()

    def judged(self, exchange: Exchange, node: str, head: ResponseHead | None) -> None:
        method = exchange.method if exchange.read else None
        if head is None or head.status >= 500:
            self._monitor.request_failed(node, method)
        elif head.status == 429:
            self._monitor.request_limited(node, _seconds(head.retry_after))
        elif node in self._monitor.troubled:
            self._monitor.request_succeeded(node, method)

    def broke(self, node: str, failure: Failure) -> None:
        _log.debug("%s: %s", node, failure.reason)
        if failure.refused:
            self._monitor.request_refused(node)
        else:
            self._monitor.hurry(node)

    def refuse(self, exchange: Exchange, status: int, reason: str) -> None:
        maybe = exchange.maybe_executed
        code = _code(status, maybe=maybe)
        promise = "sends_once" if maybe else "reads_retried" if exchange.read else "answered_once"
        data = {"promise": promise, "node": exchange.node, "maybe_executed": maybe}
        message = f"{reason}; the request may have been carried out" if maybe else reason
        if exchange.connection is not None:
            _answer(exchange.connection, status, error_answer(exchange.request.body, code, message, data))

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _read_call(body: bytes) -> tuple[str | None, bool] | None:
    """The method of a single call (None: a batch), and whether all of it may be sent twice; None: see `jsonrpc`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(value) is dict:
        method = value.get("method")
        return (method, jsonrpc.is_read(method)) if type(method) is str and _has_good_id(value) else None
    # no more of a batch is looked at than need be: millions of elements fit into a body
    return (None, all(_is_read(item) for item in value)) if type(value) is list and value else None


def _is_read(value: Any) -> bool:
    method = value.get("method") if type(value) is dict else None
    return type(method) is str and jsonrpc.is_read(method)


def _has_good_id(value: dict[str, Any]) -> bool:
    return not isinstance(value.get("id"), bool | dict | list)


def error_answer(body: bytes, code: int, message: str, data: dict[str, Any]) -> bytes:
    """The same error for each request of `body`, under the request's own id; one for all of a huge batch."""
    parsed = jsonrpc.parse(body, _MOST_ERRORS)
    if isinstance(parsed, jsonrpc.Batch):
        answers = [
            item.answer if isinstance(item, jsonrpc.Invalid) else jsonrpc.error_body(item.id, code, message, data)
            for item in parsed.items
            if isinstance(item, jsonrpc.Invalid) or item.id is not None
        ]
        return b"[%b]" % b",".join(answers)
    request_id = parsed.id if isinstance(parsed, jsonrpc.Request) else None
    return jsonrpc.error_body(request_id, code, message, data)


def _code(status: int, *, maybe: bool) -> int:
    if maybe:
        return jsonrpc.OUTCOME_UNKNOWN
    return {503: jsonrpc.NO_NODE, 504: jsonrpc.TIMED_OUT}.get(status, jsonrpc.NODE_FAILED)


def _seconds(retry_after: bytes | None) -> float | None:
    """The value of a Retry-After header; its form as a date is not understood."""
    return float(retry_after) if retry_after is not None and retry_after.strip().isdigit() else None


def _answer(connection: Connection, status: int, body: bytes) -> None:
    connection.respond(status, HTTPStatus(status).phrase.encode(), JSON, body)
