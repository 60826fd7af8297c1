"""What a run was: everything that its history needs beside its entries to be judged and reported."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

PRIMARY = "primary"
BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Meta:
    """One run. Survives a round trip through JSON.

    `nodes` names the execution nodes that the proxy was configured with and their tier ('primary' or 'backup').
    `metrics` maps the roles of `checkers.gauges` to the sample names of the proxy under test. `not_claimed` maps a
    promise that its profile does not claim to the reason. `required` names the promises that the scenario must have put
    to the test. `patience` is how many seconds a request may wait for its answer before silence is a verdict: not less
    than the proxy's own time-out for a request.
    """

    scenario: str
    feature: str = ""
    tags: tuple[str, ...] = ()
    started: str = ""
    seed: int = 0
    sut: str = ""
    testbed: str = ""
    nodes: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    not_claimed: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    patience: float = 10.0
    versions: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    def tier(self, tier: str) -> tuple[str, ...]:
        """The nodes of one tier, in the order of the config."""
        return tuple(name for name, its_tier in self.nodes.items() if its_tier == tier)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Meta:
        """The inverse of `to_json`; TypeError on a key that is not known."""
        tuples: dict[str, Any] = {name: tuple(values[name]) for name in ("tags", "required") if name in values}
        return cls(**(values | tuples))
