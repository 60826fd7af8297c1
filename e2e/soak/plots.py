"""The curves of a soak as panels over one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from e2e.report.svg import GUTTER, WIDTH, Scale, line, path, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2e.soak.gather import Curve, LegFigures

HEIGHT: Final = 110
GAP: Final = 34
TICKS: Final = 12
ROUND: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200)  # seconds

_MIB: Final = 1 / (1 << 20)
_MS: Final = 1000.0


class Panel(NamedTuple):
    """A title with its unit, its curves (field of `Look`, what it is called, factor), and whether they begin at 0."""

    title: str
    curves: tuple[tuple[str, str, float], ...]
    from_zero: bool


PANELS: Final = (
    Panel("memory of the proxy (MiB)", (("rss", "RSS", _MIB),), from_zero=False),
    Panel(
        "descriptors, threads and tasks of the proxy",
        (("descriptors", "descriptors", 1.0), ("threads", "threads", 1.0), ("tasks", "tasks", 1.0)),
        from_zero=True,
    ),
    Panel(
        "time to the answer (ms), worst second of each span",
        (("p99", "p99", _MS), ("p50", "p50", _MS), ("late", "the harness itself", _MS)),
        from_zero=True,
    ),
    Panel("answers a second", (("rate", "rate", 1.0),), from_zero=True),
    Panel("clients that moved to another node, so far", (("moves", "moves", 1.0),), from_zero=True),
    Panel(
        "memory of the harness (MiB)",
        (("harness", "harness", _MIB), ("load", "load generator", _MIB)),
        from_zero=False,
    ),
)
KINDS: Final = ("first", "second", "third")


def plots(legs: Sequence[LegFigures]) -> str:
    """All panels as one SVG; the vertical lines are the forced reconnections."""
    seconds = sum(leg.seconds for leg in legs)
    scale = Scale(seconds)
    height = len(PANELS) * (HEIGHT + GAP) + 30
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img">']
    for number, panel in enumerate(PANELS):
        parts += _panel(legs, panel, scale, GAP + number * (HEIGHT + GAP))
    parts += _axis(scale, seconds, height - 12)
    return "\n".join([*parts, "</svg>"])


def shifted(legs: Sequence[LegFigures], name: str) -> Iterator[Curve]:
    """One curve of each leg, on the clock of the whole run."""
    start = 0.0
    for leg in legs:
        yield [(start + at, value) for at, value in leg.curves.get(name, [])]
        start += leg.seconds


def _panel(legs: Sequence[LegFigures], panel: Panel, scale: Scale, top: float) -> Iterator[str]:
    curves = [(label, _scaled(shifted(legs, name), factor)) for name, label, factor in panel.curves]
    values = [value for _, parts in curves for part in parts for _, value in part]
    yield text(GUTTER, top - 8, panel.title, "panel")
    if not values:
        yield text(GUTTER, top + HEIGHT / 2, "not known", "tick")
        return
    low, high = 0.0 if panel.from_zero else min(values), max(values)
    margin = 0.05 * (high - low) or 1.0
    low, high = low if panel.from_zero else low - margin, high + margin

    def y(value: float) -> float:
        return top + HEIGHT * (1 - (value - low) / (high - low))

    for share in (0.0, 0.5, 1.0):
        level = low + share * (high - low)
        yield line(GUTTER, y(level), WIDTH - 12, y(level), "grid")
        yield text(GUTTER - 8, y(level) + 4, f"{level:.4g}", "tick", "end")
    yield from _bouts(legs, scale, top)
    for number, (kind, (label, parts)) in enumerate(zip(KINDS, curves, strict=False)):
        yield text(GUTTER - 56, top + 14 + 16 * number, label, f"label {kind}", "end")
        yield from (path([(scale.x(at), y(value)) for at, value in part], kind) for part in parts)


def _scaled(curves: Iterator[Curve], factor: float) -> list[Curve]:
    return [[(at, value * factor) for at, value in curve] for curve in curves]


def _bouts(legs: Sequence[LegFigures], scale: Scale, top: float) -> Iterator[str]:
    start = 0.0
    for leg in legs:
        for bout in leg.bouts:
            x = scale.x(start + bout.at)
            yield line(x, top, x, top + HEIGHT, "bout")
        start += leg.seconds


def _axis(scale: Scale, seconds: float, y: float) -> Iterator[str]:
    step = next((step for step in ROUND if seconds / step <= TICKS), ROUND[-1])
    for at in range(0, int(seconds) + 1, step):
        label = f"{at // 3600}:{at % 3600 // 60:02}:{at % 60:02}"
        yield text(scale.x(at), y, label, "tick", "middle")
