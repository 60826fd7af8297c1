"""The examples of the README do what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kurtosis_sdk.testing import FakeEngine

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = re.findall(r"^### \d\. (.+?)\n\n```python\n(.+?)```\n\n```text\n(.+?)```", README, re.MULTILINE | re.DOTALL)


def test_there_are_five_examples() -> None:
    assert len(EXAMPLES) == README.count("\n### ") == README.count("```python") == 5


@pytest.mark.parametrize("example", EXAMPLES, ids=[title for title, *_ in EXAMPLES])
def test_an_example_prints_what_the_readme_says(
    example: tuple[str, str, str],
    fake: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    title, code, printed = example
    monkeypatch.setattr("kurtosis_sdk.kurtosis_context.DEFAULT_ADDRESS", fake.address)
    monkeypatch.setenv("DOCKER_HOST", fake.docker_host)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, f"README: {title}", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == printed
