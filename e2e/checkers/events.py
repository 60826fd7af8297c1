"""What subscription events say: a head, a log, a transaction; and which subscription may say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from e2e.ledger.subscriptions import event_result

if TYPE_CHECKING:
    from e2e.ledger.entries import Received
    from e2e.ledger.subscriptions import Subscription

NEW_HEADS, LOGS, PENDING = "newHeads", "logs", "newPendingTransactions"


@dataclass(frozen=True, slots=True)
class HeadEvent:
    """A header that reached a client."""

    event: Received
    number: int
    hash: str
    parent: str


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A log that reached a client. `number` and `block` are those of its block."""

    event: Received
    number: int
    block: str
    index: int
    removed: bool

    @property
    def key(self) -> tuple[str, int]:
        """What makes it this log and no other."""
        return self.block, self.index


def head(event: Received) -> HeadEvent | None:
    """The header in an event, None if there is none."""
    result = event_result(event)
    try:
        number, name, parent = int(result["number"], 16), result["hash"], result["parentHash"]
    except (KeyError, TypeError, ValueError):
        return None
    return HeadEvent(event, number, name, parent) if isinstance(name, str) and isinstance(parent, str) else None


def log(event: Received) -> LogEvent | None:
    """The log in an event, None if there is none."""
    result = event_result(event)
    try:
        number, index, block = int(result["blockNumber"], 16), int(result["logIndex"], 16), result["blockHash"]
    except (KeyError, TypeError, ValueError):
        return None
    return LogEvent(event, number, block, index, bool(result.get("removed"))) if isinstance(block, str) else None


def transaction(event: Received) -> str | None:
    """The hash of the pending transaction in an event (as hash or in full), None if there is none."""
    result = event_result(event)
    name = result.get("hash") if isinstance(result, dict) and "nonce" in result else result
    return name if isinstance(name, str) and len(name) == 66 else None


def heads(subscription: Subscription) -> list[HeadEvent]:
    return [each for each in map(head, subscription.events) if each is not None]


def logs(subscription: Subscription) -> list[LogEvent]:
    return [each for each in map(log, subscription.events) if each is not None]


def is_of_kind(kind: str, event: Received) -> bool:
    """Whether a subscription of this kind may say this. Kinds that are not known may say anything."""
    if kind == NEW_HEADS:
        return head(event) is not None
    if kind == LOGS:
        return log(event) is not None
    return transaction(event) is not None if kind == PENDING else True


def matches(criteria: Any, event: Received) -> bool:
    """Whether a log passes a filter: `address` (one or a list) and `topics` (by place; None: any, a list: any of)."""
    result = event_result(event)
    if not isinstance(criteria, dict) or not isinstance(result, dict):
        return not isinstance(criteria, dict)
    wanted = criteria.get("address") or []
    addresses = [wanted] if isinstance(wanted, str) else wanted
    if addresses and str(result.get("address")).lower() not in {str(each).lower() for each in addresses}:
        return False
    topics = result.get("topics") or []
    for position, wish in enumerate(criteria.get("topics") or []):
        options = [wish] if isinstance(wish, str) else wish
        if options and (position >= len(topics) or topics[position] not in options):
            return False
    return True


def identity(kind: str, event: Received) -> Any:
    """What must not come twice on one subscription; None for kinds without such a thing."""
    if kind == NEW_HEADS:
        found = head(event)
        return None if found is None else found.hash
    if kind == LOGS:
        entry = log(event)
        return None if entry is None else (*entry.key, entry.removed)
    return transaction(event) if kind == PENDING else None
