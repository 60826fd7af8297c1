from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy import routing
from proxy.nodes import ConsensusNode, ConsensusState, Node, NodeState, Snapshot, Tier


def state(
    name: str,
    tier: Tier = Tier.PRIMARY,
    *,
    healthy: bool = True,
    ws_ready: bool = True,
    resting: bool = False,
    failing: frozenset[str] = frozenset(),
) -> NodeState:
    node = Node(name, tier, f"http://{name}", f"ws://{name}")
    return NodeState(node, healthy=healthy, ws_ready=ws_ready, resting=resting, failing_methods=failing)


def names(nodes: tuple[Node, ...]) -> list[str]:
    return [node.name for node in nodes]


B = Tier.BACKUP


def test_primaries_first_each_tier_in_order() -> None:
    snapshot = Snapshot((state("b1", B), state("p1"), state("b2", B), state("p2")))
    assert names(routing.usable(snapshot)) == ["p1", "p2", "b1", "b2"]
    assert routing.http_order(snapshot) == routing.ws_order(snapshot) == routing.usable(snapshot)


def test_the_unhealthy_are_not_asked() -> None:
    snapshot = Snapshot((state("p1", healthy=False), state("b1", B)))
    assert names(routing.http_order(snapshot)) == ["b1"]
    assert routing.failover_active(snapshot)
    assert not routing.is_usable(snapshot, "p1")
    assert not routing.is_usable(snapshot, "nobody")


def test_no_failover_without_a_backup_to_carry_it() -> None:
    assert not routing.failover_active(Snapshot((state("p1", healthy=False), state("b1", B, healthy=False))))
    assert not routing.failover_active(Snapshot())


def test_those_who_rest_come_last() -> None:
    snapshot = Snapshot((state("p1", resting=True), state("p2", failing=frozenset({"eth_call"})), state("b1", B)))
    assert names(routing.http_order(snapshot)) == ["p2", "b1", "p1"]
    assert names(routing.http_order(snapshot, "eth_call")) == ["b1", "p1", "p2"]
    assert names(routing.ws_order(snapshot)) == ["p1", "p2", "b1"]


def test_a_lost_lane_is_not_dialled_but_not_left_either() -> None:
    snapshot = Snapshot((state("p1", ws_ready=False), state("p2")))
    assert names(routing.ws_order(snapshot)) == ["p2"]
    assert names(routing.http_order(snapshot)) == ["p1", "p2"]
    assert routing.is_usable(snapshot, "p1")
    assert not routing.better_than(snapshot, "p1")


def test_only_a_better_tier_is_better() -> None:
    snapshot = Snapshot((state("p1"), state("p2"), state("b1", B), state("b2", B)))
    assert not routing.better_than(snapshot, "p2")
    assert routing.better_than(snapshot, "b1")
    down = Snapshot((state("p1", healthy=False), state("b1", B), state("b2", B)))
    assert not routing.better_than(down, "b2")
    assert routing.better_than(down, "p1")
    assert routing.better_than(down, "nobody")
    assert not routing.better_than(Snapshot((state("p1", healthy=False),)), "p1")


@given(st.lists(st.booleans(), max_size=6))
def test_all_consensus_nodes_healthy_ones_first_each_kind_in_order(health: list[bool]) -> None:
    states = [
        ConsensusState(ConsensusNode(str(place), "http://c"), healthy=healthy) for place, healthy in enumerate(health)
    ]
    order = routing.consensus_order(Snapshot(consensus=tuple(states)))
    assert sorted(states, key=lambda state: not state.healthy) == [
        next(state for state in states if state.node is node) for node in order
    ]


states = st.builds(
    state,
    st.just(""),
    st.sampled_from(Tier),
    healthy=st.booleans(),
    ws_ready=st.booleans(),
    resting=st.booleans(),
    failing=st.frozensets(st.sampled_from(["eth_call", "eth_getLogs"])),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    drawn = draw(st.lists(states, max_size=5))
    return Snapshot(tuple(replace(s, node=replace(s.node, name=f"n{i}")) for i, s in enumerate(drawn)))


@given(snapshots(), st.sampled_from([None, "eth_call", "eth_chainId"]))
def test_orders_hold_the_healthy_once_each(snapshot: Snapshot, method: str | None) -> None:
    healthy = {s.node.name for s in snapshot.nodes if s.healthy}
    for order in (routing.usable(snapshot), routing.http_order(snapshot, method)):
        assert sorted(names(order)) == sorted(healthy)
    dialled = names(routing.ws_order(snapshot))
    assert len(dialled) == len(set(dialled))
    assert set(dialled) == {s.node.name for s in snapshot.nodes if s.healthy and s.ws_ready}


@given(snapshots())
def test_whoever_follows_better_than_comes_to_rest(snapshot: Snapshot) -> None:
    for start in (s.node.name for s in snapshot.nodes):
        if routing.better_than(snapshot, start):
            best = routing.ws_order(snapshot)[0].name
            assert best != start
            assert not routing.better_than(snapshot, best)


@given(snapshots(), snapshots())
def test_equal_fingerprints_route_alike(one: Snapshot, other: Snapshot) -> None:
    if routing.fingerprint(one) == routing.fingerprint(other) and [s.node for s in one.nodes] == [
        s.node for s in other.nodes
    ]:
        assert routing.http_order(one) == routing.http_order(other)
        assert routing.ws_order(one) == routing.ws_order(other)
    moved = Snapshot(tuple(replace(s, block_number=7, lag=1) for s in one.nodes))
    assert routing.fingerprint(moved) == routing.fingerprint(one)


@given(snapshots())
def test_failover_means_that_a_backup_is_first(snapshot: Snapshot) -> None:
    order = routing.usable(snapshot)
    assert routing.failover_active(snapshot) == (bool(order) and order[0].tier is Tier.BACKUP)
