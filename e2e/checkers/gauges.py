"""The proxy's metrics by the role that its profile gives them.

Roles: `upstream_connected` (label node; above 0: it carries clients), `connections` (open WebSocket clients),
`subscriptions` (live subscriptions), `queue` (requests of theirs that wait for a node), `rss` (bytes of memory of the
proxy's process).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from e2e.ledger.entries import Scraped
    from e2e.ledger.history import History

UPSTREAM, CONNECTIONS, SUBSCRIPTIONS = "upstream_connected", "connections", "subscriptions"
QUEUE, RSS = "queue", "rss"

_NODE = re.compile(r'[{,]node="((?:[^"\\]|\\.)*)"')


def value(history: History, scraped: Scraped, role: str) -> float | None:
    """The sum of a metric over its labels; None where the profile has no such role or the scrape no such sample."""
    name = history.meta.metrics.get(role)
    if name is None or not scraped.up:
        return None
    found = [number for sample, number in scraped.samples.items() if sample.partition("{")[0] == name]
    return sum(found) if found else None


def carriers(history: History, scraped: Scraped) -> frozenset[str] | None:
    """The nodes that carried WebSocket clients; None where the scrape does not say."""
    name = history.meta.metrics.get(UPSTREAM)
    if name is None or not scraped.up:
        return None
    found = {
        node[1]: number
        for sample, number in scraped.samples.items()
        if sample.partition("{")[0] == name and (node := _NODE.search(sample)) is not None
    }
    return frozenset(node for node, number in found.items() if number > 0) if found else None
