"""A run as one picture over time: faults and who carried the clients, latency, and what each client got and lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.failures import trouble
from e2e.checkers.outages import Interval, merged
from e2e.ledger.entries import Failed
from e2e.ledger.faults import Effect
from e2e.report.client_rows import client_rows
from e2e.report.node_rows import effect, node_rows
from e2e.report.svg import GUTTER, WIDTH, Scale, box, cross, dot, line, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.history import History

LATENCY = 190
"""Height in pixels of the panel of latencies."""

DOTS = 4000
"""How many good answers are drawn; bad ones all are."""

LEAST, MOST = 1e-4, 60.0
"""Seconds at the bottom and at the top of the latencies' scale."""


def timeline(history: History, verdicts: Sequence[Verdict]) -> str:
    """The picture as one <svg> element."""
    scale = Scale(max(history.end, 0.001))
    nodes, y = node_rows(history, scale, 44.0)
    latencies, y = _latencies(history, scale, y)
    clients, y = client_rows(history, verdicts, scale, y)
    shapes = [*nodes, *latencies, *clients]
    frame = [*_shadows(history, scale, y), *_axis(scale, y), *_flags(scale, verdicts, y)]
    return f'<svg viewBox="0 0 {WIDTH} {y + 8:.0f}" role="img">{"".join([*frame, *shapes])}</svg>'


def _axis(scale: Scale, bottom: float) -> list[str]:
    shapes = []
    for at in scale.ticks():
        x = scale.x(at)
        shapes += [line(x, 30, x, bottom, "grid"), text(x, 24, f"{at:g} s", "tick", "middle")]
    return shapes


def _shadows(history: History, scale: Scale, bottom: float) -> list[str]:
    """Faults of nodes and of the proxy over the whole height, faintly: what they did is seen further down."""
    spells: dict[str, list[Interval]] = {}
    for fault in history.faults:
        if fault.effect is not Effect.CLIENT:
            spells.setdefault(effect(fault), []).append(Interval(fault.began, min(fault.healed, history.end)))
    return [
        box(scale.span(spell.start, spell.end), 30, bottom - 30, f"shadow {kind}")
        for kind, intervals in spells.items()
        for spell in merged(intervals)
    ]


def _flags(scale: Scale, verdicts: Sequence[Verdict], bottom: float) -> list[str]:
    """A red line where the first witness of each red verdict stands."""
    shapes = []
    for verdict in verdicts:
        if verdict.red and verdict.witnesses:
            witness = verdict.witnesses[0]
            x = scale.x(witness.at)
            title = f"{verdict.promise}: {witness.client} at {witness.at:.2f} s: {witness.text}"
            shapes += [line(x, 30, x, bottom, "flag"), dot(x, 34, 5, "flag", title)]
    return shapes


def _latencies(history: History, scale: Scale, y: float) -> tuple[list[str], float]:
    """Every request at the time at which it was sent, by how long its answer took; the lost ones above all."""
    shapes = [text(8, y + 4, "latency of requests", "panel")]
    top, bottom = y + 30, y + 30 + LATENCY
    for seconds in (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0):
        height = _height(seconds, top, bottom)
        shapes.append(line(GUTTER, height, WIDTH - 12, height, "grid"))
        shapes.append(text(GUTTER - 10, height + 4, _duration(seconds), "tick", "end"))
    shapes += [line(GUTTER, top - 12, WIDTH - 12, top - 12, "grid")]
    shapes.append(text(GUTTER - 10, top - 8, "no answer", "tick lost", "end"))
    asked = [each for each in history.exchanges if each.request.id is not None]
    step = max(1, len(asked) // DOTS)
    for index, exchange in enumerate(asked):
        kind = _kind(exchange)
        if kind == "ok" and index % step:
            continue
        request, x = exchange.request, scale.x(exchange.request.at)
        title = f"{request.client} at {request.at:.3f} s: {request.method} with id {request.id}"
        if kind == "lost":
            shapes.append(cross(x, top - 12, 3.5, "lost", f"{title}: no answer"))
        else:
            title += f": {exchange.latency * 1000:.1f} ms{'' if kind == 'ok' else f', {trouble(exchange)}'}"
            size = 1.8 if kind == "ok" else 3.2
            shapes.append(dot(x, _height(exchange.latency, top, bottom), size, kind, title if kind != "ok" else ""))
    return shapes, bottom + 26


def _kind(exchange: Exchange) -> str:
    if exchange.answer is None or isinstance(exchange.answer, Failed):
        return "lost"
    return "ok" if trouble(exchange) is None else "error"


def _height(seconds: float, top: float, bottom: float) -> float:
    clamped = min(max(seconds, LEAST), MOST)
    share = math.log10(clamped / LEAST) / math.log10(MOST / LEAST)
    return bottom - share * (bottom - top)


def _duration(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
