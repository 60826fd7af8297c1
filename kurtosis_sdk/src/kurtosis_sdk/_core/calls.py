"""Steps that a shell performs, and flows made of them.

A flow is a generator: it yields steps, is sent what came of each, and returns its result. It never waits and touches
nothing but memory, so one flow serves the synchronous and the asyncio shell alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from google.protobuf.message import Message

if TYPE_CHECKING:
    from kurtosis_sdk._core.methods import Method

T = TypeVar("T")
Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)
M_contra = TypeVar("M_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)


class Sink(Protocol[M_contra, T_co]):
    """Takes the messages of a stream one by one and makes one result of them."""

    def feed(self, message: M_contra, /) -> None: ...

    def result(self) -> T_co: ...


@dataclass(frozen=True, slots=True)
class Unary(Generic[Q, R]):
    """One message there, one back. `doing` completes "could not …" in an error; `timeout` is in seconds."""

    method: Method[Q, R]
    request: Q
    doing: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Upload(Generic[Q, R]):
    """Many messages there, one back."""

    method: Method[Q, R]
    requests: Iterable[Q]
    doing: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Stream(Generic[Q, R]):
    """One message there, many back."""

    method: Method[Q, R]
    request: Q
    doing: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Drain(Generic[Q, R, T]):
    """A stream that is read to its end into a sink."""

    stream: Stream[Q, R]
    sink: Sink[R, T]


@dataclass(frozen=True, slots=True)
class Local(Generic[T]):
    """Work on this machine's disk, which an event loop must not wait for."""

    work: Callable[[], T]


Step: TypeAlias = Unary[Any, Any] | Upload[Any, Any] | Drain[Any, Any, Any] | Local[Any]
Flow: TypeAlias = Generator[Step, Any, T]


def ask(step: Unary[Any, R] | Upload[Any, R]) -> Flow[R]:
    """Yield a call; its answer, typed. Use with `yield from`."""
    answer: R = yield step
    return answer


def drain(stream: Stream[Any, R], sink: Sink[R, T]) -> Flow[T]:
    """Read a stream to its end; the sink's result."""
    result: T = yield Drain(stream, sink)
    return result


def local(work: Callable[[], T]) -> Flow[T]:
    """Do work on the disk; its result."""
    result: T = yield Local(work)
    return result
