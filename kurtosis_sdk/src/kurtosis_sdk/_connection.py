"""The synchronous shell: performs the steps of flows over one gRPC channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc

from kurtosis_sdk._core.calls import Drain, Flow, Local, Step, Stream, Unary, Upload
from kurtosis_sdk._core.channel import OPTIONS, checked
from kurtosis_sdk._core.faults import fault, not_an_engine
from kurtosis_sdk.errors import DisconnectedError, KurtosisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

T = TypeVar("T")
R = TypeVar("R", bound="Message")


class OpenStream(Generic[R]):
    """The messages of a stream while they come."""

    def __init__(self, call: Any, stream: Stream[Any, R]) -> None:
        self._call = call
        self._stream = stream
        self._is_cancelled = False

    def __iter__(self) -> Iterator[R]:
        return self

    def __next__(self) -> R:
        try:
            message: R = next(self._call)
        except grpc.RpcError as problem:
            if self._is_cancelled:
                raise StopIteration from None
            raise _fault(problem, self._stream) from problem
        return message

    def cancel(self) -> None:
        """End the stream; the iterator ends too, in whichever thread it is read."""
        self._is_cancelled = True
        self._call.cancel()


class Connection:
    """One channel, to an engine or an API container. May be used from several threads."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.insecure_channel(checked(address), OPTIONS)
        self._is_closed = False

    def close(self) -> None:
        self._is_closed = True
        self._channel.close()

    def greet(self, flow: Flow[T]) -> T:
        """Run the first flow on a channel: a failure of the call means that there is no engine."""
        try:
            return self.run(flow)
        except KurtosisError as problem:
            status = problem.__cause__
            if isinstance(status, grpc.RpcError):
                raise not_an_engine(self.address, *_status(status)) from status
            raise

    def run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self._perform(step)
                except KurtosisError as problem:
                    step = flow.throw(problem)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    def open(self, stream: Stream[Any, R]) -> OpenStream[R]:
        method = stream.method
        self._check_open(stream)
        ask = self._channel.unary_stream(method.path, method.request.SerializeToString, method.response.FromString)
        return OpenStream(ask(stream.request, timeout=stream.timeout), stream)

    def _perform(self, step: Step) -> Any:
        match step:
            case Local(work):
                return work()
            case Drain(stream, sink):
                for message in self.open(stream):
                    sink.feed(message)
                return sink.result()
            case Unary(method, request):
                self._check_open(step)
                kind: Any = self._channel.unary_unary
                content: Any = request
            case Upload(method, requests):
                self._check_open(step)
                kind = self._channel.stream_unary
                content = iter(requests)
        ask = kind(method.path, method.request.SerializeToString, method.response.FromString)
        try:
            return ask(content, timeout=step.timeout)
        except grpc.RpcError as problem:
            raise _fault(problem, step) from problem

    def _check_open(self, step: Unary[Any, Any] | Upload[Any, Any] | Stream[Any, Any]) -> None:
        if self._is_closed:
            raise DisconnectedError(f"Could not {step.doing}: this context was closed")


def _status(problem: grpc.RpcError) -> tuple[str, str]:
    status: Any = problem  # grpc adds both methods to each error that a call raises
    return status.code().name, status.details() or ""


def _fault(problem: grpc.RpcError, step: Unary[Any, Any] | Upload[Any, Any] | Stream[Any, Any]) -> KurtosisError:
    code, details = _status(problem)
    return fault(code, details, doing=step.doing, timeout=step.timeout)
