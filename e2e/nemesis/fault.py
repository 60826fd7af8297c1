"""What a fault is: a name, whether it can be played here, how it is done and how it is undone.

A fault is recorded only after it was seen to bite, and a cure only after the node follows the chain again: a run with
a fault that did nothing would prove nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from e2e.testbed.protocol import Testbed


class FaultDidNotBiteError(Exception):
    """The fault was injected and the node goes on as if nothing were."""


class Fault(Protocol):
    """One way in which a node comes to harm. `name` is what the ledger calls it."""

    name: str

    def available(self, testbed: Testbed, node: str) -> bool:
        """Say whether `node` is in a state to which this can be done."""
        ...

    def inject(self, testbed: Testbed, node: str) -> None:
        """Do it; returns when the testbed has done it."""
        ...

    def bites(self, testbed: Testbed, node: str) -> bool:
        """Say whether the harm can be seen from outside."""
        ...

    def cure(self, testbed: Testbed, node: str) -> None:
        """Undo it; returns when the node follows the chain again."""
        ...
