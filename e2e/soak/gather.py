"""What a soak has written down, read once and summed up: figures of bounded size, however long the run was."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

import msgspec

from e2e.load.figures import Progress, Report, decode
from e2e.load.histogram import decoded
from e2e.load.process import FILE as LOAD
from e2e.soak import journal
from e2e.soak.journal import Bout, Look, Piece
from e2e.soak.leg import END
from e2e.soak.watch import SPEAKS_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hdrh.histogram import HdrHistogram

SPANS: Final = 480
"""How many points of a curve are kept for each leg."""

CURVES: Final = (
    *("rss", "descriptors", "threads", "tasks", "connections", "moves"),
    *("harness", "load", "rate", "p50", "p99", "worst", "late", "ran", "waited"),
)
PEAKS: Final = frozenset({"p99", "worst", "late"})
"""Of these a span's highest value is kept, of the others its median."""

Curve = list[tuple[float, float]]


@dataclass(slots=True)
class LegFigures:
    """One leg of `seconds`, of which the first `judged` were judged. `curves` by the names of `Look`'s fields.

    `why` it ended is '' if the harness died. `miscounts`: looks at which the proxy's count of connections or
    subscriptions was wrong, of `looks` at which both were known; `miscount` is the first of them, in words. `requests`
    and `failed` are sums over judged clients, `still` the seconds in which a node stood still by itself.
    """

    seconds: float = 0.0
    judged: float = 0.0
    curves: dict[str, Curve] = field(default_factory=dict)
    looks: int = 0
    miscounts: int = 0
    miscount: str = ""
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    windows: int = 0
    requests: int = 0
    failed: int = 0
    timeouts: int = 0
    most_kept: int = 0
    still: float = 0.0
    bouts: list[Bout] = field(default_factory=list)
    progress: Progress | None = None
    report: Report | None = None
    why: str = ""


def gather(leg: Path) -> LegFigures:
    """Read everything that a leg's folder has."""
    found = LegFigures()
    _read_pieces(leg, found)
    _read_looks(leg, found)
    found.bouts = list(journal.read(leg / journal.BOUTS, Bout))
    for line in _said(leg / LOAD):
        if isinstance(line, Report):
            found.report = line
        else:
            found.progress = line
    end = leg / END
    found.why = json.loads(end.read_text(encoding="utf-8"))["why"] if end.is_file() else ""
    return found


def latency(legs: Sequence[LegFigures]) -> HdrHistogram | None:
    """All latencies of the load in microseconds; None where no leg came to its report."""
    parts = [decoded(group) for leg in legs if leg.report is not None for group in leg.report.latency.values()]
    for part in parts[1:]:
        parts[0].add(part)
    return parts[0] if parts else None


def behind(legs: Sequence[LegFigures]) -> float:
    """By how many seconds the load was sent after its time, at worst in 99 of 100 cases."""
    return max((leg.report.behind_schedule.p99 for leg in legs if leg.report is not None), default=0.0)


def of_time(report: Report | None) -> dict[str, int]:
    """The errors of the load that speak of time: code → how often."""
    if report is None:
        return {}
    return {
        code: count for code, count in report.errors.items() if SPEAKS_OF_TIME.search(report.examples.get(code, ""))
    }


def _read_pieces(leg: Path, found: LegFigures) -> None:
    for piece in journal.read(leg / journal.PIECES, Piece):
        found.windows += 1
        found.seconds = found.judged = piece.until
        found.requests += piece.requests
        found.failed += piece.failed
        found.timeouts += piece.timeouts
        found.still += piece.still
        found.most_kept = max(found.most_kept, piece.kept)
        for promise, answer in piece.answers.items():
            found.answers.setdefault(promise, Counter())[answer] += 1
        for promise, reason in piece.reasons.items():
            found.reasons.setdefault(f"{promise} {piece.answers[promise]}", f"window {piece.number}: {reason}")


def _read_looks(leg: Path, found: LegFigures) -> None:
    last = max((look.at for look in journal.read(leg / journal.LOOKS, Look)), default=0.0)
    found.seconds = max(found.seconds, last)
    width = last / SPANS
    spans: dict[str, list[float]] = {name: [] for name in CURVES}
    span = 0
    before: Look | None = None
    for look in journal.read(leg / journal.LOOKS, Look):
        _count(before, look, found)
        before = look
        if width and int(look.at / width) > span:
            _close_span(found, spans, (span + 0.5) * width)
            span = int(look.at / width)
        for name in CURVES:
            value = getattr(look, name)
            if value is not None:
                spans[name].append(float(value))
    _close_span(found, spans, (span + 0.5) * width)


def _close_span(found: LegFigures, spans: dict[str, list[float]], at: float) -> None:
    for name, values in spans.items():
        if values:
            found.curves.setdefault(name, []).append((at, max(values) if name in PEAKS else median(values)))
            values.clear()


def _count(before: Look | None, look: Look, found: LegFigures) -> None:
    """Compare the proxy's count with the truth, once that has stood still for a look."""
    if before is None:
        return
    for said, true, was, what in (
        (look.connections, look.true_connections, before.true_connections, "connections"),
        (look.subscriptions, look.true_subscriptions, before.true_subscriptions, "subscriptions"),
    ):
        if said is None or true != was:
            continue
        found.looks += 1
        if said != true:
            found.miscounts += 1
            found.miscount = found.miscount or f"{said:g} {what} at {look.at:.0f} s, where there were {true}"


def _said(path: Path) -> Iterator[Progress | Report]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                line = decode(raw)
            except msgspec.MsgspecError:
                continue  # cut off by a crash, or a traceback
            if isinstance(line, Progress | Report):
                yield line
