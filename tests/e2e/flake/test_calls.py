"""What cannot be played is a wrong call, said before anything is started."""

from __future__ import annotations

import pytest

from e2e.flake.__main__ import WRONG_CALL, main


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--rounds", "-1"], ["--jobs", "0"], ["--jobs", "two"]])
def test_no_round_and_nobody_to_play_it_show_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == WRONG_CALL
    assert arguments[0] in capsys.readouterr().err


def test_an_option_that_is_wrong_for_behave_is_wrong_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-D", "sed=7"]) == WRONG_CALL
    assert "did you mean seed?" in capsys.readouterr().err
    assert main(["-D", "seed=seven"]) == WRONG_CALL
