"""Hand-made seconds and reports of a run under load."""

from __future__ import annotations

from typing import Any

from e2e.load.figures import Latency, Progress, Report
from e2e.load.histogram import Histogram
from e2e.trials.seconds import Second


def second(at: float, *, p99: float | None = 0.01, rate: float = 1000, late: float = 0.001, **of_proxy: Any) -> Second:
    """A second in which all is well, but for what is said: `errors` and `open_` of the load, the rest of the proxy."""
    errors, open_ = of_proxy.pop("errors", 0), of_proxy.pop("open_", 100)
    p50 = None if p99 is None else p99 / 2
    progress = Progress(
        at=at,
        rate=rate,
        p50=p50,
        p99=p99,
        worst=p99,
        late=late,
        due=int(1000 * at),
        answered=int(1000 * at),
        errors=errors,
        unsent=0,
        unanswered=0,
        outstanding=2,
        violations=0,
        open=open_,
        behind=0,
        head=int(at),
        cpu=0.1 * at,
        rss=30 << 20,
    )
    values: dict[str, Any] = {
        "rss": float(50 << 20),
        "head_age": 0.5,
        "probe": 0.01,
        "carriers": ("el-1-primary",),
    } | of_proxy
    return Second(at, progress, **values)


def latency(seconds: float, count: int = 1000) -> Latency:
    """All of them took the same."""
    kept = Histogram()
    for _ in range(count):
        kept.add(seconds)
    return kept.latency()


def report(**changed: Any) -> Report:
    """A minute of a thousand requests a second that went well, but for what is changed."""
    values: dict[str, Any] = {
        "seconds": 60.0,
        "due": 60_000,
        "sent": 60_000,
        "answered": 60_000,
        "cut": 0,
        "unanswered": 0,
        "late": 0,
        "errors": {},
        "examples": {},
        "unsent": {},
        "violations": {},
        "closes": {},
        "reopened": 0,
        "events": 6000,
        "branches": 0,
        "head": 60,
        "latency": {"ws": latency(0.01), "http": latency(0.01), "through": latency(0.002), "direct": latency(0.001)},
        "behind_schedule": latency(0.001),
        "cpu": 6.0,
        "rss": 30 << 20,
    }
    return Report(**(values | changed))
