"""A bad machine, made on purpose: a busy loop on every core, and nodes that stand still again and again."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from e2e.testbed.local import LocalTestbed
from e2e.testbed.process import Process
from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.testbed.protocol import Testbed

STILL: Final = 0.15
"""Seconds for which a node stands still when its turn comes: a long collection of garbage, a slow disk."""


@contextmanager
def stress(testbed: Testbed, folder: Path, loops: int) -> Iterator[None]:
    """Both, until left: `loops` is best the number of cores. `folder` takes what they say.

    Raises TestbedError for nodes that cannot be held.
    """
    if not isinstance(testbed, LocalTestbed):
        raise TestbedError("only nodes of the local testbed can be slowed down")
    with ExitStack() as ending:
        for core in range(loops):
            # ends with us, however we end
            loop = Process([sys.executable, "-I", "-S", "-c", "while True: pass"], folder / f"busy-{core}.log")
            ending.callback(loop.kill)
        over = threading.Event()
        slow = threading.Thread(target=_take_turns, args=(testbed, over), name="slow nodes")
        slow.start()
        ending.callback(slow.join)
        ending.callback(over.set)
        yield


def _take_turns(testbed: LocalTestbed, over: threading.Event) -> None:
    """One node after another: at any time one of them stands still."""
    while not over.is_set():
        for node in testbed.node_names():
            testbed.stall(node, over, STILL)
