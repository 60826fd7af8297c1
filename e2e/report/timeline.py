"""A run as one picture over time: faults and who carried the clients, latency, and what each client got and lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.failures import trouble
from e2e.checkers.gauges import carriers
from e2e.ledger.entries import Failed
from e2e.ledger.faults import PROXY
from e2e.report.client_rows import client_rows
from e2e.report.svg import GUTTER, WIDTH, Scale, box, cross, dot, line, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.history import History

ROW = 26
LATENCY = 190
"""Height in pixels of the panel of latencies."""

DOTS = 4000
"""How many good answers are drawn; bad ones all are."""

LEAST, MOST = 1e-4, 60.0
"""Seconds at the bottom and at the top of the latencies' scale."""


def timeline(history: History, verdicts: Sequence[Verdict]) -> str:
    """The picture as one <svg> element."""
    scale = Scale(max(history.end, 0.001))
    shapes: list[str] = []
    y = 44.0
    for panel in (_nodes, _latencies, client_rows):
        drawn, y = panel(history, scale, y)
        shapes += drawn
    frame = [*_axis(scale, y), *_flags(scale, verdicts, y)]
    return f'<svg viewBox="0 0 {WIDTH} {y + 8:.0f}" role="img">{"".join([*frame, *shapes])}</svg>'


def _axis(scale: Scale, bottom: float) -> list[str]:
    shapes = []
    for at in scale.ticks():
        x = scale.x(at)
        shapes += [line(x, 30, x, bottom, "grid"), text(x, 24, f"{at:g} s", "tick", "middle")]
    return shapes


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


def _nodes(history: History, scale: Scale, y: float) -> tuple[list[str], float]:
    """A row for each node (and whoever else was hit): bands for faults, a bar while it carried clients."""
    shapes = [text(8, y + 4, "faults, and who served", "panel")]
    y += 12
    others = dict.fromkeys(fault.target for fault in history.faults if fault.target not in history.meta.nodes)
    for name in (*history.meta.nodes, *others):
        shapes.append(text(GUTTER - 10, y + 17, name, "label", "end"))
        shapes.append(line(GUTTER, y + ROW - 4, WIDTH - 12, y + ROW - 4, "base"))
        shapes += _bands(history, scale, name, y)
        shapes += [
            box(scale.span(since, until), y + ROW - 8, 5, "serving", f"clients on {name}")
            for since, until in _service(history, name)
        ]
        y += ROW
    return shapes, y + 16


def _bands(history: History, scale: Scale, name: str, y: float) -> list[str]:
    shapes = []
    for fault in history.faults:
        if fault.target != name:
            continue
        until = min(fault.healed, history.end)
        effect = "proxy" if name == PROXY else fault.effect
        over = "never taken back" if fault.healed == math.inf else f"until {fault.healed:.2f} s"
        words = f"{fault.name} {fault.lane or ''}".strip()
        title = f"{words} of {name} at {fault.at:.2f} s, {over}"
        shapes.append(box(scale.span(fault.began, until), y, ROW - 10, f"fault {effect}", title))
        shapes.append(text(scale.x(fault.began) + 4, y + 12, words, "fault-name"))
    return shapes


def _service(history: History, name: str) -> list[tuple[float, float]]:
    """When a node carried clients, as far as the proxy's gauge says."""
    spells: list[tuple[float, float]] = []
    began: float | None = None
    at = 0.0
    for scraped in history.scrapes:
        nodes = carriers(history, scraped)
        if nodes is None:
            continue
        at = scraped.at
        if name in nodes:
            began = at if began is None else began
        elif began is not None:
            spells.append((began, at))
            began = None
    return spells if began is None else [*spells, (began, at)]


def _latencies(history: History, scale: Scale, y: float) -> tuple[list[str], float]:
    """Every request at the time at which it was sent, by how long its answer took; the lost ones above all."""
    shapes = [text(8, y + 4, "latency of requests", "panel")]
    top, bottom = y + 30, y + 30 + LATENCY
    for seconds in (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0):
        height = _height(seconds, top, bottom)
        shapes.append(line(GUTTER, height, WIDTH - 12, height, "grid"))
        shapes.append(text(GUTTER - 10, height + 4, _duration(seconds), "tick", "end"))
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
