"""The node is gone in an instant (SIGKILL): no close frame, no last answer, its newest blocks perhaps lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.nemesis import signs

if TYPE_CHECKING:
    from e2e.testbed.protocol import Testbed


class Kill:
    name = "kill"

    def available(self, testbed: Testbed, node: str) -> bool:
        return testbed.state(node) == "running"

    def inject(self, testbed: Testbed, node: str) -> None:
        testbed.kill(node)

    def bites(self, testbed: Testbed, node: str) -> bool:
        return signs.refuses(testbed.urls(node))

    def cure(self, testbed: Testbed, node: str) -> None:
        testbed.boot(node)
