"""What the scenarios cover, by their tags: a failure mode, gap or promise that loses its last scenario is missed."""

from __future__ import annotations

from pathlib import Path

import pytest
from behave.parser import parse_file

from e2e.promises import PROMISES
from e2e.steps.conclusion import STANDING

FEATURES = Path(__file__).parents[3] / "features"
MODES = (
    *(f"L{number}" for number in range(1, 14)),
    *(f"S{number}" for number in range(1, 9)),
    *(f"C{number}" for number in range(1, 7)),
    *(f"H{number}" for number in range(1, 14)),
)
TOPICS = (
    *("routing", "failover", "failback", "reconnection", "subscriptions", "ids", "http", "consensus_layer", "health"),
    *("metrics_and_status", "shutdown", "bad_input", "load", "incident"),
    *(f"issues/issue_{number}" for number in range(1, 6)),
)
# the four tests and the eight gaps of the gap analysis, under the names that it gives them
WRITTEN_THERE = (
    "Regular JSON-RPC requests work after WebSocket reconnection",
    "Multiple subscriptions maintained after reconnection",
    "No messages lost during reconnection window",
    "WebSocket automatically switches back to primary when recovered",
    "Regular requests work after WebSocket reconnection",
    "Client reuses RPC IDs after reconnection",
    "WebSocket remains stable for extended period after reconnection",
    "Messages sent during reconnection are not lost",
    "WebSocket switches back to primary when it recovers",
    "System remains stable under continuous chaos",
)
PREFIXES = {
    "mode": MODES,
    "gap": tuple("12345678"),
    "issue": tuple("12345"),
    "promise": tuple(PROMISES),
}
SCENARIOS = [
    (each.name, frozenset(map(str, each.effective_tags)))
    for file in FEATURES.rglob("*.feature")
    for each in parse_file(str(file)).walk_scenarios()
]


@pytest.mark.parametrize(("prefix", "name"), [(prefix, name) for prefix, names in PREFIXES.items() for name in names])
def test_everything_that_can_go_wrong_has_a_scenario(prefix: str, name: str) -> None:
    if name in STANDING:
        return  # every scenario puts it to the test
    assert [scenario for scenario, tags in SCENARIOS if f"{prefix}.{name}" in tags]


def test_no_scenario_is_about_what_does_not_exist() -> None:
    known = {f"{prefix}.{name}" for prefix, names in PREFIXES.items() for name in names}
    about = {tag for _, tags in SCENARIOS for tag in tags if tag.partition(".")[0] in PREFIXES}
    assert about <= known


def test_the_gap_analysis_is_there_in_its_own_words() -> None:
    assert set(WRITTEN_THERE) <= {name for name, _ in SCENARIOS}


def test_every_topic_has_its_file() -> None:
    assert [topic for topic in TOPICS if not (FEATURES / f"{topic}.feature").is_file()] == []


def test_the_incident_is_replayed_and_touches_every_issue() -> None:
    (tags,) = [tags for _, tags in SCENARIOS if "incident" in tags]
    assert {f"issue.{number}" for number in range(1, 6)} <= tags


def test_no_two_scenarios_have_the_same_name() -> None:
    names = [name for name, _ in SCENARIOS]
    assert len(names) == len(set(names))
