"""Every answer answers its own question.

An answer is judged by what was asked, never by its looks: '0x5' is a good block number and a poor balance of nothing,
and a subscription id in answer to eth_blockNumber is somebody else's answer. What can be known is checked: the form of
a result, block numbers against what this client has seen, the proxy has told and the chain has built, values that never
change, and echoes.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from e2e.checkers.events import NEW_HEADS
from e2e.checkers.failures import trouble
from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached
from e2e.ledger.entries import Received
from e2e.ledger.shapes import fits
from e2e.ledger.subscriptions import event_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2e.ledger.exchanges import Connection, Exchange
    from e2e.ledger.history import History

PROMISE = "answers_fit"

LAG = 5
"""Blocks by which the answer of a healthy node may be behind what the client has seen: the usual bound of a proxy."""

STANDS = 4
"""Blocks of which the proxy may tell its clients while over HTTP nothing but one and the same block is the newest."""

AHEAD = 2
"""Blocks by which an answer may be ahead of the block driver's record, which is a moment late."""

IDENTITY = "0x" + "4".rjust(40, "0")
"""The precompiled contract that returns its input: whatever it is asked, its answer is told apart from any other."""

_CONSTANT = frozenset({"eth_chainId", "net_version", "eth_protocolVersion"})


def answers_fit(history: History) -> Verdict:
    answered = [each for each in history.exchanges if isinstance(each.answer, Received) and trouble(each) is None]
    if not answered:
        return not_reached(PROMISE, "nothing was answered")
    reader = _Reader(history)
    complaints = [(each, reader.complaint(each)) for each in answered]
    witnesses = [_witness(each, text) for each, text in complaints if text is not None]
    if witnesses:
        return broken(PROMISE, f"{len(witnesses)} of {len(answered)} answers do not fit their question", witnesses)
    return kept(PROMISE, f"{len(answered)} answers, each to its own question", answers=len(answered))


class _Reader:
    """What is needed to judge an answer, gathered once for a history."""

    def __init__(self, history: History) -> None:
        lied = any(fault.name == "absurd_head" for fault in history.faults)  # the node's lie is not the proxy's
        self._tip = None if lied else max((block.number for block in history.chain.known.values()), default=None)
        self._constants: dict[str, Any] = {}
        self._floors = {
            id(exchange): floor for connection in history.connections for exchange, floor in _floors(connection)
        }
        still = any(fault.name in {"stalled_head", "absurd_head"} for fault in history.faults)
        self._missed = {} if still else _missed_over_http(history)
        self._leavers = {id(each.leaving): each.id for each in history.subscriptions if each.leaving is not None}
        self._checks: dict[str, Callable[[Exchange], str | None]] = {
            "eth_blockNumber": self._block_number,
            "eth_getBlockByNumber": self._block,
            "eth_getBlockByHash": self._block,
            "eth_call": self._call,
            "eth_unsubscribe": self._unsubscribe,
            **dict.fromkeys(_CONSTANT, self._constant),
        }

    def complaint(self, exchange: Exchange) -> str | None:
        """What is wrong with an answered request's answer, None if nothing is."""
        request, frame = exchange.request, exchange.answer.frame if isinstance(exchange.answer, Received) else None
        has_result = isinstance(frame, dict) and "result" in frame
        if not request.method:
            return "a result for a text that is no request" if has_result else None
        if not fits(request.method, frame):
            return f"{request.method} cannot have this answer: {str(frame)[:160]}"
        # Among several requests with one id nobody can say whose answer it is, beyond its form.
        if not has_result or exchange.contested:
            return None
        check = self._checks.get(request.method)
        return None if check is None else check(exchange)

    def _block_number(self, exchange: Exchange) -> str | None:
        number, floor = int(exchange.result, 16), self._floors.get(id(exchange))
        if floor is not None and number < floor - LAG:
            return f"block {number}, though the client had seen {floor} before it asked"
        if (missed := self._missed.get(id(exchange), 0)) >= STANDS:
            return f"block {number} over and over, while the proxy told of {missed} newer ones"
        if self._tip is not None and number > self._tip + AHEAD:
            return f"block {number}, though the chain never got beyond {self._tip}"
        return None

    def _block(self, exchange: Exchange) -> str | None:
        wanted, block = _first(exchange), exchange.result
        if block is None or not isinstance(wanted, str) or not wanted.startswith("0x"):
            return None
        key = "number" if exchange.request.method == "eth_getBlockByNumber" else "hash"
        return None if block.get(key) == wanted else f"the block with {key} {block.get(key)}, asked was {wanted}"

    def _call(self, exchange: Exchange) -> str | None:
        call = _first(exchange)
        if not isinstance(call, dict) or call.get("to") != IDENTITY:
            return None
        said = call.get("data", call.get("input"))
        return None if exchange.result == said else f"the echo of another call: {exchange.result} for {said}"

    def _unsubscribe(self, exchange: Exchange) -> str | None:
        name = self._leavers.get(id(exchange))
        return f"subscription {name} was live and is not known" if name and exchange.result is not True else None

    def _constant(self, exchange: Exchange) -> str | None:
        first = self._constants.setdefault(exchange.request.method, exchange.result)
        return None if exchange.result == first else f"{exchange.result}, where it was {first} before"


