"""How well the harness itself keeps time, and whether the machine has time for anybody.

On a starved machine late answers say nothing about the proxy.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.ledger.entries import Drifted

if TYPE_CHECKING:
    from e2e.ledger.recorder import Recorder

EVERY: Final = 0.1  # seconds
PRESSURE: Final = Path("/proc/pressure/cpu")
"""Linux: 'some … total=N', the microseconds so far in which a task that could run waited for a CPU."""


async def measure_drift(recorder: Recorder) -> None:
    """Ask the loop to wake us up, again and again, and record how late it did; ends when cancelled."""
    looked, waited = recorder.now(), seconds_waited()
    while True:
        asked = recorder.now() + EVERY
        await asyncio.sleep(EVERY)
        now, so_far = recorder.now(), seconds_waited()
        pressure = round(min(1.0, (so_far - waited) / (now - looked)), 3)
        recorder.record(Drifted(now, max(0.0, now - asked), pressure))
        looked, waited = now, so_far


def seconds_waited(file: Path = PRESSURE) -> float:
    """For how long somebody waited for a CPU, since the machine started; 0.0 where nobody can say."""
    try:
        some = file.read_text(encoding="ascii").splitlines()[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0
