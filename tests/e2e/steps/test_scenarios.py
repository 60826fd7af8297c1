"""Whole scenarios on real nodes, through behave's own command line: one with our proxy, one with a proxy that leaks."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from behave.__main__ import main
from behave.step_registry import registry

from e2e import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.geth, pytest.mark.timeout(300)]

FEATURES = Path(__file__).parents[3] / "features"
TEST_1_1 = "Regular JSON-RPC requests work after WebSocket reconnection"
PHASE_1 = (
    TEST_1_1,
    "Multiple subscriptions maintained after reconnection",
    "No messages lost during reconnection window",
    "WebSocket automatically switches back to primary when recovered",
)

# Issue 2 of the incident: answers to replayed subscriptions reach the client.
LEAKY = """
from proxy import jsonrpc
from proxy.__main__ import main
from proxy.session.calls import REPLAY
from proxy.session.events import SendClient
from proxy.session.session import Session

kept = Session._errand_answered

def leaking(self, link, key, data):
    errand = link.errands.get(key)
    if errand is not None and errand.purpose == REPLAY:
        answer = jsonrpc.read_node(data)
        self._out.append(SendClient(data[:answer.start] + b"1" + data[answer.end:]))
    kept(self, link, key, data)

Session._errand_answered = leaking
raise SystemExit(main())
"""


def behave(*arguments: str, scenarios: Sequence[str] = (TEST_1_1,)) -> int:
    """Run behave as from the command line: with steps that nobody has imported yet, whatever other tests did."""
    names = [part for scenario in scenarios for part in ("--name", f"^{scenario}$")]
    options = ("--format", "e2e.steps.formatter:ScenarioLines", "--no-color", "--no-summary", "--no-skipped")
    for name in [name for name in sys.modules if name.startswith("e2e.steps")]:
        del sys.modules[name]
    registry.clear()
    return int(main([str(FEATURES), *options, *names, *arguments]))


def cases(reports: Path) -> Sequence[ET.Element]:
    return [case for file in reports.glob("*.xml") for case in ET.parse(file).getroot().iter("testcase")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs and reports go: the current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_our_proxy_passes_phase_1(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert behave("-D", "seed=7", "-D", "block_time=0.5", scenarios=PHASE_1) == 0
    told = capfd.readouterr().out.splitlines()
    assert {line.split("  ")[-1] for line in told if line.startswith("passed")} == {*PHASE_1}
    assert told[-1] == "4 passed, 0 failed, 0 skipped"
    assert {case.get("name") for case in cases(folder / "reports/junit")} == {*PHASE_1}
    assert not [case for case in cases(folder / "reports/junit") if [*case.iter("failure"), *case.iter("error")]]
    for file in ("history.jsonl", "meta.json", "vixy.toml", "logs/proxy.log"):
        assert (folder / "runs/latest" / file).stat().st_size > 0, file
    assert judge.main(["runs/latest"]) == 0


def test_a_proxy_that_forwards_replay_answers_fails_with_the_right_checker(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    leaky = folder / "leaky.py"
    leaky.write_text(LEAKY)
    command = f"{{python}} {leaky} --config {{config}} --listen {{listen}}"
    assert behave("-D", f"sut.command={command}", "-D", "block_time=0.5") == 1
    told = capfd.readouterr().out
    assert "I should NOT receive any subscription replay responses" in told
    assert "no_strangers: no" in told
    assert "python -m e2e.judge runs/" in told
    assert told.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"
    (case,) = cases(folder / "reports/junit")
    assert len(list(case.iter("failure"))) == 1
    assert judge.main(["runs/latest", "--promise", "no_strangers"]) == 1


def test_a_proxy_that_is_not_there_is_named_and_nothing_is_left_running(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert behave("-D", "sut.command=vixy-of-nowhere {config} {listen}") == 1
    assert "vixy-of-nowhere is not there or not executable" in capfd.readouterr().out
    assert not (folder / "runs").exists(), "nothing was started for it"


def test_a_tag_that_no_scenario_has_is_no_success(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert behave("--tags", "@crtical", scenarios=()) == 1
    told = capfd.readouterr().out
    assert "0 passed, 0 failed, 0 skipped" in told
    assert "no scenario was played: none has these tags" in told
    assert not list((folder / "reports").rglob("*.xml"))


def test_an_unknown_option_ends_behave_before_it_begins(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert behave("-D", "sead=7") == 1
    assert "-D sead: no such option, did you mean seed?" in capfd.readouterr().out
    assert not (folder / "runs").exists()
