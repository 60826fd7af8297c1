"""How much chaos: chances and ranges, from which a seed makes a schedule."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class ChaosConfig:
    """Each `…_probability` is the chance, per node and `period` (seconds), that such a fault begins there.

    The two that speak of answers are different: `slow_response_probability` is the share of answers that are slow all
    along, on every node, by up to the upper end of `network_delay_ms`; `partial_failure_rate` is the share of the calls
    of one method that fail while a node has such a fault. The chance of a reorg is per period, for the whole chain.
    """

    node_failure_probability: float = 0.3
    network_delay_probability: float = 0.3
    network_delay_ms: tuple[int, int] = (0, 5000)
    slow_response_probability: float = 0.05
    partial_failure_probability: float = 0.3
    partial_failure_rate: float = 0.05
    partition_probability: float = 0.2
    flapping_probability: float = 0.2
    ws_reset_probability: float = 0.5
    ws_down_probability: float = 0.2
    reorg_probability: float = 0.5
    oddity_probability: float = 0.0
    period: float = MINUTE
    blackout: bool = False
    """Whether all nodes may be down at once; else one at least is always well."""

    @property
    def reorgs(self) -> bool:
        return self.reorg_probability > 0


QUIET: Final = ChaosConfig(
    node_failure_probability=0.0,
    network_delay_probability=0.0,
    slow_response_probability=0.0,
    partial_failure_probability=0.0,
    partition_probability=0.0,
    flapping_probability=0.0,
    ws_reset_probability=0.0,
    ws_down_probability=0.0,
    reorg_probability=0.0,
)
"""Nothing happens."""

_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?) ?%(?: per (second|minute|hour))?")
_RANGE: Final = re.compile(r"(\d+) ?- ?(\d+) ?ms")
_PERIODS: Final = {"second": 1.0, "minute": MINUTE, "hour": 3600.0}
DELAYS_PER_MINUTE: Final = 0.3


def from_table(table: Mapping[str, str]) -> ChaosConfig:
    """Return the chaos that a scenario's table describes, and no other. Raises ValueError, which says what it takes."""
    values: dict[str, Any] = {}
    for name, text in table.items():
        share, spread = _SHARE.fullmatch(text.strip()), _RANGE.fullmatch(text.strip())
        if name == "node_failures" and share is not None:
            per = _PERIODS[share[2] or "minute"]
            values |= {"node_failure_probability": min(1.0, float(share[1]) / 100 * MINUTE / per)}
        elif name == "network_delays" and spread is not None:
            values |= {"network_delay_ms": (int(spread[1]), int(spread[2]))}
            values |= {"network_delay_probability": DELAYS_PER_MINUTE}
        elif name == "slow_responses" and share is not None:
            values |= {"slow_response_probability": float(share[1]) / 100}
        else:
            raise ValueError(
                f"{name} | {text}: a table of chaos has node_failures ('10% per minute'), "
                "network_delays ('0-5000ms') and slow_responses ('20%')"
            )
    return replace(QUIET, **values)


PRESETS: Final = {
    "default": ChaosConfig(),
    "table": from_table({"node_failures": "10% per minute", "network_delays": "0-5000ms", "slow_responses": "20%"}),
    "all": ChaosConfig(oddity_probability=0.5),
}
