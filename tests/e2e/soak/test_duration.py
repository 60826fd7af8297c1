from __future__ import annotations

import argparse

import pytest

from e2e.soak.duration import seconds, spoken
from e2e.soak.plan import LEAST_EVERY, pace


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("24h", 86400), ("1d", 86400), (" 2m ", 120)]
)
def test_durations_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "-5m", "5 minutes", "m", "1h30m"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="30m"):
        seconds(text)


@pytest.mark.parametrize(
    ("value", "text"), [(86400, "24 h"), (5400, "1 h 30 m"), (45, "45 s"), (3601, "1 h 1 s"), (0.25, "0.25 s")]
)
def test_durations_are_said(value: float, text: str) -> None:
    assert spoken(value) == text


@pytest.mark.parametrize(("duration", "every"), [(86400, 300), (18000, 300), (1800, 60), (60, LEAST_EVERY)])
def test_short_runs_have_more_reconnections_an_hour(duration: float, every: float) -> None:
    assert pace(duration) == every
