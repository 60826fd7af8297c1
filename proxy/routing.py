"""Which nodes now, and in which order. Pure functions over a `Snapshot`; they never see a clock or a socket.

1. A node is usable while it is healthy.
2. Primaries come before backups, each tier in the order of the config file.
3. A better node is one of a better tier: nobody moves from one primary to another without need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy.nodes import Tier

if TYPE_CHECKING:
    from proxy.nodes import ConsensusNode, Node, NodeState, Snapshot


def _by_tier(states: list[NodeState]) -> tuple[Node, ...]:
    primaries = [state.node for state in states if state.node.tier is Tier.PRIMARY]
    backups = [state.node for state in states if state.node.tier is Tier.BACKUP]
    return (*primaries, *backups)


def state_of(snapshot: Snapshot, name: str) -> NodeState | None:
    return next((state for state in snapshot.nodes if state.node.name == name), None)


def usable(snapshot: Snapshot) -> tuple[Node, ...]:
    """The healthy nodes, best first."""
    return _by_tier([state for state in snapshot.nodes if state.healthy])


def is_usable(snapshot: Snapshot, name: str) -> bool:
    """Whether what is open to that node may stay there."""
    state = state_of(snapshot, name)
    return state is not None and state.healthy


def http_order(snapshot: Snapshot, method: str | None = None) -> tuple[Node, ...]:
    """The nodes to try for one HTTP request, best first.

    Nodes that rest, or at which `method` keeps failing, come last: asking them is still better than giving up.
    """
    healthy = [state for state in snapshot.nodes if state.healthy]
    weak = [state for state in healthy if state.resting or method in state.failing_methods]
    if not weak:
        return _by_tier(healthy)
    return _by_tier([state for state in healthy if state not in weak]) + _by_tier(weak)


def ws_order(snapshot: Snapshot) -> tuple[Node, ...]:
    """The nodes that a WebSocket session may dial, best first."""
    return _by_tier([state for state in snapshot.nodes if state.healthy and state.ws_ready])


def better_than(snapshot: Snapshot, name: str) -> bool:
    """Whether a session served by `name` should move to the first of `ws_order`.

    True if a node of a better tier can be dialled, or if `name` is not usable and any other node can be dialled.
    """
    order = ws_order(snapshot)
    if not order or order[0].name == name:
        return False
    state = state_of(snapshot, name)
    if state is None or not state.healthy:
        return True
    return state.node.tier is Tier.BACKUP and order[0].tier is Tier.PRIMARY


def failover_active(snapshot: Snapshot) -> bool:
    """Whether backups carry the traffic: no primary is healthy, but a backup is."""
    order = usable(snapshot)
    return bool(order) and order[0].tier is Tier.BACKUP


def consensus_order(snapshot: Snapshot) -> tuple[ConsensusNode, ...]:
    """The consensus nodes to try: healthy ones first; the others last, because a stale answer may still be wanted."""
    healthy = [state.node for state in snapshot.consensus if state.healthy]
    others = [state.node for state in snapshot.consensus if not state.healthy]
    return (*healthy, *others)


def fingerprint(snapshot: Snapshot) -> tuple[Any, ...]:
    """What routing reads, and nothing else: two snapshots with equal fingerprints route alike."""
    return (
        tuple((s.node.name, s.healthy, s.ws_ready, s.resting, s.failing_methods) for s in snapshot.nodes),
        tuple((s.node.name, s.healthy) for s in snapshot.consensus),
    )
