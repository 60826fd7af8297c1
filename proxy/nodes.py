"""The upstream nodes and what is known of them: immutable values, no behaviour beyond their own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    PRIMARY = "primary"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Node:
    """An execution layer node as configured. URLs may hold API keys: show them only through `config.masked`."""

    name: str
    tier: Tier
    http_url: str
    ws_url: str


@dataclass(frozen=True, slots=True)
class ConsensusNode:
    """A consensus layer node as configured."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class NodeState:
    """One execution node as last seen by the monitor.

    `healthy` is the verdict that routing uses for both lanes. `ws_ready` is False from the moment a session reports
    that the WebSocket lane refused or dropped it until a probe has opened that lane again. `resting` is True while
    the node's own 429s and 5xx ask for a pause: HTTP requests prefer any other node. `failing_methods` rest alone.
    `reason` says in words why the node is not healthy, or not quite.
    """

    node: Node
    block_number: int | None = None
    lag: int = 0
    check_ok: bool = False
    healthy: bool = False
    ws_ready: bool = True
    resting: bool = False
    failing_methods: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConsensusState:
    """One consensus node as last seen by the monitor; `slot` is its head slot."""

    node: ConsensusNode
    slot: int | None = None
    lag: int = 0
    check_ok: bool = False
    healthy: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that routing may know, at one instant. Replaced whole, never changed."""

    nodes: tuple[NodeState, ...] = ()
    consensus: tuple[ConsensusState, ...] = ()
    el_head: int | None = None
    cl_head: int | None = None
