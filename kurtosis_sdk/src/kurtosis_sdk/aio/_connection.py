"""The asyncio shell: performs the steps of flows over one gRPC channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc
import grpc.aio

from kurtosis_sdk._core.calls import Drain, Flow, Local, Step, Stream, Unary, Upload
from kurtosis_sdk._core.channel import OPTIONS, checked
from kurtosis_sdk._core.faults import fault, not_an_engine
from kurtosis_sdk.errors import DisconnectedError, KurtosisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

T = TypeVar("T")
R = TypeVar("R", bound="Message")


class OpenStream(Generic[R]):
    """The messages of a stream while they come."""

    def __init__(self, call: Any, stream: Stream[Any, R]) -> None:
        self._call = call
        self._messages = aiter(call)
        self._stream = stream
        self._is_cancelled = False

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        try:
            message: R = await anext(self._messages)
        except grpc.aio.AioRpcError as problem:
            raise _fault(problem, self._stream) from problem
        except asyncio.CancelledError:
            if self._is_cancelled:  # the stream was, not the task that reads it
                raise StopAsyncIteration from None
            raise
        return message

    def cancel(self) -> None:
        """End the stream; the iterator ends too."""
        self._is_cancelled = True
        self._call.cancel()


class Connection:
    """One channel, to an engine or an API container; belongs to the event loop it was made in."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(checked(address), OPTIONS)
        self._is_closed = False

    async def close(self) -> None:
        self._is_closed = True
        await self._channel.close()

    async def greet(self, flow: Flow[T]) -> T:
        """Run the first flow on a channel: a failure of the call means that there is no engine."""
        try:
            return await self.run(flow)
        except KurtosisError as problem:
            status = problem.__cause__
            if isinstance(status, grpc.aio.AioRpcError):
                raise not_an_engine(self.address, *_status(status)) from status
            raise

    async def run(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                try:
                    answer = await self._perform(step)
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
        ask: Any = self._channel.unary_stream(method.path, method.request.SerializeToString, method.response.FromString)
        return OpenStream(ask(stream.request, timeout=stream.timeout), stream)

    async def _perform(self, step: Step) -> Any:
        match step:
            case Local(work):
                return await asyncio.to_thread(work)
            case Drain(stream, sink):
                async for message in self.open(stream):
                    sink.feed(message)
                return sink.result()
            case Unary(method, request):
                self._check_open(step)
                kind: Any = self._channel.unary_unary
                content: Any = request
            case Upload(method, requests):
                self._check_open(step)
                kind = self._channel.stream_unary
                content = requests
        ask = kind(method.path, method.request.SerializeToString, method.response.FromString)
        try:
            return await ask(content, timeout=step.timeout)
        except grpc.aio.AioRpcError as problem:
            raise _fault(problem, step) from problem

    def _check_open(self, step: Unary[Any, Any] | Upload[Any, Any] | Stream[Any, Any]) -> None:
        if self._is_closed:
            raise DisconnectedError(f"Could not {step.doing}: this context was closed")


def _status(problem: grpc.aio.AioRpcError) -> tuple[str, str]:
    return problem.code().name, problem.details() or ""


def _fault(problem: grpc.aio.AioRpcError, step: Unary[Any, Any] | Upload[Any, Any] | Stream[Any, Any]) -> KurtosisError:
    code, details = _status(problem)
    return fault(code, details, doing=step.doing, timeout=step.timeout)
