"""What requests say about nodes: 429 and 5xx make a node rest, or one method at it. Pure; `now` comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

NODE_STRIKES: Final = 5
METHOD_STRIKES: Final = 3
_NODE_REST: Final = 1.0  # seconds, doubled each time
_METHOD_REST: Final = 5.0
_LONGEST_REST: Final = 60.0


@dataclass(slots=True)
class _Fuse:
    """Counts failures in a row; blown, it asks for a rest that doubles until a success."""

    strikes: int = 0
    rests: int = 0
    until: float = float("-inf")

    def blow(self, now: float, rest: float) -> None:
        self.strikes = 0
        self.rests += 1
        self.until = now + rest


_CLEAN: Final = _Fuse()


@dataclass(slots=True)
class _Record:
    node: _Fuse = field(default_factory=_Fuse)
    methods: dict[str, _Fuse] = field(default_factory=dict)


class Breaker:
    """Rests of all nodes of one layer.

    A 429 asks for a rest at once, for as long as its Retry-After says. Other failures count: `METHOD_STRIKES` in a row
    of one method rest that method there, `NODE_STRIKES` in a row of any kind rest the node. After a rest one more
    failure is enough for the next, longer one; a success clears the record.
    """

    def __init__(self, names: Iterable[str], rng: random.Random) -> None:
        self._records = {name: _Record() for name in names}
        self._rng = rng
        self.troubled: set[str] = set()
        """The nodes with a record: only of these must successes be told."""

    @property
    def wake(self) -> float:
        """When the next rest ends (inf: nobody rests); the present time must be later to see the change."""
        ends = [fuse.until for name in self.troubled for fuse in self._fuses(name)]
        return min((end for end in ends if end > float("-inf")), default=float("inf"))

    def succeeded(self, name: str, method: str | None, now: float) -> bool:
        """Whether that cleared anything. A node's own rest goes on: what it was asked before may end well meanwhile."""
        record = self._records[name]
        rests = record.node.until > now
        if (rests or record.node == _CLEAN) and method not in record.methods:
            return False
        if not rests:
            record.node = _Fuse()
        record.methods.pop(method or "", None)
        if not record.methods and not rests:
            self.troubled.discard(name)
        return True

    def limited(self, name: str, retry_after: float | None, now: float) -> None:
        """The node said 429; `retry_after` in seconds if it named a time.

        Those that come while it rests were asked before: they are no reason to rest longer, unless they name a time.
        """
        fuse = self._records[name].node
        self.troubled.add(name)
        rest = self._rest(_NODE_REST, fuse.rests) if retry_after is None else min(retry_after, _LONGEST_REST)
        if fuse.until <= now:
            fuse.blow(now, rest)
        elif retry_after is not None:
            fuse.until = max(fuse.until, now + rest)

    def failed(self, name: str, method: str | None, now: float) -> None:
        """The node answered 5xx, or did not answer one request in time although it answers others."""
        record = self._records[name]
        self.troubled.add(name)
        self._strike(record.node, NODE_STRIKES, _NODE_REST, now)
        if method is not None:
            self._strike(record.methods.setdefault(method, _Fuse()), METHOD_STRIKES, _METHOD_REST, now)

    def method_failing(self, name: str, method: str, now: float) -> None:
        """`method` failed so often in a row that it is to rest there; nothing else is blamed."""
        self.troubled.add(name)
        fuse = self._records[name].methods.setdefault(method, _Fuse())
        if fuse.until <= now:
            fuse.blow(now, self._rest(_METHOD_REST, fuse.rests))

    def resting(self, name: str, now: float) -> bool:
        return self._records[name].node.until > now

    def failing_methods(self, name: str, now: float) -> frozenset[str]:
        methods = self._records[name].methods
        return frozenset(method for method, fuse in methods.items() if fuse.until > now) if methods else frozenset()

    def expire(self, now: float) -> None:
        """Forget the ends of rests that are over, so that `wake` moves on; what they taught is kept."""
        for name in self.troubled:
            for fuse in self._fuses(name):
                if fuse.until <= now:
                    fuse.until = float("-inf")

    def _fuses(self, name: str) -> list[_Fuse]:
        record = self._records[name]
        return [record.node, *record.methods.values()]

    def _strike(self, fuse: _Fuse, limit: int, rest: float, now: float) -> None:
        fuse.strikes += 1
        if fuse.until <= now and (fuse.strikes >= limit or fuse.rests):
            fuse.blow(now, self._rest(rest, fuse.rests))

    def _rest(self, first: float, rests: int) -> float:
        return min(first * 2.0 ** min(rests, 10), _LONGEST_REST) * self._rng.uniform(0.8, 1.0)
