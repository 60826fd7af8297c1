"""The command lines of a soak and of k6, as far as they go without nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e import exits
from e2e.soak import __main__ as soak
from e2e.soak import k6
from e2e.soak.forcing import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


BOTH = pytest.mark.parametrize("main", [soak.main, k6.main], ids=["soak", "k6"])


@BOTH
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--topology", "nosuch"], "invalid choice: 'nosuch'"),
        (["--faults", "stop,kil"], "no fault 'kil'; there are stop, kill, pause"),
        (["--duration", "soon"], "is no duration"),
    ],
)
def test_a_wrong_call_is_told_before_anything_starts(
    main: Callable[[list[str]], int],
    arguments: list[str],
    word: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert word in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_faults_are_written_with_commas() -> None:
    assert faults("pause,kill") == ("pause", "kill")


@BOTH
def test_a_proxy_that_is_not_known_leaves_no_run_behind(
    main: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--sut", "nobody", "--duration", "1m"]) == exits.COULD_NOT_START
    assert "nobody" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--resume", "--judge"])
def test_a_run_that_is_not_there_is_named(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert soak.main([option, "runs/nowhere"]) == exits.COULD_NOT_START
    assert "no soak at runs/nowhere: plan.json cannot be read" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
