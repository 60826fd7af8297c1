"""What is said of a head or a log is what a node says: the same values, none left out.

The measure is what a client connected straight to a node was told. Only fields that every execution client has are
compared, so that nodes of different makes may stand behind a proxy, and more may be said than is asked here: a head
that was fetched as a block may bring what a block has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.checkers.events import LOGS, NEW_HEADS, head, log
from e2e.checkers.verdict import Witness
from e2e.ledger.subscriptions import event_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.entries import Received
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription

FIELDS: Final = {
    NEW_HEADS: (
        *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "number"),
        *("gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "hash"),
    ),
    # `removed` says what became of a log, and is for those who read the stream
    LOGS: ("address", "topics", "data", "blockNumber", "transactionHash", "transactionIndex", "blockHash", "logIndex"),
}
"""By the execution API's own description; a node that leaves one out is not blamed on the proxy."""


class Contents:
    """What heads and logs hold by the word of nodes, gathered once for a history."""

    def __init__(self, history: History) -> None:
        self._true: dict[Any, dict[str, Any]] = {}
        for subscription in history.direct:
            for event in subscription.events if subscription.kind in FIELDS else ():
                if (thing := _thing(subscription.kind, event)) is not None:
                    self._true.setdefault(thing, event_result(event))

    def faults(self, subscription: Subscription) -> Iterator[Witness]:
        """The events of one stream that say something else of a block or a log than nodes do."""
        kind = subscription.kind
        for event in subscription.events if kind in FIELDS else ():
            said, true = event_result(event), self._true.get(_thing(kind, event))
            if true is None or said == true:
                continue
            wrong = [name for name in FIELDS[kind] if name in true and said.get(name) != true[name]]
            if wrong:
                lost = all(name not in said for name in wrong)
                names = ", ".join(wrong[:4]) + ", …" * (len(wrong) > 4)
                what = f"without {names}" if lost else f"with {names} changed"
                name = (
                    f"head {int(said['number'], 16)}"
                    if kind == NEW_HEADS
                    else f"a log of block {int(said['blockNumber'], 16)}"
                )
                yield Witness(event.at, subscription.client, f"{subscription.id} says {name} {what}", (event,))


def _thing(kind: str, event: Received) -> Any:
    """Which block or log an event speaks of; None where that cannot be read."""
    if kind == NEW_HEADS:
        found = head(event)
        return None if found is None else found.hash
    entry = log(event)
    return None if entry is None else entry.key
