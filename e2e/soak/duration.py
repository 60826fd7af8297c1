"""Durations as people write and read them: '90s', '5m', '24h'."""

from __future__ import annotations

import argparse
import re
from typing import Final

_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)?")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}


def seconds(text: str) -> float:
    """Seconds of '90', '90s', '1.5m', '24h', '1d'. Raises argparse.ArgumentTypeError, as an option's type should."""
    found = _FORM.fullmatch(text.strip())
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 30m or 24h")
    return value


def spoken(value: float) -> str:
    """The same in the largest units that fit: '24 h', '1 h 30 m', '45 s'."""
    whole = round(value)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or f"{value:.2g} s"
