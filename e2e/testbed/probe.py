"""One look at a node from outside."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import orjson
import requests

from e2e.direct import direct_session

_HEAD = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", False]}
_UPGRADE = (
    "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dml4eS1lMmUgdGVzdGJlZA==\r\n\r\n"
)


def head_hash(http_url: str, within: float = 1.0) -> str | None:
    """The hash of the node's own head; None if it does not answer."""
    try:
        with direct_session() as session:
            answer = session.post(http_url, json=_HEAD, timeout=within)
        block = orjson.loads(answer.content).get("result")
    except (requests.RequestException, orjson.JSONDecodeError):
        return None
    return str(block["hash"]) if block else None


def serves_websocket(ws_url: str, within: float = 5.0) -> bool:
    """Whether the node answers an upgrade request with 101."""
    where = urlsplit(ws_url)
    try:
        with socket.create_connection((where.hostname, where.port), within) as connection:
            connection.sendall(_UPGRADE.format(host=where.netloc).encode())
            return connection.recv(64).startswith(b"HTTP/1.1 101")
    except OSError:
        return False
