"""How a long run is told: text, page, JUnit, one line while it goes on."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from e2e.checkers.verdict import Witness, broken, kept, unknown
from e2e.load.figures import Frame, Violation
from e2e.trials import outcome as outcomes
from e2e.trials import page, seconds
from e2e.trials.outcome import Outcome
from e2e.trials.page import Span
from e2e.trials.terminal import IN_A_LOG, Terminal, status
from tests.e2e.trials.days import report, second

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = tuple(second(at, p99=None if at == 3 else 0.01) for at in range(1, 11))
VIOLATION = Violation(4.2, "ws-7", "stranger", "nobody asked with id <7>", [Frame(4.2, "<", '{"id":7}')])
GREEN = kept("load_held", "1000 requests a second")
RED = broken("no_silence", "1 of 60 were never answered", [Witness(4.0, "ws-7", "never answered")])


def made(folder: Path, *verdicts: object) -> Outcome:
    return Outcome(
        "a minute of chaos",
        folder,
        verdicts,  # type: ignore[arg-type]
        SECONDS,
        (VIOLATION,),
        (Span(2.0, 5.0, "kill", "el-1-primary", "cut"),),
        report(),
        {"seed": "7"},
        "python -m e2e.chaos --replay a.json",
        "2026-01-01T00:00:00+00:00",
        61.0,
    )


@pytest.mark.parametrize(
    ("verdicts", "code"), [((GREEN,), 0), ((GREEN, RED), 1), ((GREEN, unknown("run_was_fair", "starved")), 2)]
)
def test_the_exit_code_says_whether_it_was_good_bad_or_nobody_knows(
    tmp_path: Path, verdicts: tuple[object, ...], code: int
) -> None:
    assert made(tmp_path, *verdicts).exit_code == code


def test_what_is_red_is_told_with_its_witnesses_and_frames(tmp_path: Path) -> None:
    text = made(tmp_path, GREEN, RED).text()
    for part in ("no_silence", "4.000 s", "stranger on ws-7", '{"id":7}', "--replay a.json", str(tmp_path)):
        assert part in text
    assert "ws-7" not in made(tmp_path, GREEN).text(), "a green one is short"


def test_everything_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "JUNIT", tmp_path / "junit")
    outcome = made(tmp_path, GREEN, RED)
    outcome.save()
    assert not (tmp_path / "junit").exists(), "a replay is saved as well, and is not what JUnit tells of"
    outcome.write_junit("Chaos")
    assert seconds.read(tmp_path) == list(SECONDS)
    (case,) = ET.parse(tmp_path / "junit" / "TEST-chaos.xml").getroot().iter("testcase")
    failure = case.find("failure")
    assert failure is not None
    assert "never answered" in failure.attrib["message"]
    assert float(case.attrib["time"]) == 61.0
    assert {each.name for each in tmp_path.iterdir()} >= {page.NAME, "report.json", "violations.json", seconds.FILE}


def test_the_page_has_plots_with_faults_verdicts_and_violations(tmp_path: Path) -> None:
    text = page.page(made(tmp_path, GREEN, RED))
    assert text.count("<polyline") >= len(page.PLOTS)
    assert text.count('class="fault cut"') == len(page.PLOTS)
    assert "nobody asked with id &lt;7&gt;" in text
    assert "$" not in text, "every placeholder is filled"


def test_a_line_breaks_where_nothing_was_said() -> None:
    drawn = page._plots(SECONDS, ())
    assert drawn.count('class="curve warn"') == 2


def test_a_run_without_seconds_has_a_page_all_the_same(tmp_path: Path) -> None:
    assert "<svg" in page.page(replace(made(tmp_path, GREEN), seconds=(), violations=(), spans=(), report=None))


def test_one_line_says_how_it_goes() -> None:
    line = status(second(1, errors=3, faults=("kill of el-1-primary",)), 125)
    for part in (
        "2:05 left",
        "1000/s",
        "p50 5.0 ms",
        "p99 10.0 ms",
        "3 errors",
        "el-1-primary",
        "kill of el-1-primary",
    ):
        assert part in line
    silent = status(second(1, p99=None, rate=0, carriers=()), -3)
    for part in ("0:00 left", "no answer", "no node", "all well"):
        assert part in silent


def test_a_log_gets_a_line_now_and_then_and_a_terminal_one_that_is_written_over() -> None:
    log = io.StringIO()
    terminal = Terminal(log)
    for at in range(2 * IN_A_LOG):
        terminal.show(second(at), 60 - at)
    assert len(log.getvalue().splitlines()) == 2

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    terminal = Terminal(screen)
    terminal.show(second(1), 59)
    terminal.show(second(2), 58)
    terminal.say("done")
    assert screen.getvalue().count("\r") == 3
    assert screen.getvalue().count("\n") == 1
