"""Bytes on their way to one end of a link: in order, late or cut where a fault says so, and never without bound."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.gateway.side import Side

HIGH_WATER: Final = 256 * 2**10  # bytes that may wait before the source is read no further
LOW_WATER: Final = 64 * 2**10

Parcels: TypeAlias = "list[tuple[float, bytes]]"
"""What is to be sent, and when (loop time, seconds)."""


class Shaper:
    """What a fault makes of the bytes of one direction of one link. The base changes nothing."""

    def shape(self, at: float, data: bytes) -> Parcels:
        """Take what would leave at `at`; return what leaves instead, none of it before `at`."""
        return [(at, data)]

    def end_delay(self) -> float:
        """Return how much later than the last byte the end of the stream is passed on, in seconds."""
        return 0.0


class Pipe:
    """One direction of a link: what `source` reads is written to `sink`."""

    def __init__(self, source: Side, sink: Side, finished: Callable[[], None]) -> None:
        self.shapers: list[Shaper] = []
        self.finished = False
        self._source = source
        self._sink = sink
        self._tell = finished
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes]] = deque()
        self._queued = 0
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        self._ending = False

    def write(self, data: bytes) -> None:
        """Send `data` after all that was written before it."""
        if not data:
            return
        if self.shapers or self._queue or self._held:
            self._enqueue(data)
        else:
            self._sink.write(data)

    def finish(self) -> None:
        """Pass on the end of the stream, once all that was written before it has left."""
        if not self._ending:
            self._ending = True
            self._last = max(self._last, self._loop.time()) + sum(s.end_delay() for s in self.shapers)
            self._queue.append((self._last, b""))
            self._release()

    def reshape(self, shapers: list[Shaper]) -> None:
        """Use other shapers from now on; what waits for shapers that are gone leaves at once."""
        self.shapers = shapers
        if not shapers:
            self._last = 0.0
            self._queue = deque((0.0, data) for _, data in self._queue)
            self._release()

    def hold(self, *, held: bool) -> None:
        """Let nothing out until told otherwise."""
        self._held = held
        self._release()

    def stop(self) -> None:
        """Forget what waits: the link is gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()
        self._held = True

    def _enqueue(self, data: bytes) -> None:
        parcels: Parcels = [(self._loop.time(), data)]
        for shaper in self.shapers:
            parcels = [shaped for at, part in parcels for shaped in shaper.shape(at, part)]
        for at, part in parcels:
            self._last = max(self._last, at)
            self._queue.append((self._last, part))
            self._queued += len(part)
        if self._queued > HIGH_WATER:
            self._source.pause("queue")
        self._release()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._loop.time()
        while self._queue and not self._held and self._queue[0][0] <= now:
            _, data = self._queue.popleft()
            self._queued -= len(data)
            if data:
                self._sink.write(data)
            elif self._ending and not self._queue:
                self._end()
        if self._queued <= LOW_WATER:
            self._source.resume("queue")
        if self._queue and not self._held:
            self._timer = self._loop.call_at(self._queue[0][0], self._release)

    def _end(self) -> None:
        self.finished = True
        self._sink.write_end()
        self._tell()
