"""The one place that leans on what picows does not document: a server-side WSProtocol on a connection already accepted.

picows can listen by itself, but not on a port that serves plain HTTP as well. So the listener reads the request head
and passes the transport on. Written against picows 2.3.1, which is pinned; tests/proxy/shell/test_picows_seam.py
notices when this stops working.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from picows import WSAutoPingStrategy, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined] # not in the published stubs

if TYPE_CHECKING:
    import asyncio

    from picows import WSListener, WSUpgradeRequest

# an adapter, because picows makes a child logger a connection from a plain logger: a kilobyte each
_LOGGER: logging.LoggerAdapter[logging.Logger] = logging.LoggerAdapter(logging.getLogger("proxy.picows"), {})
# what the peers do wrong is theirs to know, by close code; it is no event of ours
_LOGGER.logger.setLevel(logging.CRITICAL)

READ_BUFFER = 4096


def adopt(transport: asyncio.Transport, data: bytes, listener: WSListener, max_frame_size: int) -> None:
    """Make `listener` the WebSocket server of the connection behind `transport`.

    `data` is all that was read from it so far, beginning with the request line. Answers the upgrade (or refuses it with
    400 if its headers are wrong) and takes over reading at once.
    """

    def factory(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), listener)

    protocol = WSProtocol(
        None,  # host and port: for clients
        None,  # path: for clients
        False,
        factory,
        _LOGGER,
        True,
        5.0,  # handshake time-out
        False,
        20.0,
        20.0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        True,
        max_frame_size,
        None,  # extra headers: for clients
        READ_BUFFER,
    )
    protocol.connection_made(transport)
    transport.set_protocol(protocol)
    left = memoryview(data)
    while left:
        room = protocol.get_buffer(-1)
        size = min(len(room), len(left))
        room[:size] = left[:size]
        protocol.buffer_updated(size)
        left = left[size:]


def logger() -> logging.LoggerAdapter[logging.Logger]:
    """The logger to hand to picows' own functions."""
    return _LOGGER
