"""The node freezes (SIGSTOP): its connections stay open, the kernel takes what is sent, nothing ever answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.nemesis import signs

if TYPE_CHECKING:
    from e2e.testbed.protocol import Testbed


class Pause:
    name = "pause"

    def available(self, testbed: Testbed, node: str) -> bool:
        return testbed.state(node) == "running"

    def inject(self, testbed: Testbed, node: str) -> None:
        testbed.pause(node)

    def bites(self, testbed: Testbed, node: str) -> bool:
        urls = testbed.urls(node)
        return not signs.refuses(urls) and not signs.answers(urls)

    def cure(self, testbed: Testbed, node: str) -> None:
        testbed.unpause(node)
