"""A row for each client: its heads, what it lost, what it got without asking, how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from e2e.checkers.events import NEW_HEADS, heads
from e2e.checkers.heads_continuous import in_mid_branch, missing_heads
from e2e.ledger.entries import Failed
from e2e.report.svg import GUTTER, WIDTH, Scale, box, cross, dot, line, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.checkers.verdict import Verdict, Witness
    from e2e.ledger.history import History

T = TypeVar("T")

ROW = 18

SAME = 1e-3
"""Seconds between things that are one."""

DOTS = 1000
"""How many heads of a row are drawn, or up to twice as many: a pixel each; missing ones all are."""

CLIENTS = 40
"""How many clients have a row; those who lost something come first."""


@dataclass(slots=True)
class _Story:
    """What there is to tell of one client: instants and what was then."""

    open: list[tuple[float, float]] = field(default_factory=list)
    behaved: list[tuple[float, float, str]] = field(default_factory=list)
    heads: list[tuple[float, str]] = field(default_factory=list)
    lost: dict[float, str] = field(default_factory=dict)
    missing: list[tuple[float, str]] = field(default_factory=list)
    strange: list[tuple[float, str]] = field(default_factory=list)
    closed: list[tuple[float, str]] = field(default_factory=list)

    @property
    def losses(self) -> int:
        return len(self.lost) + len(self.missing) + len(self.strange) + len(self.closed)


def client_rows(history: History, verdicts: Sequence[Verdict], scale: Scale, y: float) -> tuple[list[str], float]:
    """The rows from `y` downwards as SVG shapes, and where they end."""
    stories = _stories(history, verdicts)
    chosen = sorted(stories, key=lambda name: -stories[name].losses)[:CLIENTS]
    hidden = f", {len(stories) - len(chosen)} without losses not shown" if len(chosen) < len(stories) else ""
    shapes = [text(8, y + 4, f"clients: heads they got, and what they lost{hidden}", "panel")]
    y += 14
    shapes.append(text(GUTTER - 10, y + 12, "the chain", "label", "end"))
    shapes += [
        dot(scale.x(block.at), y + 8, 2.2, "block", f"block {block.number} at {block.at:.2f} s")
        for block in _thinned([*history.chain.known.values()])
    ]
    y += ROW
    for name in sorted(chosen, key=_natural):
        story = stories[name]
        kind, count = ("label lost", f" ✗ {story.losses}") if story.losses else ("label", "")
        shapes += [text(GUTTER - 10, y + 12, name + count, kind, "end"), line(GUTTER, y + 8, WIDTH - 12, y + 8, "base")]
        shapes += _row(story, scale, y + 8)
        y += ROW
    return shapes, y + 10


def _thinned(things: list[T]) -> list[T]:
    return things[:: max(1, len(things) // DOTS)]


def _natural(name: str) -> list[tuple[int, str]]:
    """client-2 before client-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _row(story: _Story, scale: Scale, y: float) -> list[str]:
    return [
        *(box(scale.span(since, until), y - 8, 15, "fault client", words) for since, until, words in story.behaved),
        *(box(scale.span(since, until), y - 1, 2, "open") for since, until in story.open),
        *(dot(scale.x(at), y, 2.2, "head", words) for at, words in _thinned(story.heads)),
        *(dot(scale.x(at), y, 4, "missing", words) for at, words in story.missing),
        *(box(scale.span(at, at), y - 7, 14, "lost-tick", words) for at, words in story.lost.items()),
        *(dot(scale.x(at), y, 4, "strange", words) for at, words in story.strange),
        *(cross(scale.x(at), y, 5, "closed", words) for at, words in story.closed),
    ]


def _stories(history: History, verdicts: Sequence[Verdict]) -> dict[str, _Story]:
    stories: dict[str, _Story] = {}

    def of(client: str) -> _Story:
        return stories.setdefault(client, _Story())

    for connection in history.connections:
        story, closed = of(connection.client), connection.closed
        story.open.append((connection.opened, min(connection.end, history.end)))
        if closed is not None and closed.by == "proxy":
            story.closed.append((closed.at, f"closed by the proxy with {closed.code} {closed.reason!r}"))
    optional = in_mid_branch(history)
    for stream in history.subscriptions:
        if stream.kind == NEW_HEADS:
            story = of(stream.client)
            story.heads += [(head.event.at, f"head {head.number}") for head in heads(stream)]
            story.missing += [
                (block.at, f"head {block.number} never came") for block in missing_heads(history, stream, optional)
            ]
    _losses(history, stories)
    _witnessed(history, verdicts, stories)
    return stories


def _witnessed(history: History, verdicts: Sequence[Verdict], stories: dict[str, _Story]) -> None:
    """How a client behaved itself, and what the judge has against the proxy on its behalf."""
    for fault in history.faults:
        if fault.target in stories:
            until = min(fault.healed, history.end)
            stories[fault.target].behaved.append((fault.began, until, f"{fault.name} until {until:.2f} s"))
    for verdict in verdicts:
        for witness in verdict.witnesses if verdict.red else ():
            if witness.client in stories and not _drawn(stories[witness.client], witness):
                stories[witness.client].lost.setdefault(witness.at, f"{verdict.promise}: {witness.text}")


def _drawn(story: _Story, witness: Witness) -> bool:
    """Whether something else already shows it, at that instant."""
    return any(abs(at - witness.at) < SAME for at, _ in (*story.closed, *story.missing, *story.strange))


def _losses(history: History, stories: dict[str, _Story]) -> None:
    for exchange in history.exchanges:
        request, connection = exchange.request, exchange.connection
        if request.id is None or not (exchange.answer is None or isinstance(exchange.answer, Failed)):
            continue
        # Who leaves of its own accord while it waits has lost nothing, as long as the run went on.
        left = connection is not None and connection.closed is not None and connection.closed.by == "client"
        if not left or (connection is not None and connection.end >= history.settled):
            words = f"{request.method} with id {request.id} at {request.at:.2f} s: no answer"
            stories.setdefault(request.client, _Story()).lost[request.at] = words
    for stray in history.strays:
        words = f"nobody asked for this: {str(stray.received.frame)[:100]}"
        stories.setdefault(stray.received.client, _Story()).strange.append((stray.received.at, words))
    for orphan in history.orphans:
        words = f"an event of no subscription of this client: {str(orphan.frame)[:100]}"
        stories.setdefault(orphan.client, _Story()).strange.append((orphan.at, words))
