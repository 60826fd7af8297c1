"""One segment of a soak, with a soak of the test's own in the place of the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "ci" / "soak_segment.sh"
# says what it was asked, begins a run, and then plays until it is stopped, or ends at once with a code
SOAK = """#!/usr/bin/env bash
trap 'exit 130' TERM
echo "asked: $*"
mkdir -p runs/20260101T000000Z-soak
[[ -n $ENDS ]] && exit "$ENDS"
while :; do sleep 0.05; done
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(SOAK)
    python.chmod(0o755)
    (tmp_path / "ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / "ci")
    return tmp_path


def segment(place: Path, ends: str = "", *, last: bool = False) -> subprocess.CompletedProcess[str]:
    page, is_last = str(place / "page.md"), str(last).lower()
    environment = {**os.environ, "ENDS": ends, "SEGMENT": "2s", "LAST": is_last, "GITHUB_STEP_SUMMARY": page}
    command = [str(place / "ci" / SCRIPT.name)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_the_first_begins_and_the_next_goes_on_and_the_end_of_time_is_no_failure(place: Path) -> None:
    first, second = segment(place), segment(place)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "asked: -m e2e.soak --duration 24h" in first.stdout
    assert "asked: -m e2e.soak --resume runs/20260101T000000Z-soak" in second.stdout
    assert "the soak goes on in the next one" in second.stdout


@pytest.mark.parametrize("code", ["0", "1", "2"])
def test_what_the_soak_finds_is_what_the_segment_says(place: Path, code: str) -> None:
    assert segment(place, code).returncode == int(code)
    assert segment(place, code, last=True).returncode == int(code)
    assert "    asked: -m e2e.soak" in (place / "page.md").read_text()


def test_the_last_one_that_ends_before_the_soak_is_red_and_says_so_on_the_page(place: Path) -> None:
    done = segment(place, last=True)
    assert done.returncode == 2, "nobody can say"
    assert "the soak goes on" not in done.stdout
    assert "the last segment is over and the soak is not" in (place / "page.md").read_text()
