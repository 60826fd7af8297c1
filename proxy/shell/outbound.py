"""Opens connections to nodes, for HTTP and for WebSocket links."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, TypeVar

from aiohappyeyeballs import start_connection

from proxy.shell.listener import keep_alive
from proxy.shell.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

P = TypeVar("P", bound=asyncio.BaseProtocol)

# an address that has not answered for so long (seconds) is no longer the only one that is tried: RFC 8305
_NEXT_ADDRESS: Final = 0.25
_resolver: Final = Resolver()


async def connect(factory: Callable[[], P], host: str, port: int, *, tls: bool) -> tuple[asyncio.Transport, P]:
    """A connection, as the loop's create_connection gives it. Cancelled, it leaves nothing open. Raises OSError."""
    loop = asyncio.get_running_loop()
    context = _trust() if tls else None
    if _is_address(host):
        transport, protocol = await loop.create_connection(factory, host, port, ssl=context)
    else:
        addresses = await _resolver.addresses(host, port)
        connected = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS)
        transport, protocol = await loop.create_connection(
            factory, sock=connected, ssl=context, server_hostname=host if tls else None
        )
    # who listens to a stream of events says nothing: only so is it told that the node's host is gone, or was
    connected = transport.get_extra_info("socket")
    if connected is not None and not transport.is_closing():
        keep_alive(connected)
    return transport, protocol


@cache
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _trust() -> ssl.SSLContext:
    """Made once: to read the system's certificates takes 35 ms, and the loop with it."""
    return ssl.create_default_context()
