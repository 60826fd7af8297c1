"""Amounts on a command line, as types of argparse: of what there is nothing nothing can be said."""

from __future__ import annotations

import argparse
import math


def at_least_one(text: str) -> int:
    """A whole number from 1 on. Raises argparse.ArgumentTypeError, as an option's type should."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few, it must be 1 or more")
    return value


def above_zero(text: str) -> float:
    """A finite number above 0. Raises argparse.ArgumentTypeError, as an option's type should."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} will not do, it must be above 0")
    return value
