"""`python -m e2e`: which commands there are."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from e2e.__main__ import __doc__ as usage
from e2e.__main__ import main


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_whoever_asks_is_told_and_all_is_well(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr().out.strip() == (usage or "").strip()


@pytest.mark.parametrize(("arguments", "named"), [([], ""), (["scroe"], "no command 'scroe'")])
def test_what_is_no_command_is_a_wrong_call(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert named in said
    assert "python -m e2e score" in said


def test_every_command_that_is_named_is_there() -> None:
    named = re.findall(r"python -m (e2e[.\w]*)", usage or "")
    assert len(named) > 5
    assert [name for name in named if find_spec(name) is None] == []