def _first(exchange: Exchange) -> Any:
    params = exchange.request.params
    return params[0] if isinstance(params, list) and params else None


def _floors(connection: Connection) -> Iterator[tuple[Exchange, int]]:
    """Each request with the highest block of which its client knew when it asked."""
    seen: list[tuple[float, int]] = []
    for received, exchange in zip(connection.frames, connection.answered, strict=True):
        number = _number(received, exchange)
        if number is not None and (not seen or number > seen[-1][1]):
            seen.append((received.at, number))
    position = -1
    for exchange in connection.exchanges:
        while position + 1 < len(seen) and seen[position + 1][0] <= exchange.request.at:
            position += 1
        if position >= 0:
            yield exchange, seen[position][1]


def _missed_over_http(history: History) -> dict[int, int]:
    """Each eth_blockNumber of an HTTP client → how many heads the proxy told since the client first got this answer."""
    told = _heads_told(history)
    since: dict[str, tuple[Any, float]] = {}  # client → its last answer, and when it was asked for it first
    missed = {}
    for exchange in history.exchanges:
        request = exchange.request
        if exchange.connection is None and request.method == "eth_blockNumber" and exchange.result is not None:
            before, first = since.get(request.client, (None, 0.0))
            if exchange.result != before:
                first = request.at
                since[request.client] = exchange.result, first
            missed[id(exchange)] = bisect_right(told, request.at) - bisect_right(told, first)
    return missed


def _heads_told(history: History) -> list[float]:
    """Each time at which the proxy told somebody of a higher block than ever before."""
    events = [event for each in history.subscriptions if each.kind == NEW_HEADS for event in each.events]
    told: list[float] = []
    highest = -1
    for event in sorted(events, key=lambda event: event.at):
        number = _number(event, None)
        if number is not None and number > highest:
            told.append(event.at)
            highest = number
    return told


def _number(received: Received, exchange: Exchange | None) -> int | None:
    if exchange is None:
        params = received.frame.get("params") if isinstance(received.frame, dict) else None
        result = event_result(received) if isinstance(params, dict) else None
        text = result.get("number") if isinstance(result, dict) else None
    else:
        sure = exchange.request.method == "eth_blockNumber" and not exchange.contested
        text = exchange.result if sure else None
        text = text if fits("eth_blockNumber", {"result": text}) else None
    try:
        return int(text, 16) if isinstance(text, str) else None
    except ValueError:
        return None


def _witness(exchange: Exchange, text: str) -> Witness:
    request, answer = exchange.request, exchange.answer
    text = f"{request.method or 'text'} with id {request.id}: {text}"
    return Witness(exchange.answered, request.client, text, (request, answer) if answer is not None else (request,))
