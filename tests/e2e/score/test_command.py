"""The command on real nodes, against nginx: the negative control. Skipped where nginx is not installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from e2e import exits
from e2e.checkers.verdict import broken, kept, unknown
from e2e.score import command
from e2e.score.tally import Ended
from e2e.steps.theatre import Theatre
from e2e.sut.process import ADMINISTRATION
from e2e.sut.profile_file import PROFILES, load
from tests.e2e.report.pages import links

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
NGINX = shutil.which("nginx") or shutil.which("nginx", path=ADMINISTRATION)


def score(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in `folder`, to which its reports go."""
    for name in ("features", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "e2e", "score", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.geth
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light")
def test_nginx_routes_and_does_not_restore(tmp_path: Path) -> None:
    done = score(tmp_path, "--sut", "nginx", "--seed", "7", "--tags", "@routing or @compatibility")
    assert done.returncode == 1, done.stdout + done.stderr
    rows = {words[1]: " ".join(words[2:]) for line in done.stdout.splitlines() if len(words := line.split()) > 2}
    assert rows["routes"] == "kept in 2"
    assert rows["transparent"] == "kept in 5"
    assert rows["fails_over"].startswith("broken in 1 of 1")
    assert rows["subscriptions_survive"].startswith("broken in 1 of ")
    assert rows["tells_of_itself"].startswith("not claimed")
    assert "as a node died, though another one was usable" in done.stdout, "it says why"
    markdown = (tmp_path / "reports/score/nginx/score.md").read_text()
    assert "| ✓ kept | `routes` |" in markdown
    page = tmp_path / "reports/score/nginx/score.html"
    leading = links(page.read_text())
    assert leading
    assert all((page.parent / link).is_file() for link in leading)


@pytest.mark.parametrize("called", [("--sut", "x.toml"), ("-D", "sut=x.toml")])
def test_a_proxy_that_is_not_installed_is_asked_for_before_anything_starts(
    tmp_path: Path, called: tuple[str, str]
) -> None:
    text = (
        (PROFILES / "nginx.toml")
        .read_text(encoding="utf-8")
        .replace('command = "nginx ', 'command = "nginx-of-nowhere ')
    )
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    done = score(tmp_path, *called)
    assert done.returncode == 2
    assert (
        "nginx-of-nowhere is not there or not executable; install it with: apt-get install nginx-light" in done.stderr
    )
    assert not (tmp_path / "runs").exists()


def test_a_profile_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    done = score(tmp_path, "--sut", "ngnix")
    assert done.returncode == 2
    assert "profiles here: blutgang, nginx, vixy-py" in done.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(("answer", "code"), [("kept", exits.STOPPED), ("unknown", exits.STOPPED), ("broken", 1)])
def test_a_score_that_was_stopped_is_told_and_is_not_taken_for_a_whole_one(
    answer: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {"kept": kept("routes", ""), "unknown": unknown("routes", ""), "broken": broken("routes", "", ())}[answer]
    facts = {"toothless": False, "started": True, "skipped": "", "run": "", "seconds": 1}
    ended = Ended("Routing", "one", frozenset(), (said,), "", **facts)  # type: ignore[arg-type]

    def play(*_: object) -> Iterator[list[Ended]]:
        yield [ended]
        raise KeyboardInterrupt

    there = SimpleNamespace(profile=load("vixy-py"), versions={}, seed=7, options={})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Theatre, "open", lambda _: SimpleNamespace(stage=there, close=lambda: None))
    monkeypatch.setattr(command, "_play", play)
    monkeypatch.setattr(command, "_ended", lambda each: each)
    assert command.main([]) == code
    assert "stopped: the score is of what was played" in capsys.readouterr().err
    assert (tmp_path / "reports/score/vixy-py/score.md").exists()
