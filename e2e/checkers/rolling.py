"""A history judged while it goes on, in memory that does not grow: window by window, by the checkers of whole ones.

A window ends where it is calm: no fault is open or recent, the chain did not change its mind, the harness kept time,
nobody is behind. The next one begins with everything of the last `LEAD` seconds, and with what is older and goes on:
open connections, requests that wait, the last blocks, and live subscriptions, as if they were confirmed when the shared
time began. So what a checker would have put together across the cut is together in one of the two windows, and whole in
it.

What a window cannot know is what came before: an answer that comes again later than `LEAD` is a stranger to
`no_strangers`, but not a second answer to `answered_once`; memory that grows slowly is for `e2e.soak.trend`; a gauge is
judged in each window, not only at the last look of a spell without change; and where a proxy fails one client for good,
`run_was_fair` may complain of the windows after, and `subscriptions_survive` sees a silence that in a whole history is
excused by the many faults in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from e2e.checkers.events import NEW_HEADS, head
from e2e.ledger.entries import Block, Injected, Marked, Opened, Received
from e2e.ledger.faults import pair
from e2e.ledger.history import SETTLED, History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.entries import Entry
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.meta import Meta

LENGTH: Final = 30.0
"""Seconds of which a window has at least."""

LONGEST: Final = 600.0
"""Seconds after which a window ends although it is never calm, sharing nothing: memory has its bound, too."""

INSTANT: Final = 0.001

MOMENT: Final = 1.0
"""Seconds in which a new head is told on a machine that is not busy."""

LEAD: Final = 5.0
"""Seconds that two windows share: more than what checkers allow for what is still on its way."""

CALM: Final = 9.0
"""Seconds without trouble before a cut: what a fault excuses is then over before the shared time begins."""

LATE: Final = 0.5
"""Seconds by which the harness's clock may be late in the time that two windows share."""

BLOCKS: Final = 4
"""Blocks of the chain that a window knows from the one before: deeper than the chain changes its mind."""

SKEW: Final = 1.0
"""Seconds by which the record of a block may be later than the word of it."""

CAUGHT_UP: Final = 3.0
"""Seconds after a cure in which subscriptions may still be told what they missed."""


@dataclass(frozen=True, slots=True)
class Window:
    """A finished piece of a run. `since`, `until`: the time that is judged here first, without the lead.

    `asked` are the exchanges that no earlier window had.
    """

    number: int
    since: float
    until: float
    history: History
    verdicts: tuple[Verdict, ...]
    asked: tuple[Exchange, ...]


