"""Numbers on command lines: what cannot be played is refused before anything starts."""

from __future__ import annotations

import argparse
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

import bench.__main__
import bench.gateway
import e2e.chaos.__main__
import e2e.flake.__main__
import e2e.score.command
import e2e.soak.__main__
import e2e.soak.k6
import e2e.testbed.__main__
import e2e.trials.__main__
import mutants.chaos
import simulation.__main__
from e2e.amounts import above_zero, at_least_one

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT, SIZE = "must be 1 or more", "must be above 0"
WRONG: list[tuple[Callable[..., Any], str, str]] = [
    (e2e.score.command.main, "--minutes=-1", SIZE),
    (e2e.flake.__main__.main, "--rounds=0", COUNT),
    (e2e.flake.__main__.main, "--jobs=0", COUNT),
    (e2e.chaos.__main__.main, "--rate=0", SIZE),
    (e2e.chaos.__main__.main, "--connections=0", COUNT),
    (e2e.trials.__main__.main, "load --rate=nan", SIZE),
    (e2e.trials.__main__.main, "load --connections=-1", COUNT),
    (e2e.soak.__main__.main, "--clients=0", COUNT),
    (e2e.soak.__main__.main, "--rate=0", SIZE),
    (e2e.soak.__main__.main, "--block-time=0", SIZE),
    (e2e.soak.k6.main, "--clients=0", COUNT),
    (e2e.testbed.__main__.main, "--block-time=soon", "'soon' is no number"),
    (mutants.chaos.main, "--rate=0", SIZE),
    (mutants.chaos.main, "--connections=0", COUNT),
    (simulation.__main__.main, "--seeds=0", COUNT),
    (simulation.__main__.main, "--jobs=0", COUNT),
    (simulation.__main__.main, "--hours=0", SIZE),
    (bench.__main__.main, "--rounds=0", COUNT),
    (bench.__main__.main, "--connections=0", COUNT),
    (bench.gateway.main, "--seconds=0", SIZE),
]


def test_amounts_are_read() -> None:
    assert (at_least_one("1"), at_least_one(" 50 ")) == (1, 50)
    assert (above_zero("0.5"), above_zero("1e3")) == (0.5, 1000)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "1e3"])
def test_a_count_is_a_whole_number_from_one_on(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"{COUNT}|is no whole number"):
        at_least_one(text)


@pytest.mark.parametrize("text", ["0", "-0.1", "nan", "inf", "x", ""])
def test_a_size_is_a_number_above_zero(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"{SIZE}|is no number"):
        above_zero(text)


@pytest.mark.parametrize(("main", "given", "complaint"), WRONG, ids=lambda each: getattr(each, "__module__", each))
def test_what_cannot_be_played_is_a_wrong_call(
    main: Callable[..., Any],
    given: str,
    complaint: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["command", *given.split()])
    with pytest.raises(SystemExit) as exit_:
        main(*([given.split()] if inspect.signature(main).parameters else []))
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [], "nothing is begun"
