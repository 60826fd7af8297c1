"""newHeads and logs go on exactly where they stopped: every canonical block once, in order, whatever happened between.

The measure is the block driver's record. After a reorg the new branch's blocks are due, and of the logs of the old one
their removal first. A block in the middle of a new branch is due only if a client connected straight to a node got it:
nodes announce the tip of a branch that they adopt at once, not each of its blocks. What a head or a log holds is what a
node says of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.contents import Contents
from e2e.checkers.events import LOGS, NEW_HEADS, heads, logs
from e2e.checkers.log_stream import canonical_logs, log_faults
from e2e.checkers.outages import links_lost, merged, outages
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.checkers.events import HeadEvent
    from e2e.ledger.chain import Chain
    from e2e.ledger.entries import Block, Closed
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription

PROMISE = "heads_continuous"

JUST_SUBSCRIBED = 1.0
"""Seconds after the confirmation in which a block may be told or not: it may have been built a moment before."""

LAST_MOMENTS = 1.5
"""Seconds before the end of the run in which a block may still be on its way."""


def heads_continuous(history: History) -> Verdict:
    streams = [each for each in history.subscriptions if each.kind == NEW_HEADS]
    told = [each for each in history.subscriptions if each.kind == LOGS]
    if not history.chain.known or not (streams or told):
        return not_reached(PROMISE, "no subscription to newHeads or logs, or no record of the chain")
    if history.chain.holes:
        return unknown(PROMISE, f"the record of the chain lacks blocks {history.chain.holes[:5]}")
    optional = in_mid_branch(history)
    faults = [witness for each in streams for witness in head_faults(history, each, optional)]
    every_log = canonical_logs(history)
    faults += [witness for each in told for witness in log_faults(history, each, every_log, due_window(history, each))]
    contents = Contents(history)
    faults += [witness for each in (*streams, *told) for witness in contents.faults(each)]
    facts = {
        "heads": sum(len(each.events) for each in streams),
        "logs": sum(len(each.events) for each in told),
        "blocks": len(history.chain.canonical),
        "reorgs": len(history.chain.reorgs),
    }
    if faults:
        reason = f"{len(faults)} faults in {len(streams)} streams of heads and {len(told)} of logs"
        return broken(PROMISE, reason, faults, **facts)
    return kept(PROMISE, f"{facts['heads']} heads and {facts['logs']} logs, each once and in order", **facts)


def due_window(history: History, subscription: Subscription) -> tuple[float, float]:
    """The times between which a block has to be built to be due on this subscription."""
    end = min(subscription.wanted_until, history.settled)
    until = end - LAST_MOMENTS - 2 * history.lateness(end - 2 * LAST_MOMENTS, end)
    closed = subscription.connection.closed
    if closed is not None and closed.by == "proxy":
        # A close says itself that something is missing: whether it was right is for subscriptions_survive.
        until = min(until, max((event.at for event in subscription.events), default=0.0), deaf_since(history, closed))
    # one that begins before another is over is one with it: between them nobody could be caught up with
    for trouble in merged((*outages(history, "ws"), *links_lost(history, "ws"))):
        if trouble.overlaps(end - LAST_MOMENTS, end):  # whoever leaves in the middle of it is not caught up with
            until = min(until, trouble.start - LAST_MOMENTS)
    if closed is None or closed.by != "proxy":
        until = max(until, passed_over(history, subscription))  # what was passed over will never come
    since = subscription.confirmed + JUST_SUBSCRIBED
    return since + history.lateness(subscription.confirmed, since), until  # so late may a block have been recorded


def passed_over(history: History, subscription: Subscription) -> float:
    """When the block was built that comes before the newest one of which the client was told; -inf if none does."""
    told = {head.hash for head in heads(subscription)} | {log.block for log in logs(subscription) if not log.removed}
    canonical = history.chain.canonical
    newest = max((block.number for block in canonical.values() if block.hash in told), default=0)
    before = canonical.get(newest - 1)
    return -math.inf if before is None else before.at


def deaf_since(history: History, closed: Closed) -> float:
    """When the client that was closed stopped reading: it may read much later what it was told before; inf if never."""
    slow = (fault for fault in history.faults if fault.name == "slow_reader" and fault.target == closed.client)
    return min((fault.began for fault in slow if fault.began < closed.at), default=math.inf)


def head_faults(history: History, subscription: Subscription, optional: set[str]) -> Iterator[Witness]:
    """What is wrong with one stream of heads."""
    chain, told = history.chain, heads(subscription)
    seen: set[str] = set()
    previous: HeadEvent | None = None
    for head in told:
        text = None
        if head.hash in seen:
            text = None if _came_back(chain, head) else f"head {head.number} again"
        elif _unheard_of(chain, head):
            text = f"head {head.number} {head.hash[:12]}, a block that was never canonical"
        elif previous is not None and not _follows(chain, previous, head):
            text = f"head {head.number} after head {previous.number}"
        if text is not None:
            yield Witness(head.event.at, subscription.client, f"{subscription.id} says {text}", (head.event,))
        if head.hash not in seen:
            previous = head
        seen.add(head.hash)
    yield from _missing(history, subscription, optional)


def _follows(chain: Chain, previous: HeadEvent, head: HeadEvent) -> bool:
    """Whether a head may come right after another one. A gap is none of this one's business: see `_missing`."""
    passing = previous.hash not in chain.known and previous.number in chain.canonical
    return head.number > previous.number or passing or chain.replaced(previous.hash)


def _came_back(chain: Chain, head: HeadEvent) -> bool:
    """Whether a reorg went back to a branch, so that its blocks may be told again."""
    return bool(chain.reorgs) and chain.times_canonical.get(head.hash, 0) > 1


def _unheard_of(chain: Chain, head: HeadEvent) -> bool:
    if head.hash in chain.known:
        return False
    first, last = min(chain.canonical), max(chain.canonical)
    return first <= head.number <= last and not chain.unrecorded(head.hash, head.event.at)


def missing_heads(history: History, subscription: Subscription, optional: set[str]) -> list[Block]:
    """The blocks that one stream should have told and did not. `optional` is what `in_mid_branch` says."""
    since, until = due_window(history, subscription)
    told = {head.hash for head in heads(subscription)}
    known = history.chain.known
    first = min((known[name].number for name in told if name in known), default=math.inf)
    return [
        block
        for block in history.chain.canonical.values()
        if block.hash not in told
        and block.hash not in optional
        and (block.number > first or block.at >= since)
        and block.at <= until
    ]


def _missing(history: History, subscription: Subscription, optional: set[str]) -> Iterator[Witness]:
    gap = missing_heads(history, subscription, optional)
    if gap:
        numbers = ", ".join(str(block.number) for block in gap[:8]) + (", …" if len(gap) > 8 else "")
        told = len(heads(subscription))
        text = f"{subscription.id} never said head {numbers} ({len(gap)} missing, {told} told)"
        yield Witness(gap[0].at, subscription.client, text, tuple(gap[:3]))


def in_mid_branch(history: History) -> set[str]:
    """Blocks that came as part of a new branch, not as its tip, and that no direct client was told of."""
    direct = {head.hash for each in history.direct if each.kind == NEW_HEADS for head in heads(each)}
    return {name for name in history.chain.adopted if name not in direct}
