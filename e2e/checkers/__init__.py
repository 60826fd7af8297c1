"""The promises of a proxy as pure functions `History -> Verdict`, one file each, named after the promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from e2e.checkers.verdict import Verdict
from e2e.ledger.history import History

Checker: TypeAlias = Callable[[History], Verdict]

CHECKERS: dict[str, Checker] = {}
"""Every promise that can be judged, by its name."""
