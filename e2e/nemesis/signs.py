"""Signs of life of a node, seen from outside."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from e2e.direct import direct_session

if TYPE_CHECKING:
    from e2e.testbed.protocol import NodeUrls

PATIENCE = 0.5  # seconds; a node on loopback answers in a few milliseconds


def refuses(urls: NodeUrls) -> bool:
    """Say whether neither lane of the node takes a connection."""
    return all(_refused(url) for url in (urls.http, urls.ws))


def answers(urls: NodeUrls) -> bool:
    """Say whether the node answers a request in time."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    with direct_session() as session:
        try:
            return session.post(urls.http, json=request, timeout=PATIENCE).ok
        except requests.RequestException:
            return False


def _refused(url: str) -> bool:
    where = urlsplit(url)
    try:
        with socket.create_connection((where.hostname, where.port), timeout=PATIENCE):
            return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
