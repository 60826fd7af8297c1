"""Messages that come out otherwise than they went in, and answers to somebody else's question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson

from mutants.catalogue import STEPS, mutant
from mutants.continuity import STALLED
from mutants.health import FAILS_BY_ITSELF
from mutants.patch import edit, swap
from proxy.session import continuity
from proxy.session.desk import Desk
from proxy.session.heads import Chain
from proxy.shell import http
from proxy.shell.http import ExecutionLayer

if TYPE_CHECKING:
    from proxy.session.calls import Call
    from proxy.session.logs import Log
    from proxy.shell.connection import Connection
    from proxy.shell.reading import Request

VERBATIM: Final = "routing: What a node says passes byte for byte"
RESULT: Final = b'"result":'


@mutant(
    "Answers are kept by method alone: whoever calls gets what the first caller got.",
    caught_by=("answers_fit",),
    shown_by=("reconnection: Regular requests work after WebSocket reconnection",),
)
def mixes_calls_up() -> None:
    kept: dict[str, bytes] = {}

    def answer(desk: Desk, call: Call, text: bytes) -> None:
        before, found, result = text.partition(RESULT)
        if found and call.request.method == "eth_call":
            text = before + found + kept.setdefault("eth_call", result)
        original(desk, call, text)

    original = swap(Desk, "answer", answer)


@mutant(
    "Over HTTP the head of the chain is answered from a cache, for ever.",
    caught_by=("answers_fit",),
    shown_by=(FAILS_BY_ITSELF,),
)
def caches_the_head() -> None:
    kept: list[int | None] = []

    def handle(layer: ExecutionLayer, request: Request, connection: Connection) -> None:
        call: Any = orjson.loads(request.body) if b"eth_blockNumber" in request.body else None
        if not isinstance(call, dict):
            original(layer, request, connection)
            return
        kept.append(layer._monitor.snapshot.el_head)
        start = request.body.index(b'"id":') + 5
        shown = request.body[start : request.body.index(b',"method"')]
        text = b'{"jsonrpc":"2.0","id":%b,"result":"%b"}' % (shown, hex(kept[0] or 0).encode())
        http._answer(connection, 200, text)

    original = swap(ExecutionLayer, "handle", handle)


@mutant(
    "Answers are read and written anew.",
    caught_by=(STEPS,),
    shown_by=(VERBATIM,),
)
def writes_answers_anew() -> None:
    def answer(desk: Desk, call: Call, text: bytes) -> None:
        before, found, result = text.partition(RESULT)
        if found:
            again = json.dumps(orjson.loads(b"{" + found + result))
            text = before + again[1:].encode()
        original(desk, call, text)

    original = swap(Desk, "answer", answer)


@mutant(
    "Of a node's error code and message are passed on, and what else it holds is not: why a call reverts.",
    caught_by=(STEPS,),
    shown_by=(VERBATIM,),
)
def drops_what_an_error_holds() -> None:
    def answer(desk: Desk, call: Call, text: bytes) -> None:
        start = text.find(b',"data":')
        original(desk, call, text if start < 0 or b'"promise"' in text else text[:start] + b"}}")

    original = swap(Desk, "answer", answer)


@mutant(
    "Over HTTP a request id is read as a number that a double holds, and written anew.",
    mode="mode.S6",
    caught_by=("answered_once", "no_strangers", STEPS),
    shown_by=("routing: A healthy primary is asked, a backup is not",),
)
def rewrites_ids_over_http() -> None:
    again = """json = __import__("json")
    try:
        request.body = json.dumps(json.loads(request.body, parse_int=lambda text: int(float(text)))).encode()
    except ValueError:
        pass
    call = _read_call(request.body)"""
    edit(ExecutionLayer, "handle", "call = _read_call(request.body)", again)


@mutant(
    "Of heads that were fetched a client is told little more than their numbers.",
    mode="mode.S4",
    caught_by=("heads_continuous",),
    shown_by=(STALLED,),
)
def tells_heads_in_part() -> None:
    names = ("number", "hash", "parentHash", "timestamp")
    swap(Chain, "header", lambda _chain, head: orjson.dumps({name: head.fields[name] for name in names}))


@mutant(
    "Logs that were fetched come without their data.",
    mode="mode.S4",
    caught_by=("heads_continuous",),
    shown_by=(STALLED,),
)
def tells_logs_in_part() -> None:
    def log_text(log: Log) -> bytes:
        return orjson.dumps({**log.fields, "removed": log.removed, "data": "0x"})

    swap(continuity, "log_text", log_text)
