"""The few shapes that a time line is made of, as SVG text. Colours are classes: the page's style sheet has them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 1160
GUTTER = 170
"""Width of the labels on the left; time begins there."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds of a run to pixels."""

    end: float

    def x(self, at: float) -> float:
        """Where an instant is; what is outside of the run is at its edge."""
        share = min(max(at / self.end, 0.0), 1.0) if self.end > 0 else 0.0
        return GUTTER + share * (WIDTH - GUTTER - 12)

    def span(self, since: float, until: float) -> tuple[float, float]:
        """Where an interval begins and ends."""
        return self.x(since), self.x(until)

    def ticks(self) -> list[float]:
        """Round instants, about ten of them."""
        step = next((step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800) if self.end / step <= 12), 3600)
        return [float(at) for at in range(0, int(self.end) + 1, step)]


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def path(points: Sequence[tuple[float, float]], kind: str) -> str:
    """A curve through points; '' for none."""
    if not points:
        return ""
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}" fill="none"/>'


def box(span: tuple[float, float], y: float, height: float, kind: str, title: str = "") -> str:
    """A rectangle over a span of x, never so thin that it cannot be seen."""
    x1, width = span[0], max(span[1] - span[0], 2.0)
    shape = f'<rect x="{x1:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{kind}"'
    return f"{shape}><title>{escape(title)}</title></rect>" if title else f"{shape}/>"


def dot(x: float, y: float, radius: float, kind: str, title: str = "") -> str:
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{kind}"'
    return f"{shape}><title>{escape(title)}</title></circle>" if title else f"{shape}/>"


def cross(x: float, y: float, size: float, kind: str, title: str = "") -> str:
    path = f"M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
    return f'<path d="{path}" class="{kind}"><title>{escape(title)}</title></path>'
