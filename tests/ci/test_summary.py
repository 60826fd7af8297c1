from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ci.summary import MOST_FAILURES, Case, cases, main, page
from e2e.report.junit import Case as Played
from e2e.report.junit import write_feature

if TYPE_CHECKING:
    from pathlib import Path

PYTEST = """<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
  <testcase classname="tests.test_a" name="test_good" time="0.5" />
  <testcase classname="tests.test_a" name="test_bad" time="1.5"><failure message="assert 1 == 2">the whole
story</failure></testcase>
  <testcase classname="tests.test_a" name="test_fixture" time="0.1"><error message="no port">trace</error></testcase>
  <testcase classname="tests.test_a" name="test_docker" time="0"><skipped message="no docker" /></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "unit.xml").write_text(PYTEST)
    played = [
        Played("Heads go on", 4.5, "passed"),
        Played("Ids | and <tags>", 2.0, "failed", "answered_once: 1 unanswered", "witness 7"),
        Played("Slow machine", 2.0, "error", "run_was_fair: drift", "clock"),
    ]
    write_feature(tmp_path / "junit", "Streams", played, {"seed": "7"})
    return tmp_path


def found(folder: Path) -> list[Case]:
    return list(cases(sorted(folder.rglob("*.xml"))))


def test_both_dialects_are_read(written: Path) -> None:
    assert [(case.suite, case.name, case.outcome) for case in found(written)] == [
        ("Streams", "Heads go on", "passed"),
        ("Streams", "Ids | and <tags>", "failed"),
        ("Streams", "Slow machine", "error"),
        ("unit", "test_good", "passed"),
        ("unit", "test_bad", "failed"),
        ("unit", "test_fixture", "error"),
        ("unit", "test_docker", "skipped"),
    ]


def test_the_page_has_a_row_for_each_suite_and_tells_of_each_failure(written: Path) -> None:
    text = page("Critical", found(written))
    assert text.startswith("## Critical: 4 of 7 failed\n")
    assert "| Streams | 1 | 1 | 1 |  | 8 |" in text
    assert "| unit | 1 | 1 | 1 | 1 | 2 |" in text
    assert "<summary>Streams: Ids \\| and &lt;tags></summary>" in text
    assert "    answered_once: 1 unanswered" in text
    assert "    witness 7" in text
    assert "    the whole\n    story" in text
    assert "test_good" not in text


def test_all_well_is_one_line_and_a_table() -> None:
    text = page("Unit", [Case("unit", "test_a", 1.0, "passed"), Case("unit", "test_b", 1.0, "skipped")])
    assert text.startswith("## Unit: 2 tests, none failed\n")
    assert "details" not in text


def test_no_test_is_no_success(tmp_path: Path) -> None:
    assert page("Unit", []) == "## Unit: no test was run\n\n"
    assert run(tmp_path) == 1


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(PYTEST[:200])
    (case,) = found(tmp_path)
    assert case.red
    assert "cannot be read" in case.message


def test_a_flood_of_failures_stays_readable() -> None:
    flood = [Case("unit", f"test_{number}", 0.0, "failed", "x" * 9000) for number in range(MOST_FAILURES + 5)]
    text = page("Unit", flood)
    assert len(text) < 1024 * 1024
    assert "… and 5 more" in text


def test_the_page_goes_to_the_job(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = written / "summary.md"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    assert run(written, "--title", "Critical") == 1
    assert target.read_text().startswith("before\n## Critical: 4 of 7 failed\n")


def test_green_is_exit_0_and_is_printed_without_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    write_feature(tmp_path, "Streams", [Played("Heads go on", 4.5, "passed")], {})
    assert run(tmp_path / "TEST-streams.xml") == 0
    assert "## Tests: 1 tests, none failed" in capsys.readouterr().out


def run(place: Path, *options: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ci.summary", str(place), *options])
        return main()
