"""Latencies, all of them, in constant memory: an HDR histogram in microseconds with three significant digits."""

from __future__ import annotations

from typing import Final

from hdrh.histogram import HdrHistogram

from e2e.load.figures import Latency

LONGEST: Final = 300.0  # seconds; what takes longer counts as this
_PER_SECOND: Final = 1_000_000


class Histogram:
    def __init__(self) -> None:
        self._kept = HdrHistogram(1, int(LONGEST * _PER_SECOND), 3)

    def add(self, seconds: float) -> None:
        """Below a microsecond counts as one."""
        self._kept.record_value(max(1, int(min(seconds, LONGEST) * _PER_SECOND)))

    @property
    def count(self) -> int:
        return int(self._kept.get_total_count())

    def percentile(self, rank: float) -> float:
        """In seconds; 0 where there is none."""
        return float(self._kept.get_value_at_percentile(rank)) / _PER_SECOND if self.count else 0.0

    def latency(self) -> Latency:
        """What a report says of it."""
        p50, p90, p99, p999, worst = map(self.percentile, (50, 90, 99, 99.9, 100))
        return Latency(self.count, p50, p90, p99, p999, worst, self._kept.encode().decode())


def decoded(latency: Latency) -> HdrHistogram:
    """The library's own object, for whoever wants to merge or draw it."""
    return HdrHistogram.decode(latency.hdr.encode())
