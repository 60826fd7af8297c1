"""A request with side effects reaches at most one node.

Seen at the nodes' doors (`Arrived`), and in a tell-tale answer: a transaction sent once and called 'already known' has
been there before. Without either, a run says nothing about this promise.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from e2e.checkers.failures import is_read
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached
from e2e.ledger.entries import Arrived, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.history import History

PROMISE = "sends_once"


def sends_once(history: History) -> Verdict:
    sends = [each for each in history.exchanges if not is_read(each.request.method)]
    if not sends:
        return not_reached(PROMISE, "nobody sent anything with side effects")
    arrived = history.of(Arrived)
    asked = Counter(_key(each.request.method, each.request.params) for each in sends)
    witnesses = [*_too_many(arrived, asked), *_known(sends, asked)]
    facts = {"sends": len(sends), "arrivals": len(arrived), "twice": len(witnesses)}
    if witnesses:
        reason = f"{len(witnesses)} of {len(sends)} requests with side effects were carried out more than once"
        return broken(PROMISE, reason, witnesses, **facts)
    if not arrived:
        return not_reached(PROMISE, "nobody watched the doors of the nodes", **facts)
    return kept(PROMISE, f"{len(sends)} requests with side effects, {len(arrived)} arrivals", **facts)


def _key(method: str, params: Any) -> str:
    return f"{method} {json.dumps(params, sort_keys=True)}"


def _too_many(arrived: list[Arrived], asked: Counter[str]) -> Iterator[Witness]:
    seen: dict[str, list[Arrived]] = {}
    for arrival in arrived:
        key = _key(arrival.method, arrival.params)
        seen.setdefault(key, []).append(arrival)
        if len(seen[key]) == asked[key] + 1 and asked[key]:
            nodes = ", ".join(each.node for each in seen[key])
            text = f"{arrival.method} was sent {asked[key]} times and arrived more often: at {nodes}"
            yield Witness(arrival.at, arrival.node, text, tuple(seen[key]))


def _known(sends: list[Exchange], asked: Counter[str]) -> Iterator[Witness]:
    for exchange in sends:
        request, answer = exchange.request, exchange.answer
        frame = answer.frame if isinstance(answer, Received) else None
        error = frame.get("error") if isinstance(frame, dict) else None
        told = isinstance(error, dict) and "already known" in str(error.get("message"))
        if told and answer is not None and asked[_key(request.method, request.params)] == 1:
            text = f"{request.method} with id {request.id} was sent once, and a node knew it already"
            yield Witness(answer.at, request.client, text, (request, answer))
