"""Every request on an open connection gets exactly one answer with its own id.

Silence is excused where the client left of its own accord before its answer was due, and where the proxy closed the
connection with a code that says why. An error in place of a result is excused while no node was usable, for a
read at the time of its answer, and for a request with side effects whose node died with it in its hands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from e2e.checkers.failures import is_read, trouble
from e2e.checkers.figures import percentile
from e2e.checkers.outages import excused, links_lost, outages, proxy_ends
from e2e.checkers.verdict import Answer, Verdict, Witness, broken, kept, not_reached, unknown
from e2e.ledger.entries import Failed

if TYPE_CHECKING:
    from e2e.ledger.entries import Closed, Entry, Lane
    from e2e.ledger.exchanges import Exchange
    from e2e.ledger.history import History

PROMISE = "answered_once"

TELLING_CODES = frozenset({1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
"""Close codes that say why. 1000 says that all is well, 1005 and 1006 that nothing was said."""


def answered_once(history: History) -> Verdict:
    asked = [each for each in history.exchanges if each.request.id is not None and _got_out(each)]
    if not asked:
        return not_reached(PROMISE, "no request was sent")
    silences = [(each, *_silence(history, each)) for each in asked if each.answer is None or _failed(each)]
    silent = [_witness(each, text) for each, answer, text in silences if answer is Answer.NO]
    open_end = [_witness(each, text) for each, answer, text in silences if answer is Answer.UNKNOWN]
    errors = _errors(history, asked)
    twice = _twice(history)
    latencies = [each.latency for each in asked if each.latency < math.inf]
    facts = {
        "requests": len(asked),
        "unanswered": len(silent),
        "answered twice": len(twice),
        "errors": len(errors),
        "p50": percentile(latencies, 50),
        "p99": percentile(latencies, 99),
        "slowest": max(latencies, default=math.nan),
    }
    if silent or twice or errors:
        counted = f"{len(silent)} unanswered, {len(twice)} answered twice, {len(errors)} errors without excuse"
        return broken(PROMISE, f"{counted}, of {len(asked)} requests", [*silent, *twice, *errors], **facts)
    if open_end:
        reason = f"{len(open_end)} of {len(asked)} requests were not waited for to the end"
        return unknown(PROMISE, reason, open_end, **facts)
    return kept(PROMISE, f"{len(asked)} requests, each answered once", **facts)


def _got_out(exchange: Exchange) -> bool:
    connection = exchange.connection
    return connection is None or connection.closed is None or exchange.request.at < connection.closed.at


def _failed(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, Failed)


def _silence(history: History, exchange: Exchange) -> tuple[Answer, str]:
    """NO: lost. UNKNOWN: the run ended too early to say. YES: excused."""
    request, closed = exchange.request, exchange.connection.closed if exchange.connection else None
    until = min(history.end, closed.at if closed else math.inf, exchange.answered)
    waited = until - request.at
    if exchange.connection is None and excused(proxy_ends(history, "stop", "kill"), request.at, until):
        return Answer.YES, "the proxy was being ended"
    if isinstance(exchange.answer, Failed) and "timeout" not in exchange.answer.reason.lower():
        return Answer.NO, f"no answer: {exchange.answer.reason}"
    if waited >= history.meta.patience:
        return Answer.NO, f"no answer in {waited:.1f} s"
    if closed is None:
        return Answer.UNKNOWN, f"no answer in {waited:.1f} s, when the run ended"
    return _closed(history, closed, waited)


def _closed(history: History, closed: Closed, waited: float) -> tuple[Answer, str]:
    if closed.by == "client":
        early = closed.at < history.settled
        return (Answer.YES if early else Answer.UNKNOWN), f"no answer in {waited:.1f} s, when the client left"
    if excused(proxy_ends(history, "kill"), closed.at, closed.at):
        return Answer.YES, "the proxy was killed"
    told = closed.code in TELLING_CODES or 3000 <= closed.code < 5000
    text = f"no answer in {waited:.1f} s, then closed with {closed.code} {closed.reason!r}"
    return (Answer.YES if told else Answer.NO), text


def _errors(history: History, asked: list[Exchange]) -> list[Witness]:
    lanes: tuple[Lane, ...] = ("ws", "http")
    no_node = {lane: outages(history, lane) for lane in lanes}
    lost = {lane: links_lost(history, lane) for lane in lanes}
    sends = {each.request.batch for each in asked if not is_read(each.request.method)} - {None}
    witnesses = []
    for exchange in asked:
        text = None if exchange.answer is None or _failed(exchange) else trouble(exchange)
        if text is None:
            continue
        request, until = exchange.request, exchange.answered
        read = is_read(request.method) and request.batch not in sends  # such a batch is carried out once, as a whole
        # a read could have gone to the node that came back: an error to it is excused only while there is still none
        # (when an error was given within a batch, nobody knows: it waits there for the other answers)
        since = until if read and request.batch is None else request.at
        unknown_outcome = not read and excused(lost[request.lane], request.at, until)
        if not unknown_outcome and not excused(no_node[request.lane], since, until):
            witnesses.append(_witness(exchange, f"{text}, though a node was usable"))
    return witnesses


def _twice(history: History) -> list[Witness]:
    return [
        Witness(
            stray.received.at,
            stray.received.client,
            f"another answer with id {stray.received.id}, whose request ({stray.asked.request.method}) had its own",
            (stray.asked.request, stray.received),
        )
        for stray in history.strays
        if stray.asked is not None
    ]


def _witness(exchange: Exchange, text: str) -> Witness:
    request = exchange.request
    name = f"{request.method or 'a text that is no request'} with id {request.id}"
    entries: tuple[Entry, ...] = (request,) if exchange.answer is None else (request, exchange.answer)
    return Witness(request.at, request.client, f"{name}: {text}", entries)
