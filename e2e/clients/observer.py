"""Threads that watch while a run goes on: the truth about the chain, the proxy's metrics."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Observer:
    """Calls `look` every `every` seconds on a thread of its own, from `start` until `stop`."""

    def __init__(self, name: str, look: Callable[[], object], every: float) -> None:
        self._look = look
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.error: Exception | None = None

    def start(self) -> None:
        """Look once, so that what is there at the start is known, and then go on looking."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Look no more. Raises what a look has raised: what it should have seen is missing from the run."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - whatever it is, the owner of the thread is to hear of it
                self.error = error
                return
