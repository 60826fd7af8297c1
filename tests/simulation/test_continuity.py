"""The walk along what a client was told finds each kind of fault in hand-made streams, and no other."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from e2e.ledger.entries import Block as BlockEntry
from e2e.ledger.entries import Entry, Marked, Opened, Received, Sent
from e2e.ledger.history import SETTLED, History
from e2e.ledger.meta import Meta
from simulation.chain import Block, Chain
from simulation.continuity import LAST_TRANSACTION, continuity

CHAIN = Chain(Random(5))
ROOT = CHAIN.tip
BLOCKS = [CHAIN.grow() for _ in range(6)]


def told(kind: str, results: list[bytes], *, extra: list[Entry] | None = None) -> list[str]:
    """What is said of a client that subscribed before the first of `BLOCKS` and was told these results."""
    entries: list[Entry] = [BlockEntry(0.0, ROOT.number, ROOT.hash, "")]
    entries += [Opened(0.1, "c"), Sent(0.2, "c", 1, "1", "eth_subscribe", [kind, {}] if kind == "logs" else [kind])]
    entries += [Received(0.3, "c", "1", {"id": 1, "result": "0x1"})]
    for at, block in enumerate(BLOCKS, 1):
        above = "" if block.parent is None else block.parent.hash
        entries.append(BlockEntry(float(at), block.number, block.hash, above))
    for result in results:
        event = {"method": "eth_subscription", "params": {"subscription": "0x1", "result": orjson.loads(result)}}
        entries.append(Received(7.0, "c", None, event))
    entries += [*(extra or []), Marked(9.0, SETTLED)]
    return list(continuity(History(entries, Meta("by hand")), CHAIN.logs))


def heads(blocks: list[Block]) -> list[bytes]:
    return [block.header for block in blocks]


def logs(blocks: list[Block]) -> list[bytes]:
    return [log.text for block in blocks for log in block.logs]


FEW = [block for block in BLOCKS if block.logs]


def test_whole_streams_are_well() -> None:
    assert told("newHeads", heads(BLOCKS)) == []
    assert told("logs", logs(BLOCKS)) == []
    assert told("newPendingTransactions", [b'"0x1"', b'"0x2"']) == []


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        (heads([*BLOCKS[:2], *BLOCKS[3:]]), "a gap"),
        (heads(BLOCKS[1:]), "begins with"),
        (heads([BLOCKS[0], *BLOCKS]), "twice"),
        (heads(BLOCKS[:-1]), "ends with"),
    ],
)
def test_faults_of_heads(results: list[bytes], complaint: str) -> None:
    assert any(complaint in text for text in told("newHeads", results))


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        (logs(BLOCKS)[1:], "never told"),
        ([*logs(BLOCKS), logs(BLOCKS)[-1]], "twice"),
        (logs(BLOCKS)[::-1], "after a later one"),
        ([FEW[0].logs[0].gone, *logs(BLOCKS)], "removed, though"),
    ],
)
def test_faults_of_logs(results: list[bytes], complaint: str) -> None:
    assert any(complaint in text for text in told("logs", results))


def test_a_reorg_takes_logs_back_and_heads_with_it() -> None:
    other = Chain(Random(5))  # the same chain, on another branch at the end
    same = [other.grow() for _ in range(6)]
    assert [block.hash for block in same] == [block.hash for block in BLOCKS]
    orphan = Chain(Random(5))
    for _ in range(5):
        orphan.grow()
    orphan._rng = Random(77)
    stray = orphan.grow()
    assert told("newHeads", [*heads(BLOCKS[:5]), stray.header, BLOCKS[5].header]) == []
    assert any("replaced" in text for text in told("newHeads", [*heads(BLOCKS[:5]), stray.header]))
    for log in stray.logs:
        assert any("never removed" in text for text in told("logs", [*logs(BLOCKS[:5]), log.text]))
        assert told("logs", [*logs(BLOCKS[:5]), log.text, log.gone, *logs(BLOCKS[5:])]) == []


def test_faults_of_pending_transactions() -> None:
    last: list[Any] = [Marked(8.0, LAST_TRANSACTION, {"hash": "0x9"})]
    assert any("twice" in text for text in told("newPendingTransactions", [b'"0x1"', b'"0x1"']))
    assert any("last" in text for text in told("newPendingTransactions", [b'"0x1"'], extra=last))
    assert told("newPendingTransactions", [b'"0x9"'], extra=last) == []
