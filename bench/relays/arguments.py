"""What every relay is told on its command line. Each prints two ports on stdout: WebSocket and HTTP."""

from __future__ import annotations

import argparse
from typing import NamedTuple
from urllib.parse import urlsplit


class Arguments(NamedTuple):
    """The node's URLs."""

    ws: str
    http: str

    @property
    def http_address(self) -> tuple[str, int]:
        parts = urlsplit(self.http)
        return parts.hostname or "127.0.0.1", parts.port or 80


def arguments() -> Arguments:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ws", required=True)
    parser.add_argument("--http", required=True)
    given = parser.parse_args()
    return Arguments(given.ws, given.http)
