"""How long answers took, beside what they take without a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.checkers.figures import percentile
from e2e.ledger.exchanges import Matcher
from e2e.ledger.history import is_direct
from e2e.steps.answers import mine, too_late
from e2e.steps.context import then

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.ledger.exchanges import Exchange
    from e2e.steps.context import Context

# Normal is what a client without a proxy sees at the same time, on the same machine: so many times that, and so much.
NORMAL_TIMES: Final = 3.0
NORMAL_P50: Final = 0.02  # seconds
NORMAL_P99: Final = 0.1


@then("latency should be normal")
def latency_is_normal(context: Context) -> None:
    run = context.world.run
    beside = [each for each in Matcher().feed(run.recorder.entries()).exchanges if is_direct(each.request.client)]
    for rank, slack in ((50, NORMAL_P50), (99, NORMAL_P99)):
        asked = mine(context.world)
        took = measured(asked, rank)
        direct = measured([each for each in beside if each.answer and each.request.intended], rank)
        bound = NORMAL_TIMES * direct + slack
        if took > bound:
            raise too_late(f"p{rank} is {took:.3f} s, without a proxy {direct:.3f} s", asked, bound)


@then("response times of the clients should stay below {seconds:g} seconds at the {rank:d}th percentile")
def response_times(context: Context, seconds: float, rank: int) -> None:
    asked = [each for each in mine(context.world) if each.answer]
    took = measured(asked, rank)
    if took >= seconds:
        raise too_late(f"p{rank} is {took:.3f} s", asked, seconds)


def measured(exchanges: Sequence[Exchange], rank: int) -> float:
    """Return a percentile of their latency in seconds. Nothing to measure is a failure: no figure is no good figure."""
    assert exchanges, f"no p{rank}: there is no request to measure"
    return percentile([each.latency for each in exchanges], rank)
