"""Plays faults and cures, and writes both down as soon as they can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.ledger.entries import Healed, Injected
from e2e.nemesis.fault import Fault, FaultDidNotBiteError
from e2e.nemesis.kill import Kill
from e2e.nemesis.pause import Pause
from e2e.nemesis.stop import Stop
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.ledger.recorder import Recorder
    from e2e.testbed.protocol import Testbed

FAULTS: Final[dict[str, Fault]] = {fault.name: fault for fault in (Stop(), Kill(), Pause())}
BITES_WITHIN = 3.0  # seconds


class Nemesis:
    """The faults of one run. From any thread, one call at a time for each node, as with the testbed."""

    def __init__(
        self, testbed: Testbed, recorder: Recorder, restored: Callable[[str], object] = lambda _: None
    ) -> None:
        """`restored` is told of each node that is back: it may listen elsewhere now."""
        self._testbed = testbed
        self._recorder = recorder
        self._restored = restored
        self._open: dict[str, Fault] = {}
        self.last_began = 0.0  # on the run's clock: when the last fault was begun
        self.last_injected = 0.0  # and when it was seen to bite

    @property
    def hurt(self) -> tuple[str, ...]:
        """The nodes whose fault is not cured yet, in the order of their faults."""
        return tuple(self._open)

    def inject(self, fault: str, node: str) -> None:
        """Do `fault` to `node` and see it bite.

        Raises FaultDidNotBiteError if the node goes on as before, or is in no state to be hurt that way.
        """
        known = FAULTS[fault]
        if not known.available(self._testbed, node):
            state = self._testbed.state(node)
            raise FaultDidNotBiteError(f"{fault} of {node}: not possible, the node is {state}")
        began = self._recorder.now()
        known.inject(self._testbed, node)
        self._open[node] = known
        try:
            wait_until(lambda: known.bites(self._testbed, node), BITES_WITHIN, f"{fault} of {node} can be seen")
        except WaitTimeoutError as error:
            raise FaultDidNotBiteError(f"{fault} of {node} did not bite: the node goes on as before") from error
        self.last_began, self.last_injected = began, self._recorder.now()
        self._recorder.record(Injected(self.last_injected, fault, node, began=began))

    def cure(self, node: str) -> None:
        """Undo the fault of `node`; returns when it follows the chain again. KeyError if nothing was done to it."""
        fault = self._open[node]
        fault.cure(self._testbed, node)
        del self._open[node]
        self._restored(node)
        self._recorder.record(Healed(self._recorder.now(), fault.name, node))

    def cure_all(self) -> None:
        """Undo whatever is not undone, the oldest first."""
        for node in self.hurt:
            self.cure(node)
