"""One stream of logs against what it should have said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.events import LOGS, logs, matches
from e2e.checkers.verdict import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.checkers.events import LogEvent
    from e2e.ledger.chain import Chain
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription


def canonical_logs(history: History) -> dict[tuple[str, int], LogEvent]:
    """The logs of the chain as it was at the end, as far as any client (direct ones included) was told of them."""
    found: dict[tuple[str, int], LogEvent] = {}
    for subscription in (*history.direct, *history.subscriptions):
        for log in logs(subscription) if subscription.kind == LOGS else ():
            block = history.chain.canonical.get(log.number)
            if block is not None and block.hash == log.block:
                found.setdefault(log.key, log)
    return found


def log_faults(
    history: History,
    subscription: Subscription,
    every_log: dict[tuple[str, int], LogEvent],
    window: tuple[float, float],
) -> Iterator[Witness]:
    """What is wrong with one stream of logs.

    `every_log` is what `canonical_logs` found; `window` says when a block has to be built for its logs to be due.
    """
    told = logs(subscription)
    yield from _out_of_order(history.chain, subscription, told)
    yield from _missing(history, subscription, told, every_log, window)
    yield from _not_removed(history, subscription, told, window[1])


def _out_of_order(chain: Chain, subscription: Subscription, told: list[LogEvent]) -> Iterator[Witness]:
    live: dict[tuple[str, int], LogEvent] = {}
    previous: LogEvent | None = None
    for log in told:
        text = None
        if log.removed:
            if live.pop(log.key, None) is None and log.number > told[0].number:
                text = "the removal of a log that was not told"
        elif log.key in live:
            text = "a log again"
        elif previous is not None and _before(log, previous) and not _gone(chain, previous):
            text = f"a log of block {log.number} after one of block {previous.number}"
        if not log.removed:
            live[log.key] = previous = log
        if text is not None:
            name = f"log {log.index} of block {log.number} {log.block[:12]}"
            yield Witness(log.event.at, subscription.client, f"{subscription.id} says {text}: {name}", (log.event,))


def _before(log: LogEvent, previous: LogEvent) -> bool:
    return (log.number, log.index) < (previous.number, previous.index)


def _missing(
    history: History,
    subscription: Subscription,
    told: list[LogEvent],
    every_log: dict[tuple[str, int], LogEvent],
    window: tuple[float, float],
) -> Iterator[Witness]:
    own = {log.key for log in told if not log.removed}
    first = min((log.number for log in told), default=math.inf)
    gap = []
    for key, log in every_log.items():
        built = history.chain.canonical[log.number].at
        due = built <= window[1] and (built >= window[0] or log.number > first)
        if due and key not in own and matches(subscription.filter, log.event):
            gap.append(log)
    if gap:
        missed = sorted(gap, key=lambda log: (log.number, log.index))
        text = f"{subscription.id} never said {len(gap)} logs, the first of block {missed[0].number}"
        yield Witness(missed[0].event.at, subscription.client, text, tuple(log.event for log in missed[:3]))


def _not_removed(history: History, subscription: Subscription, told: list[LogEvent], until: float) -> Iterator[Witness]:
    """Logs of replaced blocks whose removal was not told, or not before the logs of the new branch."""
    chain = history.chain
    removed = {log.key: position for position, log in enumerate(told) if log.removed}
    for position, log in enumerate(told):
        if log.removed or not chain.replaced(log.block):
            continue
        fork = min((at for at in chain.reorgs if at >= chain.known[log.block].at), default=until)
        taken_back = removed.get(log.key)
        later = taken_back if taken_back is not None else len(told)
        newer = next((each for each in told[position + 1 : later] if _replaces(chain, each, log)), None)
        if newer is not None:
            text = f"a log of the new block {newer.number} before the removal of the old one's"
        elif taken_back is None and fork < until:
            text = f"nothing of the removal of log {log.index} of block {log.number}, which a reorg replaced"
        else:
            continue
        yield Witness(log.event.at, subscription.client, f"{subscription.id} says {text}", (log.event,))


def _replaces(chain: Chain, newer: LogEvent, older: LogEvent) -> bool:
    """Whether a log stands where a replaced one stood, or beyond it."""
    return not newer.removed and newer.number >= older.number and not _gone(chain, newer)


def _gone(chain: Chain, log: LogEvent) -> bool:
    """Whether the chain has left the block of a log, as far as can be known."""
    return chain.replaced(log.block) or chain.unrecorded(log.block, log.event.at)
