"""Virtual time, and the one process in it that may be starved of the processor."""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Deed: TypeAlias = "Callable[..., object]"

# deeds at one instant that no honest cause can have
ENDLESS = 100_000


def stream(seed: int, concern: str) -> Random:
    """A source of chance for one concern, so that a draw more here changes nothing there."""
    return Random(f"{seed}:{concern}")


class Agenda:
    """What is to happen, in the order of virtual time (seconds); at equal times in the order in which it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Deed, tuple[Any, ...]]] = []
        self._asked = 0

    def at(self, when: float, deed: Deed, *args: Any) -> None:
        self._asked += 1
        heappush(self._heap, (max(when, self.now), self._asked, deed, args))

    def after(self, delay: float, deed: Deed, *args: Any) -> None:
        self.at(self.now + delay, deed, *args)

    def run(self, until: float) -> None:
        """Do everything that is due up to `until`."""
        heap = self._heap
        at_once = 0
        while heap and heap[0][0] <= until:
            when, _, deed, args = heappop(heap)
            at_once = at_once + 1 if when == self.now else 0
            if at_once > ENDLESS:
                raise RuntimeError(f"time stands still at {when}: {deed}")
            self.now = when
            deed(*args)
        self.now = until


class Process:
    """The proxy's event loop: does its work at once, unless the machine starves it."""

    def __init__(self, agenda: Agenda, rng: Random) -> None:
        self.agenda = agenda
        self._rng = rng
        self._frozen = False
        self._arrived: list[tuple[Deed, tuple[Any, ...]]] = []
        self._overdue: list[tuple[Deed, tuple[Any, ...]]] = []

    def io(self, deed: Deed, *args: Any) -> None:
        """Something arrived on a socket."""
        if self._frozen:
            self._arrived.append((deed, args))
        else:
            deed(*args)

    def timer(self, when: float, deed: Deed, *args: Any) -> None:
        self.agenda.at(when, self._fire, deed, args)

    def soon(self, deed: Deed, *args: Any) -> None:
        """In the next turn of the loop."""
        self.timer(self.agenda.now, deed, *args)

    def _fire(self, deed: Deed, args: tuple[Any, ...]) -> None:
        if self._frozen:
            self._overdue.append((deed, args))
        else:
            deed(*args)

    def freeze(self) -> None:
        self._frozen = True

    def thaw(self) -> None:
        """Do what was left undone. Some loops look at their timers first, others at their sockets."""
        self._frozen = False
        batches = [self._overdue, self._arrived]
        self._overdue, self._arrived = [], []
        if self._rng.random() < 0.3:
            batches.reverse()
        for batch in batches:
            for deed, args in batch:
                deed(*args)
