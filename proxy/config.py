"""TOML text → frozen `Config`. Every complaint about a config is made here, all of one file at once.

A complaint names the file, the key (with index and name inside arrays), what is wrong with it, and an example.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from proxy.nodes import ConsensusNode, Node, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024


class ConfigError(Exception):
    """The config cannot be used; `problems` holds one line for each thing that is wrong."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class General:
    """The table [global]. Times are in milliseconds, sizes in bytes."""

    max_el_lag_blocks: int = 5
    max_cl_lag_slots: int = 3
    health_check_interval_ms: int = 1000
    health_check_timeout_ms: int = 5000
    health_check_max_failures: int = 3
    proxy_timeout_ms: int = 30_000
    max_retries: int = 2
    max_body_size: int = 32 * MIB


@dataclass(frozen=True, slots=True)
class WebSocketLimits:
    """The table [websocket]. Times are in milliseconds, sizes in bytes.

    The queue holds a client's requests while it has no node. `ws_client_buffer_max_bytes` is what may wait for a slow
    reader, besides the largest message among it, before it is cut off.
    """

    ws_backfill_blocks: int = 128
    ws_queue_max_messages: int = 1000
    ws_queue_max_bytes: int = 32 * MIB
    ws_max_frame_size: int = 32 * MIB
    ws_client_buffer_max_bytes: int = 16 * MIB
    ws_ping_interval_ms: int = 500
    ws_ping_timeout_ms: int = 900
    ws_dial_timeout_ms: int = 1000


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """The table [metrics]: with a port, /metrics is served only there."""

    enabled: bool = True
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A valid config. `nodes` holds the primaries, then the backups, each in the order of the file."""

    nodes: tuple[Node, ...]
    consensus: tuple[ConsensusNode, ...] = ()
    general: General = field(default_factory=General)
    websocket: WebSocketLimits = field(default_factory=WebSocketLimits)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    warnings: tuple[str, ...] = ()


_MAY_BE_ZERO = frozenset({"max_el_lag_blocks", "max_cl_lag_slots", "max_retries", "ws_backfill_blocks"})
_TABLES = ("global", "metrics", "websocket", "el", "cl")
_HTTP, _WS = ("http", "https"), ("ws", "wss")
_EXAMPLES = {
    "name": 'name = "el-1-primary"',
    "http_url": 'http_url = "http://127.0.0.1:8545"',
    "ws_url": 'ws_url = "ws://127.0.0.1:8546"',
    "url": 'url = "http://127.0.0.1:5052"',
}
_NODE_EXAMPLE = "[[el.primary]] with name, http_url and ws_url"


def load(text: str, source: str = "config") -> Config:
    """The config that `text` says; `source` names it in complaints. Raises `ConfigError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [f"not valid TOML: {error}"]) from error
    return _Reader(source).read(document)


class _Reader:
    """One pass over a document: collects every problem and warning on its way."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._names: dict[str, str] = {}

    def read(self, document: Mapping[str, Any]) -> Config:
        self._warn_unknown("", document, _TABLES)
        el = self._table(document, "el")
        self._warn_unknown("el", el, ("primary", "backup"))
        general = General(**self._numbers(document, "global", General()))
        websocket = WebSocketLimits(**self._numbers(document, "websocket", WebSocketLimits()))
        metrics = self._metrics(self._table(document, "metrics"))
        nodes = (*self._nodes(el, Tier.PRIMARY), *self._nodes(el, Tier.BACKUP))
        if not el.get("primary"):
            self.problems.append(f"el.primary: at least one primary node is needed, e.g. {_NODE_EXAMPLE}")
        consensus = tuple(
            ConsensusNode(name=values["name"], url=values["url"])
            for values in self._array(document.get("cl", []), "cl", {"name": (), "url": _HTTP})
        )
        if self.problems:
            raise ConfigError(self.source, self.problems)
        return Config(nodes, consensus, general, websocket, metrics, tuple(self.warnings))

    def _table(self, document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        table = document.get(key, {})
        if isinstance(table, dict):
            return table
        self.problems.append(f"{key}: must be a table, e.g. [{key}], not {_shown(table)}")
        return {}

    def _numbers(self, document: Mapping[str, Any], key: str, defaults: General | WebSocketLimits) -> dict[str, int]:
        table = self._table(document, key)
        known = {spec.name: getattr(defaults, spec.name) for spec in fields(defaults)}
        self._warn_unknown(key, table, known)
        return {
            name: self._number(f"{key}.{name}", table.get(name, default), default) for name, default in known.items()
        }

    def _number(self, key: str, value: Any, default: int) -> int:
        name = key.rpartition(".")[2]
        least = 0 if name in _MAY_BE_ZERO else 1
        if isinstance(value, bool) or not isinstance(value, int):
            self.problems.append(f"{key}: must be a whole number, not {_shown(value)}, e.g. {name} = {default}")
            return default
        if value < least:
            self.problems.append(f"{key}: must be at least {least}, not {value}, e.g. {name} = {default}")
        return value

    def _metrics(self, table: Mapping[str, Any]) -> MetricsSettings:
        self._warn_unknown("metrics", table, ("enabled", "port"))
        enabled, port = table.get("enabled", True), table.get("port")
        if not isinstance(enabled, bool):
            self.problems.append(f"metrics.enabled: must be true or false, not {_shown(enabled)}, e.g. enabled = true")
            enabled = True
        if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536):
            self.problems.append(f"metrics.port: must be a port from 1 to 65535, not {_shown(port)}, e.g. port = 9090")
            port = None
        return MetricsSettings(enabled=enabled, port=port)

    def _nodes(self, el: Mapping[str, Any], tier: Tier) -> list[Node]:
        keys = {"name": (), "http_url": _HTTP, "ws_url": _WS}
        return [Node(tier=tier, **values) for values in self._array(el.get(tier.value, []), f"el.{tier.value}", keys)]

    def _array(self, array: Any, path: str, keys: Mapping[str, tuple[str, ...]]) -> list[dict[str, str]]:
        if not isinstance(array, list):
            self.problems.append(f"{path}: must be an array of tables: write [[{path}]], not [{path}]")
            return []
        return [self._entry(entry, f"{path}[{index}]", keys) for index, entry in enumerate(array)]

    def _entry(self, entry: Any, path: str, keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        if not isinstance(entry, dict):
            self.problems.append(f"{path}: must be a table with {', '.join(keys)}, not {_shown(entry)}")
            return dict.fromkeys(keys, "")
        name = entry.get("name")
        where = f'{path} ("{name}")' if isinstance(name, str) and name else path
        self._warn_unknown(where, entry, keys)
        values = {}
        for key, schemes in keys.items():
            values[key] = self._text(f"{where}.{key}", entry.get(key), key)
            if schemes and values[key]:
                self._check_url(f"{where}.{key}", values[key], key, schemes)
        self._check_name(f"{where}.name", values["name"])
        return values

    def _text(self, path: str, value: Any, key: str) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        wrong = "is missing" if value is None else f"must be a text that is not empty, not {_shown(value)}"
        self.problems.append(f"{path}: {wrong}, e.g. {_EXAMPLES[key]}")
        return ""

    def _check_name(self, path: str, name: str) -> None:
        if not name:
            return
        if name in self._names:
            self.problems.append(f'{path}: "{name}" is also the name of {self._names[name]}; names must be unique')
        self._names.setdefault(name, path.rpartition(".")[0])

    def _check_url(self, path: str, url: str, key: str, schemes: tuple[str, ...]) -> None:
        wrong = _url_fault(url, schemes)
        if wrong:
            self.problems.append(f"{path}: {wrong}, e.g. {_EXAMPLES[key]}")

    def _warn_unknown(self, path: str, table: Mapping[str, Any], known: Any) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, list(known), n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"
                self.warnings.append(f"{path}{'.' if path else ''}{key}: unknown key{hint}")


def _url_fault(url: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        port_is_wrong = parts.port == 0
    except ValueError:  # whose words may hold a piece of a password
        return "is not a URL (in a password, / ? # and @ are written %2F %3F %23 %40; a port is a number up to 65535)"
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    if parts.scheme not in schemes:
        other = parts.scheme in (*_HTTP, *_WS)
        return f"must begin with {wanted}, not with {parts.scheme}://" if other else f"must be a {wanted} URL"
    if not parts.hostname:
        return "has no host"
    if not _could_be_a_host(parts.hostname):
        return "has a host that cannot be one"
    if port_is_wrong:
        return "has port 0"
    if _GAP.search(url):
        return "has a space, or what cannot be seen, in it (a space is written %20)"
    return "must not have a fragment (#…)" if parts.fragment else ""


# no request line may hold it: every request would be refused, and the node seem ill
_GAP = re.compile(r"[\x00-\x20\x7f]")

# names with underscores are in use; a colon is of IPv6, % and what follows its zone
_HOST = re.compile(rb"[0-9A-Za-z._:-]+(%.+)?\Z")


def _could_be_a_host(host: str) -> bool:
    """Whether a lookup of it can be asked for: no empty label, none of more than 63 bytes, no ${HOST} left as it is."""
    try:
        return _HOST.match(host.encode("idna")) is not None
    except UnicodeError:
        return False


def _shown(value: Any) -> str:
    """A value in a complaint: short, and a text only as its kind, because it may be a secret in the wrong place."""
    if isinstance(value, str):
        return "a text" if value else "an empty text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return "a table" if isinstance(value, dict) else "an array" if isinstance(value, list) else type(value).__name__


# Words and versions are kept; whatever else stands in a path (keys, tokens, project ids) may be a secret.
_PLAIN_SEGMENT = re.compile(r"(v\d{1,2}|[a-z][a-z_-]{0,11})?\Z")
_SECRET_LABEL = re.compile(r"[0-9A-Za-z]{24,}\Z")


def masked(url: str) -> str:
    """`url` fit to be shown: no user, password, query value, or path segment that looks like a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    netloc = ("***@" if "@" in parts.netloc else "") + _masked_host(parts)
    path = "/".join(s if _PLAIN_SEGMENT.match(s) else "***" for s in parts.path.split("/"))
    query = "&".join(f"{pair.partition('=')[0]}=***" if "=" in pair else "***" for pair in parts.query.split("&"))
    return f"{parts.scheme}://{netloc}{path}" + (f"?{query}" if parts.query else "")


# what is shorter stands in any text by chance
_SHORTEST_SECRET = 8


def secrets(url: str) -> tuple[str, ...]:
    """What `masked` hides of a valid `url`, where it is long enough to be known again in a text."""
    parts = urlsplit(url)
    values = (pair.rpartition("=")[2] for pair in parts.query.split("&"))
    segments = (segment for segment in parts.path.split("/") if not _PLAIN_SEGMENT.match(segment))
    labels = (label for label in parts.netloc.rpartition("@")[2].split(".") if _SECRET_LABEL.match(label))
    hidden = (*values, *segments, *labels, parts.username or "", parts.password or "")
    return tuple(text for text in hidden if len(text) >= _SHORTEST_SECRET)


def _masked_host(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return ".".join("***" if _SECRET_LABEL.match(label) else label for label in host.split("."))
