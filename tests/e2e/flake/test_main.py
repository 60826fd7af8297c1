"""`python -m e2e.flake` as a person calls it, on real nodes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.geth, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[3]
TAG = "mode.S7"  # two scenarios that are over soon


def flake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a folder of its own, which sees the features of this project."""
    if not (folder / "features").exists():
        (folder / "features").symlink_to(ROOT / "features")
    command = [sys.executable, "-m", "e2e.flake", "--tag", TAG, "-D", "block_time=0.5", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def plays(folder: Path) -> list[tuple[int, str]]:
    lines = (folder / "reports/flake/plays.jsonl").read_text().splitlines()
    return [(each["number"], each["outcome"]) for each in map(json.loads, lines)]


def test_rounds_are_shared_out_counted_and_gone_on_with(tmp_path: Path) -> None:
    done = flake(tmp_path, "--rounds", "2", "--jobs", "2")
    assert sorted(number for number, _ in plays(tmp_path)) == [1, 1, 2, 2], done.stdout + done.stderr
    left = [each.name for each in (tmp_path / "runs/flake").rglob("*Z-*")]
    more = flake(tmp_path, "--rounds", "3", "--resume")
    assert sorted(number for number, _ in plays(tmp_path)) == [1, 1, 2, 2, 3, 3], more.stdout + more.stderr
    stopped = flake(tmp_path, "--rounds", "4", "--resume", "--minutes", "0")
    assert len(plays(tmp_path)) == 6
    assert "go on with --resume" in stopped.stdout
    outcomes = {outcome for _, outcome in plays(tmp_path)}
    assert outcomes <= {"passed", "unknown"}, stopped.stdout  # unknown: on a machine that had no time
    if outcomes == {"passed"}:
        assert (done.returncode, more.returncode, stopped.returncode) == (0, 0, 3)
        assert "round 2 of 2: 2 passed" in done.stdout
        assert left == []  # a run that passed is not kept


def test_a_proxy_that_fails_is_told_with_its_runs(tmp_path: Path) -> None:
    done = flake(tmp_path, "--rounds", "1", "-D", "sut.command={python} -c pass {config} {listen}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert plays(tmp_path) == [(1, "failed")] * 2
    assert "the proxy under test ended" in done.stdout


def test_a_proxy_that_is_not_there_has_not_failed(tmp_path: Path) -> None:
    done = flake(tmp_path, "--rounds", "1", "-D", "sut.command=no-such-proxy {config} {listen}")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "no-such-proxy is not there or not executable" in done.stderr
    assert not (tmp_path / "reports/flake/plays.jsonl").exists()


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("sead=7", "-D sead: no such option, did you mean seed?"), ("sut=nosuch", "profiles here: ")],
)
def test_an_option_that_is_wrong_is_a_wrong_call(option: str, complaint: str, tmp_path: Path) -> None:
    done = flake(tmp_path, "-D", option)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_tag_that_no_scenario_has_is_a_wrong_call(tmp_path: Path) -> None:
    done = flake(tmp_path, "--tag", "nosuch")
    assert (done.returncode, done.stderr.strip()) == (2, "no scenario has the tag @nosuch")
    assert not (tmp_path / "reports").exists()
