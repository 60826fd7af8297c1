"""A row for each node, and for whatever else was hit: what was done to it, and when it carried clients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.checkers.gauges import carriers
from e2e.ledger.faults import PROXY, Effect
from e2e.report.svg import GUTTER, WIDTH, Scale, box, line, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.faults import Fault
    from e2e.ledger.history import History

BAND = 17
"""Height of a fault; faults that overlap lie below each other."""

TOGETHER = 0.5
"""Seconds within which the same fault of several lanes is one."""

LETTER = 6.2
"""Pixels that a letter takes, about: faults whose names would touch lie below each other."""


@dataclass(slots=True)
class _Band:
    """A fault as it is drawn, on a level of its row."""

    fault: Fault
    lanes: list[str]
    level: int = 0

    @property
    def words(self) -> str:
        return f"{self.fault.name} {' '.join(self.lanes)}".strip()


def effect(fault: Fault) -> str:
    """What a fault does, as its colour is called."""
    return "proxy" if fault.target == PROXY else fault.effect


def node_rows(history: History, scale: Scale, y: float) -> tuple[list[str], float]:
    """The rows from `y` downwards as SVG shapes, and where they end."""
    shapes = [text(8, y + 4, "faults, and who served", "panel")]
    y += 12
    hurt = [fault.target for fault in history.faults if fault.effect is not Effect.CLIENT]
    others = dict.fromkeys(target for target in hurt if target not in history.meta.nodes)
    for name in (*history.meta.nodes, *others):
        bands = _bands(history, scale, name)
        base = y + 9 + BAND * max((band.level + 1 for band in bands), default=1)
        shapes.append(text(GUTTER - 10, base - 3, name, "label", "end"))
        shapes.append(line(GUTTER, base, WIDTH - 12, base, "base"))
        for band in bands:
            shapes += _drawn(band, history, scale, name, y + BAND * band.level)
        shapes += [
            box(scale.span(since, until), base - 5, 5, "serving", f"clients on {name}")
            for since, until in service(history, name)
        ]
        y = base + 4
    return shapes, y + 16


def service(history: History, name: str) -> list[tuple[float, float]]:
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


def _bands(history: History, scale: Scale, name: str) -> list[_Band]:
    bands: list[_Band] = []
    for fault in history.faults:
        if fault.target != name:
            continue
        twin = next((each for each in bands if _same(each.fault, fault)), None)
        if twin is not None:
            twin.lanes += [fault.lane] if fault.lane is not None and fault.lane not in twin.lanes else []
            continue
        band = _Band(fault, [] if fault.lane is None else [fault.lane])
        taken = {each.level for each in bands if _touch(each, band, history, scale)}
        band.level = next(level for level in range(len(bands) + 1) if level not in taken)
        bands.append(band)
    return bands


def _same(one: Fault, other: Fault) -> bool:
    spans = (one.began - other.began, one.healed - other.healed) if math.inf not in {one.healed, other.healed} else ()
    return one.name == other.name and all(abs(span) <= TOGETHER for span in spans or (one.began - other.began,))


def _touch(one: _Band, other: _Band, history: History, scale: Scale) -> bool:
    (left, end), (start, right) = _extent(one, history, scale), _extent(other, history, scale)
    return left <= right and start <= end


def _extent(band: _Band, history: History, scale: Scale) -> tuple[float, float]:
    """Where a band and its name begin and end."""
    x1, x2 = scale.span(band.fault.began, min(band.fault.healed, history.end))
    return x1, max(x2, x1 + 8 + LETTER * len(band.words))


def _drawn(band: _Band, history: History, scale: Scale, name: str, y: float) -> Iterator[str]:
    fault = band.fault
    over = "never taken back" if fault.healed == math.inf else f"until {fault.healed:.2f} s"
    title = f"{band.words} of {name} at {fault.at:.2f} s, {over}"
    yield box(scale.span(fault.began, min(fault.healed, history.end)), y, BAND - 2, f"fault {effect(fault)}", title)
    x, end = _extent(band, history, scale)
    at_edge = end > WIDTH
    yield text(WIDTH - 14 if at_edge else x + 4, y + 11, band.words, "fault-name", "end" if at_edge else "start")
