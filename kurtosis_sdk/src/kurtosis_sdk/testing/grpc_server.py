"""gRPC servers on free loopback ports, made of the same table of methods as the client."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from kurtosis_sdk._core.channel import MAX_MESSAGE
from kurtosis_sdk.testing.world import Refused

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from kurtosis_sdk._core.methods import Method

OPTIONS = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.so_reuseport", 0)]
_STOP_LIMIT = 10.0
"""Seconds that a server has to say that it has ended; its port is closed and its calls are cancelled long before."""
_LOG = logging.getLogger(__name__)


@dataclass
class Disturbances:
    """Methods, by name, that hang until the event is set, or answer with an error."""

    stalled: dict[str, threading.Event] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def meet(self, method: str, context: grpc.ServicerContext) -> None:
        if method in self.stalled:
            over = self.stalled[method]
            while context.is_active() and not over.wait(0.02):  # a client that gives up frees the thread
                pass
        if method in self.refused:
            raise Refused(self.refused[method])


@dataclass(frozen=True)
class Route:
    """A method and what answers it: `kind` is one of grpc's four, as in unary_stream."""

    method: Method[Any, Any]
    kind: str
    answer: Callable[[Any, grpc.ServicerContext], Message | Iterator[Message]]


class GrpcServer:
    """One service on one port. `stop` ends it, and soon the streams that are open."""

    def __init__(self, service: str, routes: list[Route], disturbances: Disturbances) -> None:
        self._threads = ThreadPoolExecutor(32, thread_name_prefix="fake-engine")
        self._server = grpc.server(self._threads, options=OPTIONS)
        handlers = {route.method.name: _handler(route, disturbances) for route in routes}
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        # no wait without end: one enclave's server is stopped in a call of the engine's, which would never end either
        if not self._server.stop(grace=0.1).wait(_STOP_LIMIT):
            _LOG.warning("the gRPC server on port %d has not said within %g s that it ended", self.port, _STOP_LIMIT)
        self._threads.shutdown(wait=False)


def _handler(route: Route, disturbances: Disturbances) -> Any:
    name = route.method.name

    def refuse(context: grpc.ServicerContext, problem: Refused) -> None:
        context.set_code(grpc.StatusCode.UNKNOWN)  # all that the real ones ever say
        context.set_details(str(problem))

    def answer_once(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            disturbances.meet(name, context)
            return route.answer(request, context)
        except Refused as problem:
            refuse(context, problem)
            return route.method.response()

    def answer_many(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            disturbances.meet(name, context)
            answers: Any = route.answer(request, context)
            yield from answers
        except Refused as problem:
            refuse(context, problem)

    make = getattr(grpc, f"{route.kind}_rpc_method_handler")
    return make(
        answer_many if route.kind.endswith("_stream") else answer_once,
        request_deserializer=route.method.request.FromString,
        response_serializer=route.method.response.SerializeToString,
    )
