"""What a node answers: pure functions of its view of the chain."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from simulation.chain import Block, Log, View

STREAMS = frozenset({"newHeads", "logs", "newPendingTransactions", "syncing"})
# what a slow node is slow at: a session gives a node up whose errands (blocks, logs) take this long
SLOW = frozenset({"eth_call", "eth_getBalance", "eth_sendRawTransaction"})
IDENTITY = "0x" + "4".rjust(40, "0")  # the precompiled contract that returns its input
REVERTS = "0x" + "dead".rjust(40, "0")


class Wanted(NamedTuple):
    """A filter of logs; None: any."""

    address: str | None
    topic: str | None

    def __call__(self, log: Log) -> bool:
        return self.address in (None, log.address) and self.topic in (None, log.topic)


def wanted(given: Any) -> Wanted:
    given = given if isinstance(given, dict) else {}
    topics = given.get("topics") or [None]
    return Wanted(given.get("address"), topics[0])


def error(code: int, message: str) -> bytes:
    return b'"error":%b' % orjson.dumps({"code": code, "message": message})


def refusal() -> bytes:
    return error(-32601, "this subscription is not supported")


def unknown_subscription() -> bytes:
    return error(-32000, "subscription not found")


def answer(view: View, method: str, params: Any) -> bytes:
    """The member of the answer: b'"result":…' or b'"error":…'."""
    handler = _HANDLERS.get(method)
    if handler is None:
        return error(-32601, f"the method {method} does not exist")
    try:
        member: bytes = handler(view, params if isinstance(params, list) else [])
    except (LookupError, TypeError, ValueError, AttributeError):
        return error(-32602, "invalid argument")
    return member


def _block_number(view: View, _params: list[Any]) -> bytes:
    return b'"result":"0x%x"' % view.tip.number


def _balance(_view: View, params: list[Any]) -> bytes:
    return b'"result":"0x%x"' % (int(params[0], 16) % 10**18)


def _call(_view: View, params: list[Any]) -> bytes:
    if params[0]["to"] == REVERTS:
        return error(3, "execution reverted")
    return b'"result":%b' % orjson.dumps(params[0]["data"])


def _find(view: View, name: str) -> Block | None:
    return view.tip if name == "latest" else view.at(int(name, 16))


def _block(found: Block | None) -> bytes:
    return b'"result":null' if found is None else b'"result":%b' % found.full


def _by_number(view: View, params: list[Any]) -> bytes:
    return _block(_find(view, params[0]))


def _by_hash(view: View, params: list[Any]) -> bytes:
    return _block(view.by_hash(params[0]))


def _logs(view: View, params: list[Any]) -> bytes:
    wants = wanted(params[0])
    first = _find(view, params[0].get("fromBlock", "latest"))
    last = _find(view, params[0].get("toBlock", "latest"))
    if first is None or last is None:
        return error(-32000, "block range extends beyond current head block")
    texts = []
    for number in range(first.number, last.number + 1):
        block = view.at(number)
        texts += [log.text for log in (() if block is None else block.logs) if wants(log)]
    return b'"result":[%b]' % b",".join(texts)


def _send(_view: View, params: list[Any]) -> bytes:
    return b'"result":"0x%b"' % hashlib.sha256(params[0].encode()).hexdigest().encode()


_HANDLERS: dict[str, Any] = {
    "eth_blockNumber": _block_number,
    "eth_chainId": lambda _view, _params: b'"result":"0x539"',
    "net_version": lambda _view, _params: b'"result":"1337"',
    "eth_getBalance": _balance,
    "eth_call": _call,
    "eth_getBlockByNumber": _by_number,
    "eth_getBlockByHash": _by_hash,
    "eth_getLogs": _logs,
    "eth_sendRawTransaction": _send,
}
