"""A long run on one page that needs no network: plots with the faults behind them, verdicts, violations."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from e2e.report.frame import framed, verdict_rows
from e2e.report.svg import GUTTER, WIDTH, Scale, box, line, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.load.figures import Violation
    from e2e.trials.outcome import Outcome
    from e2e.trials.seconds import Second

NAME: Final = "report.html"
HEIGHT: Final = 90
VIOLATIONS: Final = 30


class Span(NamedTuple):
    """A fault: from when to when (seconds on the load's clock), which, whom. `effect`: a class of the style sheet."""

    since: float
    until: float
    name: str
    target: str
    effect: str = ""


class Plot(NamedTuple):
    """One panel: what is drawn, and how its largest value is written."""

    title: str
    lines: tuple[tuple[str, Callable[[Second], float | None]], ...]
    unit: str


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else value * 1000


PLOTS: Final = (
    Plot("answers a second", (("ok", lambda each: each.load.rate),), ""),
    Plot(
        "latency p50, p99",
        (("ok", lambda each: _milliseconds(each.load.p50)), ("warn", lambda each: _milliseconds(each.load.p99))),
        " ms",
    ),
    Plot("outstanding", (("ok", lambda each: each.load.outstanding),), ""),
    Plot("errors, so far", (("bad", lambda each: each.load.errors),), ""),
    Plot("proxy's memory", (("good", lambda each: None if each.rss is None else each.rss / (1 << 20)),), " MiB"),
    Plot("proxy's descriptors", (("good", lambda each: each.descriptors),), ""),
    Plot("status page", (("violet", lambda each: _milliseconds(each.probe)),), " ms"),
)


def page(outcome: Outcome) -> str:
    """The whole page as text."""
    return framed(
        "e2e.trials",
        "page.html",
        title=outcome.title,
        answer=outcome.answer,
        meta=" · ".join(f"{name} {value}" for name, value in outcome.properties.items() if value),
        plots=_plots(outcome.seconds, outcome.spans),
        verdicts=verdict_rows(outcome.verdicts),
        violations="\n".join(map(_violation, outcome.violations[:VIOLATIONS])) or "<p>none</p>",
        faults="\n".join(map(_fault, outcome.spans)) or "<tr><td>none</td></tr>",
        again=escape(outcome.again),
        run=escape(str(outcome.folder)),
    )


def _plots(seconds: Sequence[Second], spans: Sequence[Span]) -> str:
    scale = Scale(max((each.at for each in seconds), default=1.0))
    parts, y = [], 18.0
    for plot in PLOTS:
        parts.append(_panel(plot, seconds, spans, scale, y))
        y += HEIGHT + 30
    axis = [text(scale.x(at), y - 6, f"{at:g} s", "tick", "middle") for at in scale.ticks()]
    return f'<svg viewBox="0 0 {WIDTH} {y:.0f}" role="img">{"".join(parts)}{"".join(axis)}</svg>'


def _panel(plot: Plot, seconds: Sequence[Second], spans: Sequence[Span], scale: Scale, top: float) -> str:
    drawn = [(kind, [(each.at, value(each)) for each in seconds]) for kind, value in plot.lines]
    most = max((value for _, points in drawn for _, value in points if value is not None), default=0.0) or 1.0
    parts = [
        box(scale.span(each.since, each.until), top, HEIGHT, f"fault {each.effect}", f"{each.name} of {each.target}")
        for each in spans
    ]
    parts += [line(GUTTER, top + HEIGHT, WIDTH - 12, top + HEIGHT, "base")]
    parts += [text(0, top + 14, plot.title, "panel"), text(0, top + 32, f"up to {most:,.5g}{plot.unit}", "tick")]
    for kind, points in drawn:
        parts += [
            f'<polyline class="curve {kind}" points="{" ".join(run)}"/>'
            for run in _runs(points, scale, lambda value: top + HEIGHT - value / most * HEIGHT)
        ]
    return "".join(parts)


def _runs(
    points: Sequence[tuple[float, float | None]], scale: Scale, height: Callable[[float], float]
) -> list[list[str]]:
    """Lines through the points, broken where nothing was said."""
    runs: list[list[str]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{scale.x(at):.1f},{height(value):.1f}")
    return [each for each in runs if each]


def _violation(each: Violation) -> str:
    frames = "\n".join(f"{frame.at:9.3f} {frame.way} {frame.text}" for frame in each.frames)
    title = f"{each.kind} on {each.lane} at {each.at:.3f} s: {each.text}"
    return f"<h3>{escape(title)}</h3><pre>{escape(frames)}</pre>"


def _fault(each: Span) -> str:
    cells = (f"{each.since:.1f} to {each.until:.1f} s", each.name, each.target)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
