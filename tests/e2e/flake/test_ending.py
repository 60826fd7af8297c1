"""Who is told to end the plays ends all of them: nothing plays on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WITHIN = 20.0  # seconds: a Python that imports behave, on a busy machine

# In the place of the Python that plays a share: says who it is, and would go on for a minute.
PLAYS_ON = """\
#!/bin/sh
trap 'rm -f playing-$$; exit 0' INT TERM
: > playing-$$
for second in $(seq 600); do sleep 0.1; done
"""
PARENT = (
    "import sys; sys.executable = sys.argv.pop(1); from e2e.flake.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m e2e.flake` with two shares that play."""
    share = tmp_path / "share"
    share.write_text(PLAYS_ON)
    share.chmod(0o755)
    (tmp_path / "features").symlink_to(ROOT / "features")
    command = [sys.executable, "-c", PARENT, str(share), "--jobs", "2", "--rounds", "2"]
    parent = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_until(lambda: len(shares(tmp_path)) == 2, WITHIN, "two shares play")
        yield parent
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def shares(folder: Path) -> list[Path]:
    return [*folder.glob("playing-*")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_shares_end_with_who_started_them(
    tmp_path: Path, playing: subprocess.Popen[str], number: signal.Signals
) -> None:
    playing.send_signal(number)
    out, _ = playing.communicate(timeout=WITHIN)
    assert playing.returncode == 3
    assert "interrupted: go on with --resume" in out
    assert shares(tmp_path) == []
