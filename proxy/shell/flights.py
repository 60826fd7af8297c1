"""All exchanges of a layer that are on their way, and one timer for all of them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from proxy.shell.exchange import Exchange

# a timer for each request would cost more than all the looking
_TICK: Final = 0.05


class Flights:
    """Ticks while anything is in flight."""

    def __init__(self, proxy_timeout: float, max_retries: int) -> None:
        """`proxy_timeout` in seconds."""
        self.proxy_timeout = proxy_timeout
        self.max_retries = max_retries
        self._loop = asyncio.get_running_loop()
        self.now = time.monotonic
        self._flying: set[Exchange] = set()
        self._timer: asyncio.TimerHandle | None = None

    def began(self, exchange: Exchange) -> None:
        self._flying.add(exchange)
        if self._timer is None:
            self._timer = self._loop.call_later(_TICK, self._tick)

    def ended(self, exchange: Exchange) -> None:
        self._flying.discard(exchange)

    def nodes_changed(self) -> None:
        for exchange in list(self._flying):
            exchange.nodes_changed()

    def _tick(self) -> None:
        now = self.now()
        for exchange in list(self._flying):
            exchange.tick(now)
        # one idle tick later, so that steady traffic does not set a timer for each request
        self._timer = self._loop.call_later(_TICK, self._tick) if self._flying else None
