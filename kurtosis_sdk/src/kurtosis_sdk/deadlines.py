"""How long each kind of call may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds after which a call ends with `DeadlineExceededError`. No call is without one.

    An engine holds a lock while it creates an enclave: without a deadline, one creation that hangs hangs every caller.
    Each method also takes `timeout=`, for that call alone.
    """

    connect: float = 1.5
    """The first call to an engine, which also reads its version."""
    query: float = 30.0
    """Anything that only reads, and small changes."""
    execute: float = 120.0
    """A command inside a service."""
    transfer: float = 300.0
    """Files or a package, up or down."""
    enclave: float = 300.0
    """Create, stop, destroy, clean: images may have to be pulled first."""
    run: float = 1800.0
    """A whole Starlark run, from the request to its last line."""
    follow: float = 86_400.0
    """A stream of logs that is followed."""