class Rolling:
    """Takes entries as they come and gives windows. `judge` is what judges a whole history."""

    def __init__(
        self, meta: Meta, judge: Callable[[History], Sequence[Verdict]], length: float = LENGTH, first: int = 1
    ) -> None:
        """`first` is the number of the first window."""
        self._meta = meta
        self._judge = judge
        self._length = length
        self._calm = max(CALM, meta.patience + 1.0)  # what was asked during a fault is answered by then, or lost
        self._number = first
        self._since = 0.0
        self._entries: list[Entry] = []
        self._known: set[int] = set()  # ids of requests that the window before has counted

    def __len__(self) -> int:
        """How many entries are kept."""
        return len(self._entries)

    def feed(self, entries: Iterable[Entry]) -> None:
        """Take what has happened since."""
        self._entries.extend(entries)

    def cut(self, at: float) -> Window | None:
        """End the window at `at`, if that is long enough after the last cut and calm; else go on."""
        lasted = at - self._since
        if lasted < self._length:
            return None
        shared = self._shared_since(at)
        whole = None if self._hurt(at, shared) else self._until(at)
        if whole is not None and self._restless(whole, at, shared):
            whole = None
        if whole is not None:
            return self._cut(whole, at, at - LEAD, shared)
        return self._cut(self._until(at), at, at, at - INSTANT) if lasted >= LONGEST else None

    def _cut(self, whole: History, at: float, since: float, shared: float) -> Window:
        """Judge what is complete, and keep what goes on; see `_lasting` for `since` and `shared`."""
        waiting = [each for each in whole.exchanges if self._waits(each, at)]
        unjudged = {id(each.request) for each in waiting}
        judged = History([each for each in whole.entries if id(each) not in unjudged], self._meta) if waiting else whole
        window = self._window(judged, at)
        self._entries = _lasting(whole, since, shared, waiting)
        self._known = {id(each) for each in self._entries} - unjudged
        self._number += 1
        self._since = at
        return window

    def finish(self) -> Window:
        """Judge what is left, as the end of a run is judged: it has its own mark where it was settled."""
        history = History(self._entries, self._meta)
        return self._window(history, history.end)

    def _until(self, at: float) -> History:
        return History([*self._entries, Marked(at, SETTLED)], self._meta)

    def _calm_since(self, at: float, shared: float) -> float:
        return min(at - self._calm, shared - CAUGHT_UP)

    def _hurt(self, at: float, shared: float) -> bool:
        """Whether a fault is open, or was a short while ago."""
        return any(fault.healed > self._calm_since(at, shared) for fault in pair(self._entries))

    def _restless(self, whole: History, at: float, shared: float) -> bool:
        """Whether the chain changed its mind a short while ago, the harness was late, or somebody is behind."""
        turned = any(turn > self._calm_since(at, shared) for turn in whole.chain.reorgs)
        return turned or whole.lateness(at - LEAD, at) > LATE or any(self._behind(whole, at))

    def _behind(self, whole: History, at: float) -> Iterator[bool]:
        """For each stream of heads, whether it has not been told the tip of a moment ago, and may still be."""
        tip = max((block.number for block in whole.chain.canonical.values() if block.at <= at - MOMENT), default=-1)
        for each in whole.subscriptions:
            if each.kind == NEW_HEADS and each.wanted_until >= at and each.events:
                last = head(each.events[-1])
                yield last is not None and last.number < tip and at - last.event.at < self._meta.patience

    def _shared_since(self, at: float) -> float:
        """From when on the next window would know the chain, and what was said of it."""
        blocks = [each.at for each in self._entries if isinstance(each, Block)]
        return min(at - LEAD, blocks[-BLOCKS] if len(blocks) >= BLOCKS else 0.0) - SKEW

    def _waits(self, exchange: Exchange, at: float) -> bool:
        """Whether an answer may still come, so that the next window has to judge."""
        request, connection = exchange.request, exchange.connection
        gone = connection is not None and connection.closed is not None
        return request.id is not None and exchange.answer is None and not gone and at - request.at < self._meta.patience

    def _window(self, history: History, until: float) -> Window:
        asked = tuple(each for each in history.exchanges if id(each.request) not in self._known)
        return Window(self._number, self._since, until, history, tuple(self._judge(history)), asked)


def _lasting(history: History, since: float, shared: float, waiting: list[Exchange]) -> list[Entry]:
    """All from `since` on but the marks, and what is older and goes on; the chain, and events, from `shared` on.

    Subscriptions asked for and confirmed before `shared` are so then.
    """
    live = [each for each in (*history.subscriptions, *history.direct) if min(each.connection.end, each.ended) >= since]
    connections = {id(each): each for each in (*history.connections, *(each.connection for each in live))}
    older: list[Entry] = [Opened(each.opened, each.client) for each in connections.values() if each.end >= since]
    older += [each for each in history.of(Block) if each.at >= shared + SKEW]
    open_faults = {fault.at for fault in history.faults if fault.healed == math.inf}
    older += [each for each in history.of(Injected) if each.at in open_faults]
    older += [each.request for each in waiting]
    older += [each.request for each in history.exchanges if since <= each.answered < math.inf]
    for subscription in live:
        asked, confirmed = subscription.request.request, subscription.request.answer
        if isinstance(confirmed, Received):
            # one after the other: ids may be the same for all
            older += [each if each.at >= shared else replace(each, at=shared) for each in (asked, confirmed)]
        older += [event for event in subscription.events if event.at >= shared]
    unique = {id(each): each for each in older if each.at < since}
    return [*unique.values(), *(each for each in history.entries if each.at >= since and not isinstance(each, Marked))]
