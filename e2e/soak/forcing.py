"""Reconnections, forced: the node that carries the clients is taken away, and given back once they have moved."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Final

from e2e.amounts import at_least_one
from e2e.nemesis import nemesis
from e2e.soak.ground import TOPOLOGY
from e2e.sut.topology import TOPOLOGIES, is_primary
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from e2e.soak.ground import Ground

FAULTS: Final = ("stop", "kill")
KNOWN: Final = ", ".join(nemesis.FAULTS)
MOVES_WITHIN: Final = 20.0  # seconds: far beyond what a proxy promises, which is for checkers to judge
LOOK: Final = 0.1  # seconds between two looks at where clients are


@dataclass(frozen=True, slots=True)
class Forced:
    """One reconnection there and back. Seconds from the fault (cure) until all clients were elsewhere (home).

    None: they were not in `MOVES_WITHIN`, or the proxy does not say where they are.
    """

    fault: str
    node: str
    away: float | None
    home: float | None

    @property
    def seen(self) -> bool:
        """Whether all clients went and came back."""
        return self.away is not None and self.home is not None

    def __str__(self) -> str:
        away, home = ("?" if took is None else f"{took:.1f} s" for took in (self.away, self.home))
        return f"{self.fault} of {self.node}: clients away after {away}, home after {home}"


def faults(text: str) -> tuple[str, ...]:
    """The names in 'stop,kill'. Raises argparse.ArgumentTypeError, as an option's type should."""
    names = tuple(text.split(","))
    if strange := [name for name in names if name not in nemesis.FAULTS]:
        raise argparse.ArgumentTypeError(f"no fault {', '.join(map(repr, strange))}; there are {KNOWN}")
    return names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that everything has that forces reconnections: who, how, and of which proxy."""
    parser.add_argument("--clients", type=at_least_one, default=100, help="of the load; default: 100")
    parser.add_argument("--faults", type=faults, default=FAULTS, help=f"{KNOWN}; default: {','.join(FAULTS)}")
    parser.add_argument("--topology", choices=TOPOLOGIES, default=TOPOLOGY, help=f"default: {TOPOLOGY}")
    parser.add_argument("--sut", default="vixy-py", help="the proxy: a profile's name or file")
    parser.add_argument("--command", help="only another command, with {config} and {listen}")


class Forcing:
    """Takes primaries away in turn. Call from one thread."""

    def __init__(self, ground: Ground, faults: Sequence[str] = FAULTS) -> None:
        self._ground = ground
        self._faults = cycle(faults)
        self._primaries = frozenset(node.name for node in ground.sut.nodes if is_primary(node.name))

    def force(self) -> Forced:
        """Hurt every primary that carries clients, see them leave, cure, see them come home.

        Raises FaultDidNotBiteError, TestbedError.
        """
        fault, nemesis = next(self._faults), self._ground.nemesis
        nodes = sorted((self._ground.carrying() or self._primaries) & self._primaries) or sorted(self._primaries)
        began = time.monotonic()
        for node in nodes:
            nemesis.inject(fault, node)
        away = self._took(lambda carriers: bool(carriers) and not carriers.intersection(nodes), began)
        nemesis.cure_all()
        began = time.monotonic()
        home = self._took(lambda carriers: bool(carriers) and carriers <= self._primaries, began)
        return Forced(fault, ", ".join(nodes), away, home)

    def every(self, seconds: float, ended: Callable[[], bool]) -> Iterator[Forced]:
        """Force one each `seconds`, counted from beginning to beginning, until `ended`; the first after `seconds`."""
        due = time.monotonic() + seconds
        while not _wait(due, ended):
            yield self.force()
            due = max(due + seconds, time.monotonic())

    def _took(self, where: Callable[[frozenset[str]], bool], began: float) -> float | None:
        def there() -> bool:
            carriers = self._ground.carrying()
            return carriers is not None and where(carriers)

        if self._ground.carrying() is None and self._ground.scraper is None:
            return None
        try:
            wait_until(there, MOVES_WITHIN, "clients have moved", poll=LOOK)
        except WaitTimeoutError:
            return None
        return time.monotonic() - began


def _wait(due: float, ended: Callable[[], bool]) -> bool:
    """Wait until `due` or the end; whether it was the end."""
    while time.monotonic() < due:
        if ended():
            return True
        time.sleep(min(LOOK, max(0.0, due - time.monotonic())))
    return ended()
