"""The base of faults that pick calls by their method."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from e2e.gateway.calls import parse
from e2e.gateway.faults.fault import Fault

if TYPE_CHECKING:
    from e2e.gateway.http1 import Exchange


@dataclass(kw_only=True)
class MethodFault(Fault):
    """`methods`: those hit, with * for any letters; none means all. `probability`: the share of their calls.

    `times`: how many are hit before the fault wears off; 0 for no end.
    """

    rewrites = True

    methods: tuple[str, ...] = ()
    probability: float = 1.0
    times: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.methods = tuple(self.methods)  # JSON brings a list
        self.require(0 <= self.probability <= 1, "probability is 0 to 1")

    def hits(self, *methods: str) -> bool:
        """Decide whether a message with these calls is hit, by chance where that is asked for."""
        if not methods or (self.times and self.bites >= self.times):
            return False
        if self.methods and not any(fnmatchcase(each, known) for each in methods for known in self.methods):
            return False
        return self.probability >= 1 or self.random.random() < self.probability


def calls_in(request: Exchange) -> list[dict[str, Any]]:
    """Return the calls of an HTTP request; [] for one that is not JSON-RPC."""
    return [each for each in parse(request.payload() or b"") or () if isinstance(each, dict)]
