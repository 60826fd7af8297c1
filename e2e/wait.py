"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

POLL = 0.02  # seconds


class TooLateError(AssertionError):
    """Something came later than it had to, or not yet: on a machine that has no time for anybody, nobody's fault."""


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
