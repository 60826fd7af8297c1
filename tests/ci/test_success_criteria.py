"""Every command of docs/success-criteria.md exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from e2e.steps import guest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| (?!criterion|---)(.+?) \| (.+?) \| (.+?) \|$",
    (ROOT / "docs" / "success-criteria.md").read_text(),
    re.MULTILINE,
)
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_each_criterion_has_a_command_and_a_figure_or_says_that_it_has_none() -> None:
    assert len(ROWS) >= 15
    for criterion, command, seen in ROWS:
        assert re.fullmatch(r"`[^`]+`", command), criterion
        assert re.search(r"\d|not measured here", seen), criterion


@pytest.mark.parametrize("command", sorted({command.strip("`") for _, command, _ in ROWS}))
def test_the_command_exists(command: str) -> None:
    words = command.split()
    match words:
        case ["make", target, *_]:
            assert target in TARGETS
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(f"{module}.__main__")
        case ["behave", *_]:
            tags = {word.removeprefix("@") for word in words if word.startswith("@")}
            assert any(tags & own for own in guest.scenarios().values())
        case ["pytest", *_]:
            assert all((ROOT / word).exists() for word in words if word.startswith("tests"))
        case _:
            pytest.fail(f"nobody knows how to run {command}")
