"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")

POLL = 0.02  # seconds


class Late(NamedTuple):
    """What began at `since` took `took`, and may take `bound`: seconds, of the run."""

    since: float
    took: float
    bound: float


class TooLateError(AssertionError):
    """Something came later than it had to, or not yet: on a machine that has no time for anybody, nobody's fault.

    `late`: all that was, where it is known when.
    """

    def __init__(self, message: str, late: Iterable[Late] = ()) -> None:
        super().__init__(message)
        self.late = tuple(late)


class WaitTimeoutError(TooLateError):
    """The condition did not become true in time; the message says what was seen instead."""


def wait_until(
    condition: Callable[[], T], within: float, what: str, seen: Callable[[], object] | None = None, poll: float = POLL
) -> T:
    """Call `condition` until it gives something true, and return that.

    Raises WaitTimeoutError after `within` seconds, with what `seen` gives then, or else the condition's last value.
    """
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            witness = value if seen is None else seen()
            raise WaitTimeoutError(f"not within {within:g} s: {what}; seen at the end: {witness!r}")
        time.sleep(poll)


async def bounded(within: float, function: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Await what `function` does, and return what it returns; its own time-outs pass as they are.

    Raises TooLateError after `within` seconds.
    """
    limit = asyncio.timeout(within)
    try:
        async with limit:
            return await function(*args)
    except TimeoutError:
        if not limit.expired():
            raise
        name = getattr(function, "__qualname__", repr(function))
        raise TooLateError(f"{name} was not over within {within:g} s") from None
