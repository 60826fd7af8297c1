"""The one place that leans on what picows does not document: WSProtocol, made by hand for either side of the proxy.

picows can listen by itself, but not on a port that serves plain HTTP as well: so the listener reads the request head
and passes the transport on. picows can dial, but leaves the connection of a cancelled dial open, and brings transports
of aiofastnet, whose reading takes a microsecond more than uvloop's (`python -m bench`). Written against picows 2.3.1,
which is pinned; tests/proxy/shell/test_picows_seam.py notices when this stops working.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import mmap
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from picows import WSAutoPingStrategy, WSCloseCode, WSMsgType, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined] # not in the published stubs

from proxy.shell import outbound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from picows import WSListener, WSTransport, WSUpgradeRequest

# an adapter, because picows makes a child logger a connection from a plain logger: a kilobyte each
_LOGGER: Final = logging.LoggerAdapter(logging.getLogger("proxy.picows"), {})
# what the peers do wrong is theirs to know, by close code; it is no event of ours
_LOGGER.logger.setLevel(logging.CRITICAL)

TEXT: Final = WSMsgType.TEXT  # a name of the module costs a third of a member of an enum, in Python 3.11

_READ_BUFFER: Final = 4096
SIZEABLE: Final = 1 << 20  # bytes of a message after which to `give_back`
_madvise: Final = ctypes.CDLL(None).madvise if sys.platform == "linux" else None
LONG: Final = 8192  # bytes; messages to a client that are longer must go by `send_long`
_FIN_TEXT: Final = 0x81
_HANDSHAKE_TIMEOUT: Final = 5.0


def adopt(transport: asyncio.Transport, data: bytes, listener: WSListener, max_frame_size: int) -> None:
    """Make `listener` the WebSocket server of the connection behind `transport`.

    `data` is all that was read from it so far, beginning with the request line. Answers the upgrade (or refuses it with
    400 if its headers are wrong) and takes over reading at once.
    """

    def factory(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), listener)

    protocol = _protocol(None, None, factory, max_frame_size, None)
    protocol.connection_made(transport)
    # uvloop asks a protocol whether it brings its own buffer when reading begins
    transport.pause_reading()
    transport.set_protocol(protocol)
    transport.resume_reading()
    left = memoryview(data)
    while left:
        room = protocol.get_buffer(-1)
        size = min(len(room), len(left))
        room[:size] = left[:size]
        protocol.buffer_updated(size)
        left = left[size:]


async def connect(url: str, listener: WSListener, headers: Sequence[tuple[str, str]], max_frame_size: int) -> None:
    """Make `listener` the WebSocket client of `url` (ws or wss); its on_ws_connected is called before this returns.

    Cancelled, it leaves nothing open. Raises OSError, and picows' WSError where the server refuses.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or (443 if secure else 80)
    listeners = [listener]
    protocols = [_protocol(parts.netloc, path, lambda: listeners[0], max_frame_size, headers)]
    try:
        await outbound.connect(lambda: protocols[0], parts.hostname or "", port, tls=secure)
        await protocols[0].wait_until_handshake_complete()
        opened = protocols[0].listener is not None  # for picows it is no error if not
    except BaseException:
        if protocols[0].transport is not None:
            protocols[0].transport.disconnect(False)
        raise
    finally:
        # what failed refers to itself, by its exception or in the loop: nobody need find that out later
        listeners.clear()
        protocols.clear()
    if not opened:
        raise ConnectionError("closed before the handshake was over")


def room(transport: WSTransport) -> int:
    """Bytes that may still come until picows needs a larger buffer: it changes with every piece of a message."""
    protocol: WSProtocol = transport.underlying_transport.get_protocol()
    return len(protocol.get_buffer(-1))


def give_back(transport: WSTransport) -> None:
    """Give the memory that a long message took back to the system: picows never shrinks the buffer that it reads into.

    To be called in a later turn than that of the message. What is free of the buffer keeps its addresses.
    """
    if transport.is_disconnected or _madvise is None:
        return
    protocol: WSProtocol = transport.underlying_transport.get_protocol()
    free = protocol.get_buffer(-1)
    first = ctypes.addressof(ctypes.c_char.from_buffer(free))
    last = (first + len(free)) // mmap.PAGESIZE * mmap.PAGESIZE
    first = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    if last > first:
        _madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_DONTNEED)


def look_at_end(transport: WSTransport) -> WSCloseCode | None:
    """To be called when a link has ended: the close code with which picows ended it, if it did."""
    closing = transport.close_handshake
    if closing is None or closing.sent is None or closing.sent.code == WSCloseCode.OK:
        return None
    # somebody must ask why, or asyncio complains
    asyncio.get_running_loop().create_task(_ask_why(transport))
    return WSCloseCode(closing.sent.code)


async def _ask_why(transport: WSTransport) -> None:
    with suppress(Exception):
        await transport.wait_disconnected()


def send_long(transport: WSTransport, message: bytes) -> None:
    """Send a text message of any length; nothing after a close frame.

    To a client it goes past picows, which would give the transport a view of a buffer for its header: if it has to
    wait, the next message overwrites that.
    """
    if transport.is_client_side:
        transport.send(TEXT, message)
    elif not (transport.is_close_frame_sent or transport.underlying_transport.is_closing()):
        size = len(message)
        short = size < 1 << 16
        header = struct.pack("!BBH", _FIN_TEXT, 126, size) if short else struct.pack("!BBQ", _FIN_TEXT, 127, size)
        transport.underlying_transport.writelines([header, message])


def _protocol(
    host: str | None,
    path: str | None,
    factory: Callable[..., Any],
    max_frame_size: int,
    headers: Sequence[tuple[str, str]] | None,
) -> WSProtocol:
    """A client's where there is a host, else a server's. The constructor takes no keywords."""
    is_client_side = host is not None
    disconnect_on_exception = True
    enable_auto_pong = is_client_side  # pongs to who reads nothing would pile up
    enable_auto_ping = False
    return WSProtocol(
        host,
        path,
        is_client_side,
        factory,
        _LOGGER,
        disconnect_on_exception,
        None if is_client_side else _HANDSHAKE_TIMEOUT,  # a dial is cancelled instead
        enable_auto_ping,
        20.0,
        20.0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong,
        max_frame_size,
        headers,
        _READ_BUFFER,
    )
