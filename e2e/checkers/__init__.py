"""The promises of a proxy as pure functions `History -> Verdict`, one file each, named after the promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from e2e.checkers.answered_once import answered_once
from e2e.checkers.answers_fit import answers_fit
from e2e.checkers.bounded import bounded
from e2e.checkers.counted_right import counted_right
from e2e.checkers.fails_over import fails_over
from e2e.checkers.heads_continuous import heads_continuous
from e2e.checkers.isolated import isolated
from e2e.checkers.leaves_politely import leaves_politely
from e2e.checkers.no_strangers import no_strangers
from e2e.checkers.returns_home import returns_home
from e2e.checkers.run_was_fair import run_was_fair
from e2e.checkers.sends_once import sends_once
from e2e.checkers.subscriptions_survive import subscriptions_survive
from e2e.checkers.verdict import Verdict
from e2e.ledger.history import History

Checker: TypeAlias = Callable[[History], Verdict]

CHECKERS: dict[str, Checker] = {
    checker.__name__: checker
    for checker in (
        run_was_fair,
        answered_once,
        no_strangers,
        answers_fit,
        subscriptions_survive,
        heads_continuous,
        fails_over,
        returns_home,
        sends_once,
        counted_right,
        bounded,
        isolated,
        leaves_politely,
    )
}
"""Every promise that can be judged, by its name, in the order in which they are read."""
