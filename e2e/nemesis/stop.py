"""The node is told to leave (SIGTERM): it closes its connections and its ports are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.nemesis import signs

if TYPE_CHECKING:
    from e2e.testbed.protocol import Testbed


class Stop:
    name = "stop"

    def available(self, testbed: Testbed, node: str) -> bool:
        return testbed.state(node) == "running"

    def inject(self, testbed: Testbed, node: str) -> None:
        testbed.stop(node)

    def bites(self, testbed: Testbed, node: str) -> bool:
        return signs.refuses(testbed.urls(node))

    def cure(self, testbed: Testbed, node: str) -> None:
        testbed.boot(node)
