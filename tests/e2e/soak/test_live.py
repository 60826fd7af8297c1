"""A soak on real nodes whose harness is killed, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.soak import journal
from e2e.soak.gather import gather
from e2e.soak.verdicts import verdicts
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SOAK = [sys.executable, "-m", "e2e.soak"]
SHORT = ["--duration", "75s", "--every", "25s", "--clients", "10", "--rate", "20"]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*SOAK, *SHORT], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def left_over(folder: Path) -> list[str]:
    """The command lines of processes that a run in `folder` has started and that are still there."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = each.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.mark.geth
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_whose_harness_was_killed_is_gone_on_with(harness: subprocess.Popen[str], tmp_path: Path) -> None:
    """What was judged before the crash is kept, and nothing that the dead harness had started is left."""
    pieces = tmp_path / "runs"
    wait_until(lambda: [*pieces.glob(f"*/legs/1/{journal.PIECES}")], 120, "the first leg is on its way")
    (file,) = pieces.glob(f"*/legs/1/{journal.PIECES}")
    wait_until(lambda: file.read_text(encoding="utf-8").endswith("\n"), 120, "a window was judged")
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    wait_until(lambda: not left_over(tmp_path), 10, "its processes are gone", lambda: left_over(tmp_path))

    run = file.parents[2]
    before = gather(file.parent)
    assert before.windows >= 1
    done = subprocess.run(
        [*SOAK, "--resume", str(run)], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode in {0, 1, 2}  # so short a run on a busy machine: what it says is another matter
    first, second = (gather(leg) for leg in journal.legs(run))
    assert (first.windows, first.why) == (before.windows, "")
    assert second.why
    assert first.judged + second.judged >= 75
    said = {each.promise: each for each in verdicts([first, second])}
    assert "2 legs; the harness died 1 times" in said["stayed_up"].reason
    assert said["succeeded"].facts["share"] > 0.9
    assert (run / "report.html").is_file()
    assert left_over(tmp_path) == []
