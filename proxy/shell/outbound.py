"""Opens connections to nodes, for HTTP and for WebSocket links."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def connect(factory: Callable[[], P], host: str, port: int, *, tls: bool) -> tuple[asyncio.Transport, P]:
    """A connection, as the loop's create_connection gives it. Cancelled, it leaves nothing open. Raises OSError."""
    context = _trust() if tls else None
    return await asyncio.get_running_loop().create_connection(factory, host, port, ssl=context)


@cache
def _trust() -> ssl.SSLContext:
    """Made once: to read the system's certificates takes 35 ms, and the loop with it."""
    return ssl.create_default_context()
