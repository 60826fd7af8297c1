"""Which nodes the gateway stands before, and where their two lanes lead. Complaints about a config are made here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

LAST_PORT: Final = 65535
_DEFAULT_PORTS = {"http": 80, "ws": 80}
EXAMPLE = """[[route]]
name = "el-1-primary"
http = "http://127.0.0.1:8545"
ws = "ws://127.0.0.1:8546"
"""


class RouteError(ValueError):
    """The gateway was told something about its routes that cannot be; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One lane of a node. `path` (with its query) is part of the lane's public URL and sent as the proxy sends it."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Route:
    """A node and the two ports the gateway opens for it; port 0 takes a free one."""

    name: str
    http: Upstream
    ws: Upstream
    http_port: int = 0
    ws_port: int = 0


def upstream(url: str, scheme: str) -> Upstream:
    """Read the URL of a lane; `scheme` is 'http' or 'ws'. Raises RouteError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[scheme]
    except ValueError as error:
        raise RouteError(f"{url!r} is no URL: {error}") from error
    if parts.scheme != scheme or not parts.hostname:
        raise RouteError(f"{url!r}: expected {scheme}://HOST:PORT (the gateway does not speak TLS to nodes)")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Upstream(scheme, parts.hostname, port, path)


def route(name: str, http: str, ws: str, http_port: int = 0, ws_port: int = 0) -> Route:
    return Route(name, upstream(http, "http"), upstream(ws, "ws"), http_port, ws_port)


def parse_argument(text: str) -> Route:
    """Read `NAME=HTTP_URL,WS_URL`. Raises RouteError."""
    name, _, urls = text.partition("=")
    http, _, ws = urls.partition(",")
    if not (name and http and ws):
        raise RouteError(
            f"{text!r}: expected NAME=HTTP_URL,WS_URL, as in node=http://127.0.0.1:8545,ws://127.0.0.1:8546"
        )
    return route(name, http, ws)


def read_file(path: Path) -> list[Route]:
    """Read `[[route]]` tables with name, http, ws and, if wanted, http_port and ws_port. Raises RouteError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RouteError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RouteError(f"{path}: is not UTF-8: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise RouteError(f"{path}: {error}") from error
    tables = document.get("route")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise RouteError(f"{path}: no [[route]] in it. For example:\n\n{EXAMPLE}")
    return [_from_table(path, table) for table in tables]


def check(routes: list[Route]) -> list[Route]:
    """Return `routes` if they can be served together. Raises RouteError."""
    if not routes:
        raise RouteError("no routes: give --config FILE or --route NAME=HTTP_URL,WS_URL")
    names = [route.name for route in routes]
    for name in names:
        if names.count(name) > 1:
            raise RouteError(f"two routes are named {name!r}; give each node a name of its own")
    return routes


def _from_table(path: Path, table: dict[str, Any]) -> Route:
    known = {"name": str, "http": str, "ws": str, "http_port": int, "ws_port": int}
    for key, value in table.items():
        if key not in known:
            raise RouteError(f"{path}: unknown key {key!r} in [[route]]; known are {', '.join(known)}")
        if not isinstance(value, known[key]):
            raise RouteError(f"{path}: {key} = {value!r} should be a {known[key].__name__}")
        if known[key] is int and value not in range(LAST_PORT + 1):
            raise RouteError(f"{path}: {key} = {value} should be a port, from 0 (a free one) to {LAST_PORT}")
    missing = [key for key in ("name", "http", "ws") if key not in table]
    if missing:
        raise RouteError(f"{path}: a [[route]] lacks {', '.join(missing)}. For example:\n\n{EXAMPLE}")
    return route(**table)
