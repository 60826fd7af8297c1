"""Where everybody who takes part in a run writes down what happened, on one clock."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from e2e.ledger.history import History

if TYPE_CHECKING:
    from e2e.ledger.entries import Entry
    from e2e.ledger.meta import Meta
    from e2e.ledger.store import Store


class Recorder:
    """Thread-safe. Keeps the entries in memory and, with a `store`, on disk as they come."""

    def __init__(self, store: Store | None = None) -> None:
        self._origin = time.monotonic()
        self._store = store
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._operations = 0

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._origin

    def next_op(self) -> int:
        """A number for one request, unlike any other of the run."""
        with self._lock:
            self._operations += 1
            return self._operations

    def record(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)
            if self._store is not None:
                self._store.append(entry)

    def entries(self) -> tuple[Entry, ...]:
        """What was recorded so far, in the order in which it was."""
        with self._lock:
            return tuple(self._entries)

    def since(self, index: int) -> tuple[Entry, ...]:
        """What was recorded after the first `index` entries, for those who follow a run while it goes on."""
        with self._lock:
            return tuple(self._entries[index:])

    def drain(self) -> list[Entry]:
        """Return what was recorded since the last call and forget it, for those who judge as they go."""
        with self._lock:
            entries, self._entries = self._entries, []
            return entries

    def history(self, meta: Meta) -> History:
        return History(self.entries(), meta)

    def close(self) -> None:
        """Close the store; what is recorded later stays in memory only."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
