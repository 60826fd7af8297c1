"""Schedules: fixed by their seed, each fault with its cure, one node always well."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.chaos.config import PRESETS, QUIET, ChaosConfig
from e2e.chaos.draw import CALM, INSTANT, ODDITIES, draw
from e2e.chaos.schedule import CHAIN, PAUSE, PROCESS, REORG, Schedule, ScheduleError, load
from e2e.gateway.faults import FAULTS, build
from e2e.ledger.faults import EFFECTS
from e2e.nemesis.nemesis import FAULTS as NEMESIS

if TYPE_CHECKING:
    from pathlib import Path

NODES = ("el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup")
CHANCE = st.floats(0, 1)
CONFIGS = st.builds(
    ChaosConfig,
    node_failure_probability=CHANCE,
    network_delay_probability=CHANCE,
    slow_response_probability=CHANCE,
    partial_failure_probability=CHANCE,
    partition_probability=CHANCE,
    flapping_probability=CHANCE,
    ws_reset_probability=CHANCE,
    ws_down_probability=CHANCE,
    reorg_probability=CHANCE,
    oddity_probability=CHANCE,
    period=st.sampled_from([1.0, 10.0, 60.0]),
)
SEEDS = st.integers(0, 1 << 31)
DURATIONS = st.floats(1, 200)


@given(SEEDS, DURATIONS, CONFIGS)
def test_the_same_seed_makes_the_same_schedule(seed: int, duration: float, config: ChaosConfig) -> None:
    assert draw(seed, duration, config, NODES) == draw(seed, duration, config, NODES)


@given(SEEDS, DURATIONS, CONFIGS)
def test_every_fault_has_its_cure_within_the_time(seed: int, duration: float, config: ChaosConfig) -> None:
    for deed in draw(seed, duration, config, NODES).deeds:
        assert deed.at <= deed.until <= max(duration, CALM)
        assert (deed.until == deed.at) == (deed.fault in INSTANT)


@given(SEEDS, DURATIONS, CONFIGS, st.sampled_from([NODES, NODES[:2], NODES[:1]]))
def test_one_node_is_always_well(seed: int, duration: float, config: ChaosConfig, nodes: tuple[str, ...]) -> None:
    severe = [deed for deed in draw(seed, duration, config, nodes).deeds if deed.severe]
    for deed in severe:
        down = {other.target for other in severe if other.at <= deed.at <= other.until}
        assert down < set(nodes)


def test_all_nodes_may_be_down_where_that_is_asked_for() -> None:
    config = replace(QUIET, node_failure_probability=1.0, period=1.0, blackout=True)
    severe = draw(1, 60, config, NODES).deeds
    assert any(
        {other.target for other in severe if other.at <= deed.at <= other.until} == set(NODES) for deed in severe
    )


@given(SEEDS, DURATIONS, CONFIGS)
def test_a_node_has_one_fault_at_a_time_beside_slow_answers(seed: int, duration: float, config: ChaosConfig) -> None:
    for node in NODES:
        own = [deed for deed in draw(seed, duration, config, NODES).deeds if deed.target == node]
        own = sorted((deed for deed in own if deed.fault != "slow_answers"), key=lambda deed: deed.at)
        assert all(before.until <= after.at for before, after in pairwise(own))


@given(SEEDS, CONFIGS)
def test_every_fault_is_one_that_can_be_done_and_is_known(seed: int, config: ChaosConfig) -> None:
    for deed in draw(seed, 60, config, NODES).deeds:
        assert deed.fault in EFFECTS
        if deed.fault == REORG:
            assert (deed.target, deed.where) == (CHAIN, "chain")
        elif deed.fault in PROCESS:
            assert deed.fault in NEMESIS
        else:
            build(deed.fault, deed.attributes)


def test_every_oddity_can_be_done_to_its_lanes() -> None:
    for fault, where, attributes in ODDITIES:
        lanes = ("http", "ws") if where == "both" else (where,)
        build(fault, attributes)
        assert set(lanes) <= set(FAULTS[fault].lanes)


def test_chances_are_those_of_the_config() -> None:
    config = replace(QUIET, node_failure_probability=0.1)
    counts = [len(draw(seed, 600, config, NODES).deeds) for seed in range(100)]
    assert sum(counts) / len(counts) == pytest.approx(4 * 9.9 * 0.105, rel=0.15)


def test_nothing_happens_in_quiet() -> None:
    assert draw(1, 600, QUIET, NODES).deeds == ()


def test_slow_answers_go_on_all_along_on_every_node() -> None:
    slow = draw(1, 60, PRESETS["table"], NODES).deeds
    slow = tuple(deed for deed in slow if deed.fault == "slow_answers")
    assert {(deed.target, deed.at, deed.until) for deed in slow} == {(node, CALM, 60) for node in NODES}
    assert {deed.attributes["probability"] for deed in slow} == {0.2}
    assert len({deed.group for deed in slow}) == 1


@given(SEEDS, CONFIGS)
def test_a_schedule_is_its_file(seed: int, config: ChaosConfig) -> None:
    import tempfile  # noqa: PLC0415 - hypothesis wants a fresh folder for each example
    from pathlib import Path as Folder  # noqa: PLC0415

    schedule = draw(seed, 60, config, NODES)
    with tempfile.TemporaryDirectory() as folder:
        assert load(schedule.save(Folder(folder) / "schedule.json"), NODES) == schedule


def test_a_file_that_is_no_schedule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ScheduleError, match=r"a\.json"):
        load(tmp_path / "a.json", NODES)
    with pytest.raises(ScheduleError, match=r"b\.json"):
        load(tmp_path / "b.json", NODES)
    saved = draw(1, 60, PRESETS["default"], NODES).save(tmp_path / "c.json")
    with pytest.raises(ScheduleError, match="no node el-"):
        load(saved, NODES[:1])


@given(SEEDS, CONFIGS, st.data())
def test_compacting_keeps_the_deeds_their_lengths_and_their_order(
    seed: int, config: ChaosConfig, data: st.DataObject
) -> None:
    whole = draw(seed, 120, config, NODES)
    kept = data.draw(st.sets(st.sampled_from(whole.groups))) if whole.groups else set()
    some = whole.only(kept)
    short = some.compacted()
    assert [(deed.fault, deed.target) for deed in short.deeds] == [(deed.fault, deed.target) for deed in some.deeds]
    end = 0.0
    for before, after in zip(some.deeds, short.deeds, strict=True):
        lasts = after.until - after.at
        all_along = before.until == whole.duration
        assert lasts == pytest.approx(before.until - before.at, abs=0.01) or (all_along and after.until < before.until)
        assert after.at <= before.at + 0.01
        assert after.at - end <= PAUSE + 0.01
        end = max(end, after.until)
    assert short.duration == pytest.approx(end + PAUSE)
    assert isinstance(short, Schedule)


def test_compacting_cuts_short_what_goes_on_all_along() -> None:
    """Slow answers last as long as a schedule does: they are no reason for it to be long."""
    whole = draw(7, 600, replace(QUIET, slow_response_probability=0.2, ws_reset_probability=1.0, period=300.0), NODES)
    slow, *resets = whole.groups
    short = whole.only([slow, resets[-1]]).compacted()
    assert short.duration <= 3 * PAUSE
    assert {deed.until for deed in short.deeds if deed.fault == "slow_answers"} == {short.duration - PAUSE}
    assert whole.only([slow]).compacted().duration == whole.duration + PAUSE, "alone it is what there is"
