"""The end of all scenarios, as behave's hook sees it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from e2e.steps.environment import after_all
from e2e.steps.guest import NoSuchScenarioError
from e2e.steps.results import Played, Results

if TYPE_CHECKING:
    from pathlib import Path

SKIPPED = Played("Pages", "Status", "features/x.feature:7", "skipped", 0.0, None, "", None, "not claimed: no page")


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(theatre=SimpleNamespace(close=lambda: None, results=Results({})), aborted=False)


def test_a_run_in_which_nothing_was_played_is_an_error(context: SimpleNamespace) -> None:
    with pytest.raises(NoSuchScenarioError, match="none has these tags"):
        after_all(context)


def test_a_run_in_which_all_was_skipped_is_none(context: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    context.theatre.results.note(SKIPPED)
    after_all(context)
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"


def test_neither_is_one_that_was_ended_by_ctrl_c_or_that_could_not_begin(context: SimpleNamespace) -> None:
    context.aborted = True
    after_all(context)
    after_all(SimpleNamespace(theatre=None, aborted=False))
