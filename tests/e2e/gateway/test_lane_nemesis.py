"""What the gateway does, as the ledger has it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.gateway.faults import FAULTS
from e2e.ledger.entries import Arrived, Entry, Healed, Injected, Marked
from e2e.ledger.faults import EFFECTS
from e2e.ledger.recorder import Recorder
from e2e.nemesis import lane_faults
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.nemesis.lane_faults import BITES, LaneNemesis
from tests.e2e.gateway.fakes import NODE, SOON, call, post

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from e2e.gateway.client import GatewayClient, InForce


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def nemesis(gateway: GatewayClient, recorder: Recorder) -> LaneNemesis:
    return LaneNemesis(gateway, recorder)


def kinds(recorder: Recorder) -> list[type[Entry]]:
    return [type(entry) for entry in recorder.entries()]


def test_a_fault_that_bites_at_once_is_written_down(nemesis: LaneNemesis, recorder: Recorder) -> None:
    before = recorder.now()
    fault = nemesis.inject("black_hole", NODE, "ws")
    (injected,) = recorder.entries()
    assert isinstance(injected, Injected)
    assert (injected.fault, injected.target, injected.detail["lane"]) == ("black_hole", NODE, "ws")
    assert injected.began is not None
    assert before <= injected.began <= injected.at <= recorder.now()
    nemesis.cure(fault)
    assert kinds(recorder) == [Injected, Marked, Healed]
    assert nemesis.hurt == ()


def test_every_single_effect_is_kept_in_order(
    gateway: GatewayClient, recorder: Recorder, socket: ClientConnection, tmp_path: Path
) -> None:
    log = tmp_path / "facts.jsonl"
    nemesis = LaneNemesis(gateway, recorder, log)
    slow = nemesis.arm("slow_answers", NODE, "ws", delay=1)
    for _ in range(5):
        socket.send(call("eth_chainId"))
        socket.recv(SOON)
    nemesis.cure(slow)
    facts = [json.loads(line) for line in log.read_text().splitlines()]
    done = [fact for fact in facts if fact["fault_id"] == slow.id]
    assert [fact["fault"] for fact in done] == ["slow_answers"] * 5
    assert [fact["number"] for fact in facts] == sorted(fact["number"] for fact in facts)
    assert all(0 <= fact["at"] <= recorder.now() for fact in facts)
    (mark,) = [entry for entry in recorder.entries() if isinstance(entry, Marked)]
    assert mark.detail["bites"] == 5


def test_a_fault_of_an_instant_needs_no_cure(
    nemesis: LaneNemesis, recorder: Recorder, socket: ClientConnection
) -> None:
    socket.send(call("eth_chainId"))
    socket.recv(SOON)
    nemesis.inject("close", NODE, "ws", code=1012)
    assert kinds(recorder) == [Injected]
    assert nemesis.hurt == ()


def test_a_reset_without_links_did_not_bite(nemesis: LaneNemesis) -> None:
    with pytest.raises(FaultDidNotBiteError, match="no link was open"):
        nemesis.inject("reset", NODE, "ws")


def test_a_fault_without_traffic_did_not_bite(nemesis: LaneNemesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_faults, "BITES_WITHIN", 0.1)
    with pytest.raises(FaultDidNotBiteError, match="absurd_head of el-1-primary"):
        nemesis.inject("absurd_head", NODE, "http")


def test_an_armed_fault_is_written_down_when_it_is_felt(
    nemesis: LaneNemesis, recorder: Recorder, gateway: GatewayClient
) -> None:
    armed = nemesis.arm("absurd_head", NODE, "http", block="0x7")
    post(gateway)
    assert nemesis.unfelt() == (armed,)
    assert recorder.entries() == ()
    before = recorder.now()
    for _ in range(3):
        post(gateway, "eth_blockNumber")
    assert nemesis.unfelt() == ()
    (injected,) = recorder.entries()
    assert isinstance(injected, Injected)
    assert injected.detail["block"] == "0x7"
    assert before <= injected.at <= recorder.now()
    nemesis.cure_all()
    marks = [entry for entry in recorder.entries() if isinstance(entry, Marked)]
    assert [(mark.name, mark.detail["bites"]) for mark in marks] == [(BITES, 3)]


def test_an_armed_fault_that_was_never_felt_leaves_a_mark_and_is_told(nemesis: LaneNemesis, recorder: Recorder) -> None:
    armed = nemesis.arm("absurd_head", NODE, "http")
    nemesis.cure(armed)
    assert kinds(recorder) == [Marked]
    assert nemesis.unfelt() == (armed,)


def test_requests_with_side_effects_are_seen_at_the_door(
    recorder: Recorder, gateway: GatewayClient, socket: ClientConnection
) -> None:
    post(gateway, "eth_sendRawTransaction")
    nemesis = LaneNemesis(gateway, recorder)
    socket.send(call("eth_sendRawTransaction", ["0x01"]))
    socket.send(call("eth_call", ["0x02"]))
    for _ in range(2):
        socket.recv(SOON)
    nemesis.collect()
    (arrived,) = recorder.entries()
    assert isinstance(arrived, Arrived)
    assert (arrived.node, arrived.method, arrived.params) == (NODE, "eth_sendRawTransaction", ["0x01"])
    assert arrived.at == pytest.approx(time.monotonic() - (time.monotonic() - recorder.now()), abs=SOON)


def test_every_fault_of_the_gateway_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs/gateway.md").read_text()
    assert [name for name in FAULTS if f"`{name}`" not in text] == []


def test_every_fault_of_the_gateway_has_an_effect_in_the_ledger() -> None:
    assert sorted(FAULTS.keys() - EFFECTS.keys()) == []


def test_a_first_effect_just_as_the_fault_is_taken_away_is_written_down_with_its_cure(
    nemesis: LaneNemesis, recorder: Recorder, gateway: GatewayClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = nemesis.arm("absurd_head", NODE, "http", block="0x7")
    remove = gateway.remove

    def bite_and_remove(fault: InForce) -> None:
        post(gateway, "eth_blockNumber")
        remove(fault)

    monkeypatch.setattr(gateway, "remove", bite_and_remove)
    nemesis.cure(armed)
    assert sorted(kind.__name__ for kind in kinds(recorder)) == ["Healed", "Injected", "Marked"]
    assert nemesis.unfelt() == ()
