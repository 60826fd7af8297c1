"""Opens WebSocket links to nodes: for sessions, and for the monitor's question whether a lane is open at all."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from picows import WSCloseCode, WSFrame, WSInvalidStatusError, WSListener, WSMsgType, WSTransport

from proxy.shell import picows_seam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.nodes import Node

# hop-by-hop, or made anew for the link; all other headers of the client are for the node
_NOT_PASSED = frozenset(
    (
        b"connection content-length host keep-alive proxy-authenticate proxy-authorization proxy-connection "
        b"sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-version te trailer "
        b"transfer-encoding upgrade"
    ).split()
)

# a node says so of the query, the origin, the credentials or the headers of a client. 404 is not among them: a front
# whose node is down answers with it, too
_REFUSALS = frozenset((400, 401, 403, 414, 431))


def passed_on(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """The headers of a client's upgrade request that its node is to see."""
    return [(_text(name), _text(value)) for name, value in headers if name.lower() not in _NOT_PASSED]


def _text(data: bytes) -> str:
    """As picows will write it: in UTF-8. What is none cannot be kept."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def link_url(node: Node, query: str = "") -> tuple[str, list[tuple[str, str]]]:
    """The URL to dial, with the client's query added, and the headers that the URL's user and password become."""
    parts = urlsplit(node.ws_url)
    headers = []
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers.append(("Authorization", "Basic " + base64.b64encode(credentials).decode()))
    joined = "&".join(part for part in (parts.query, query) if part)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path or "/", joined, "")), headers


async def dial(
    node: Node,
    listener: WSListener,
    *,
    max_frame_size: int,
    headers: Sequence[tuple[str, str]] = (),
    query: str = "",
) -> None:
    """Open a link; `listener`'s on_ws_connected is called before this returns. Cancel it to give it up.

    Raises OSError and picows' WSError where the node refuses.
    """
    url, own = link_url(node, query)
    # a client that brings credentials of its own is judged by them
    given = {name.lower() for name, _ in headers}
    added = [pair for pair in own if pair[0].lower() not in given]
    await picows_seam.connect(url, listener, [*headers, *added], max_frame_size)


def refusal(error: Exception) -> int | None:
    """The HTTP status with which a node refused a dial, if what the client brought may be why."""
    status = None
    if isinstance(error, WSInvalidStatusError) and error.response is not None:
        status = int(error.response.status)
    return status if status in _REFUSALS else None


class _Asker(WSListener):
    """Asks one question; `heard` is done when anything is answered."""

    def __init__(self, heard: asyncio.Future[bool]) -> None:
        self._heard = heard
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, b'{"jsonrpc":"2.0","id":1,"method":"net_version","params":[]}')

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        # a node may send a pong that nobody asked for (RFC 6455, 5.5.3); its pings are picows' to answer
        if frame.msg_type != WSMsgType.PONG and not self._heard.done():
            self._heard.set_result(frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self._heard.done():
            self._heard.set_result(False)
        picows_seam.look_at_end(transport)


class LaneProber:
    """Whether the WebSocket lane of a node opens and answers. An instance is what the monitor calls."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    async def __call__(self, node: Node) -> bool:
        """Never raises; takes the time-out at most."""
        asker = _Asker(asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(self._timeout):
                await dial(node, asker, max_frame_size=1 << 20)
                return await asker._heard  # noqa: SLF001 - a class of this module
        except Exception:  # noqa: BLE001 - whatever is wrong, the lane is not open
            return False
        finally:
            if asker.transport is not None:
                asker.transport.send_close(WSCloseCode.OK)
                asker.transport.disconnect()
