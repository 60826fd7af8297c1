"""Applies a link's faults to whole JSON-RPC messages, call by call and answer by answer.

A call that the gateway answers itself still goes to the node, as a harmless one under the same id, and its answer is
replaced on the way back. So the order, the timing, the pairing of HTTP requests with responses and the completeness of
batches stay those of a real node.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

import orjson

from e2e.gateway.calls import Answer, Asked, Asking, Call, Delivery, Reply, elements, parse
from e2e.gateway.spans import members

if TYPE_CHECKING:
    from e2e.gateway.link import Link

_HARMLESS: Final = b'{"jsonrpc":"2.0","id":%s,"method":"web3_clientVersion","params":[]}'


class Rewriter:
    """What one link remembers of its calls while faults want to see them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._asking = Asking()

    def wanted(self) -> bool:
        """Say whether messages have to be seen whole: a fault asks for it, or an answer is still to be replaced."""
        return bool(self._link.rewriters) or self._asking.replaced > 0

    def upstream(self, payload: bytes) -> bytes | None:
        """Return what the node is to get: `payload` itself, other text, or None for nothing."""
        values = parse(payload)
        if not values:
            return payload
        before = elements(payload)
        after = [self._call(raw, value) for raw, value in zip(before, values, strict=True)]
        return _joined(payload, before, [raw for raw in after if raw is not None])

    def downstream(self, payload: bytes) -> Delivery:
        """Return what the proxy is to get instead of `payload`, when and how often."""
        values = parse(payload)
        if not values:
            return Delivery(payload)
        before = elements(payload)
        answers = [self._answer(raw, value) for raw, value in zip(before, values, strict=True)]
        text = _joined(payload, before, [answer.raw for answer in answers if answer.raw])
        if text is None:
            return Delivery(payload, copies=0)
        methods = tuple(answer.method for answer in answers if answer.id is not None)
        delivery = Delivery(text, methods)
        for fault in self._link.rewriters:
            fault.delivering(self._link, delivery)
        return delivery

    def _call(self, raw: bytes, value: Any) -> bytes | None:
        if not isinstance(value, dict) or not isinstance(value.get("method"), str):
            return raw
        call = Call(raw, value["method"], value.get("params"), _id(raw, value), _key(value))
        for fault in self._link.rewriters:
            outcome = fault.calling(self._link, call)
            if outcome is None:
                return None
            if isinstance(outcome, Reply):
                return self._answered_here(call, outcome)
            call = outcome
        if call.id is not None:
            self._asking.add(call.key, Asked(call.method))
        return call.raw

    def _answered_here(self, call: Call, reply: Reply) -> bytes | None:
        if call.id is None:
            return None
        self._asking.add(call.key, Asked(call.method, reply.text(call.id)))
        return _HARMLESS % call.id

    def _answer(self, raw: bytes, value: Any) -> Answer:
        if not isinstance(value, dict):
            return Answer(raw, {}, None)
        request_id = None if "method" in value else _id(raw, value)
        answer = Answer(raw, value, request_id)
        if request_id is not None:
            asked = self._asking.take(_key(value))
            answer.method = asked.method
            answer.raw = asked.instead or raw
        for fault in self._link.rewriters:
            fault.answering(self._link, answer)
        return answer


def _id(raw: bytes, value: dict[str, Any]) -> bytes | None:
    if "id" not in value:
        return None
    span = members(raw).get(b"id")
    return orjson.dumps(value["id"]) if span is None else raw[slice(*span)]


def _key(value: dict[str, Any]) -> Hashable:
    key = value.get("id")
    return key if isinstance(key, Hashable) else repr(key)


def _joined(payload: bytes, before: list[bytes], kept: list[bytes]) -> bytes | None:
    if kept == before:
        return payload
    if not kept:
        return None
    return kept[0] if before[0] is payload else b"[" + b",".join(kept) + b"]"
