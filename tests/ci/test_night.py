from __future__ import annotations

import sys
from datetime import date, timedelta

import pytest

from ci.night import main, tonight


def test_a_year_has_a_soak_each_week_and_an_hour_of_chaos_each_month() -> None:
    days = [date(2027, 1, 1) + timedelta(number) for number in range(365)]
    assert sum(tonight(day)["soak"] for day in days) == 52
    assert sum(tonight(day)["every_fault"] for day in days) == 12
    assert all(day.strftime("%A") == "Sunday" for day in days if tonight(day)["soak"])


@pytest.mark.parametrize(
    ("what", "soak", "every_fault"),
    [("nightly", False, False), ("weekly", True, False), ("monthly", False, True)],
)
def test_asked_for_by_hand_the_date_does_not_matter(what: str, soak: bool, every_fault: bool) -> None:
    for day in (date(2026, 11, 1), date(2026, 11, 4)):
        assert tonight(day, what) == {"soak": soak, "every_fault": every_fault}


def test_lines_are_what_a_workflow_reads(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ci.night", "--date", "2026-11-01"])
    assert main() == 0
    assert capsys.readouterr().out == "soak=true\nevery_fault=true\n"
