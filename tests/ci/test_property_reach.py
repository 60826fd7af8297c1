from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ci.property_reach import functions, main

if TYPE_CHECKING:
    from pathlib import Path


def report(files: dict[str, dict[str, list[int]]]) -> dict[str, Any]:
    """What coverage writes, as far as it is read: file → function → lines that were run."""
    measured = {
        file: {"functions": {name: {"executed_lines": lines} for name, lines in own.items()}}
        for file, own in files.items()
    }
    return {"files": measured}


NODES: dict[str, list[int]] = {
    "": [1, 2],
    "usable": [7],
    "_order": [],
    "Node.better": [],
    "_Book.add": [],
    "Node.__post_init__": [],
}


def test_only_public_functions_of_pure_modules_count() -> None:
    found = functions(report({"proxy/nodes.py": NODES, "proxy/shell/http.py": {"post": []}}))
    assert found == {"proxy/nodes.py:usable": True, "proxy/nodes.py:Node.better": False}


@pytest.mark.parametrize("lines", [[], [9]])
def test_one_without_a_property_is_named(
    lines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reach.json"
    file.write_text(json.dumps(report({"proxy/nodes.py": NODES | {"Node.better": lines}})))
    monkeypatch.setattr(sys, "argv", ["ci.property_reach", str(file)])
    assert main() == (0 if lines else 1)
    said = capsys.readouterr().out
    assert ("no property test enters proxy/nodes.py:Node.better" in said) == (not lines)
    assert f"{2 if lines else 1} of 2 public functions" in said


def test_an_empty_report_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "reach.json"
    file.write_text(json.dumps(report({})))
    monkeypatch.setattr(sys, "argv", ["ci.property_reach", str(file)])
    assert main() == 1
