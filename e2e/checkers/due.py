"""When events were due: the times at which something happened of which a subscription should have told its client.

What happened is known from the block driver, from clients connected straight to a node, from other clients of the
proxy, and from headers: one with a transactions root other than the empty one proves that transactions were pending,
one with a bloom filter proves that there were logs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from e2e.checkers.events import LOGS, NEW_HEADS, PENDING, matches
from e2e.ledger.subscriptions import event_result

if TYPE_CHECKING:
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription

_NO_TRANSACTIONS = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


class Due:
    """The due times of a history, gathered once for each kind and filter, whoever subscribed."""

    def __init__(self, history: History) -> None:
        self._blocks = sorted(block.at for block in history.chain.known.values())
        self._all = (*history.subscriptions, *history.direct)
        self._times: dict[tuple[str, str], list[float]] = {}
        headers = [
            (event.at, event_result(event)) for each in self._all if each.kind == NEW_HEADS for event in each.events
        ]
        self._with_logs = [at for at, header in headers if int(_text(header, "logsBloom", "0x0"), 16)]
        self._with_transactions = [
            at for at, header in headers if _text(header, "transactionsRoot", _NO_TRANSACTIONS) != _NO_TRANSACTIONS
        ]

    def times(self, subscription: Subscription) -> list[float]:
        """When this subscription had something to say, in order; [] for kinds of which nothing is known."""
        if subscription.kind == NEW_HEADS:
            return self._blocks
        key = subscription.kind, json.dumps(subscription.filter, sort_keys=True)
        if key not in self._times:
            self._times[key] = sorted({*self._witnessed(subscription), *self._proven(subscription)})
        return self._times[key]

    def _proven(self, subscription: Subscription) -> list[float]:
        if subscription.kind == LOGS:
            return [] if subscription.filter else self._with_logs
        return self._with_transactions if subscription.kind == PENDING else []

    def _witnessed(self, subscription: Subscription) -> list[float]:
        """What anybody was told by subscriptions of the same kind."""
        kind = subscription.kind
        return [
            event.at
            for other in self._all
            if other.kind == kind and kind in {LOGS, PENDING}
            for event in other.events
            if kind != LOGS or matches(subscription.filter, event)
        ]


def _text(header: Any, key: str, otherwise: str) -> str:
    value = header.get(key) if isinstance(header, dict) else None
    return value if isinstance(value, str) and value.startswith("0x") else otherwise
