"""What a client must see of the chain, to the block and to the log: judged by walking along what it was told."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeAlias

from e2e.ledger.subscriptions import event_result
from simulation.api import wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription
    from simulation.chain import Log

    Logs: TypeAlias = Mapping[str, tuple[Log, ...]]

LAST_TRANSACTION = "last transaction"
ON_ITS_WAY = 1.0  # seconds that the slowest node and link may take to tell of a block


def continuity(history: History, logs: Logs) -> Iterator[str]:
    """The complaints about all subscriptions; `logs` are those of every block, by its hash."""
    chain = _Chain(history, logs)
    for subscription in history.subscriptions:
        check = _CHECKS.get(subscription.kind)
        if check is not None:
            for text in check(history, chain, subscription):
                yield f"{subscription.client} {subscription.kind} {subscription.id[:10]}: {text}"


class _Chain:
    """How high the canonical chain was at any time."""

    def __init__(self, history: History, logs: Logs) -> None:
        self.logs = logs
        self.canonical = history.chain.canonical
        self._times: list[float] = []
        self._heights: list[int] = []
        for block in history.chain.known.values():
            self._times.append(block.at)
            self._heights.append(max(block.number, self._heights[-1] if self._heights else 0))

    def height(self, at: float) -> int:
        return self._heights[bisect_right(self._times, at) - 1]


def _heads(history: History, chain: _Chain, subscription: Subscription) -> Iterator[str]:
    line: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for event in subscription.events:
        head = event_result(event)
        number = int(head["number"], 16)
        if head["hash"] in places:
            yield f"block {number} twice, at {event.at:.4f}"
            continue
        parent = places.get(head["parentHash"])
        if parent is None:
            if line and number > int(line[0]["number"], 16):
                yield f"a gap below block {number}, at {event.at:.4f}; the one before was {int(line[-1]['number'], 16)}"
            elif not line and number > chain.height(subscription.confirmed) + 1:
                late = chain.height(subscription.confirmed)
                yield f"begins with block {number}, though the chain was at {late} when it was confirmed"
        for gone in line[0 if parent is None else parent + 1 :]:
            del places[gone["hash"]]
        del line[0 if parent is None else parent + 1 :]
        places[head["hash"]] = len(line)
        line.append(head)
    if subscription.wanted_until < history.settled:
        return
    due = chain.height(history.settled - ON_ITS_WAY)
    last = int(line[-1]["number"], 16) if line else 0
    if last < due and due > chain.height(subscription.confirmed):
        yield f"ends with block {last}, the chain was at {due} a second before"
    elif line and line[-1]["hash"] != chain.canonical[last].hash:
        yield f"ends on a branch that was replaced, at block {last}"


def _logs(history: History, chain: _Chain, subscription: Subscription) -> Iterator[str]:
    told: dict[tuple[str, int], int] = {}
    for event in subscription.events:
        log = event_result(event)
        identity = (log["blockHash"], int(log["logIndex"], 16))
        number = int(log["blockNumber"], 16)
        name = f"log {identity[1]} of block {number}, at {event.at:.4f}"
        if log["removed"]:
            if told.pop(identity, None) is None:
                yield f"{name}: removed, though it was never told"
        elif identity in told:
            yield f"{name}: twice"
        else:
            if told and max((block, place) for (_, place), block in told.items()) > (number, identity[1]):
                yield f"{name}: after a later one"
            told[identity] = number
    if subscription.wanted_until >= history.settled:
        yield from _logs_at_the_end(chain, subscription, told, chain.height(history.settled - ON_ITS_WAY))


def _logs_at_the_end(
    chain: _Chain, subscription: Subscription, told: dict[tuple[str, int], int], due: int
) -> Iterator[str]:
    """`told` is what stands (block hash and place in it → number of the block), `due` the last block that counts."""
    wants = wanted(subscription.filter)
    for number in range(chain.height(subscription.confirmed) + 1, due + 1):
        block = chain.canonical[number]
        for place, log in enumerate(chain.logs[block.hash]):
            if wants(log) and (block.hash, place) not in told:
                yield f"log {place} of block {number} was never told"
    for (block_hash, place), number in told.items():
        if number <= due and chain.canonical[number].hash != block_hash:
            yield f"log {place} of block {number} was replaced, and never removed"


def _pending(history: History, _chain: _Chain, subscription: Subscription) -> Iterator[str]:
    hashes = [event_result(event) for event in subscription.events]
    if len(set(hashes)) != len(hashes):
        yield "a transaction twice"
    last = history.mark(LAST_TRANSACTION)
    wanted_it = last is not None and subscription.confirmed < last.at < subscription.wanted_until
    if wanted_it and last is not None and last.detail["hash"] not in hashes:
        yield "the last transaction was not told"


_CHECKS = {"newHeads": _heads, "logs": _logs, "newPendingTransactions": _pending}
