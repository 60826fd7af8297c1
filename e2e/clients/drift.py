"""How well the harness itself keeps time: on a starved machine late answers say nothing about the proxy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from e2e.ledger.entries import Drifted

if TYPE_CHECKING:
    from e2e.ledger.recorder import Recorder

EVERY = 0.1  # seconds


async def measure_drift(recorder: Recorder) -> None:
    """Ask the loop to wake us up, again and again, and record how late it did; ends when cancelled."""
    while True:
        asked = recorder.now() + EVERY
        await asyncio.sleep(EVERY)
        recorder.record(Drifted(now := recorder.now(), max(0.0, now - asked)))
