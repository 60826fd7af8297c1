"""What a proxy owes its clients, in a sentence each: the rows of a score, and what a tag @promise.NAME may name.

Most are judged by the checker of the same name, in every run. The others are judged by the steps of the scenarios that
have the tag.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

JUDGED_BY_CHECKERS: Final = MappingProxyType(
    {
        "answered_once": "every request gets one answer with its own id, or a close that says why",
        "no_strangers": "nothing reaches a client that it did not ask for",
        "answers_fit": "each answer is one to the question that was asked",
        "subscriptions_survive": "every confirmed subscription goes on, once, under its own id",
        "heads_continuous": "heads and logs go on where they stopped: none missing, none twice",
        "fails_over": "when a node dies its clients are served by another one in a moment, and none is closed",
        "returns_home": "clients are back on a primary two seconds after it is well",
        "sends_once": "what may change something is written to one node at most",
        "counted_right": "gauges equal what is there",
        "bounded": "memory stays flat",
        "isolated": "one slow client or node delays nobody else",
        "leaves_politely": "a proxy that is told to leave finishes what it has begun, and says 1001",
    }
)

JUDGED_BY_STEPS: Final = MappingProxyType(
    {
        "routes": "requests go to a healthy primary; backups wait",
        "serves_consensus": "the Beacon API goes through as it is, whichever consensus node is well",
        "transparent": "payloads, header fields and errors of a node pass as they are",
        "reads_retried": "a read that meets a dead or failing node is asked of another one",
        "does_not_flap": "a bad node is not dialled by everybody, all the time",
        "health_honest": "probes find out who is well, and cost nobody else anything",
        "refuses_nonsense": "who sends nonsense is told so, and nobody else is bothered",
        "explains_refusals": "what the proxy itself refuses is a JSON-RPC error with a status and code that say why",
        "tells_of_itself": "status page and metrics say what is so, and no secrets",
    }
)

PROMISES: Final = MappingProxyType({**JUDGED_BY_STEPS, **JUDGED_BY_CHECKERS})
