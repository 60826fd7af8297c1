"""Whether an answer is a proper one: a result, or an error that the application itself asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Failed, Received

if TYPE_CHECKING:
    from e2e.ledger.exchanges import Exchange

APPLICATION_CODES = frozenset({3, -32700, -32600, -32601, -32602})
"""JSON-RPC 2.0's own complaints about a request, and 3: execution reverted."""

_APPLICATION_WORDS = re.compile(
    "revert|nonce|insufficient|already known|underpriced|intrinsic gas|gas limit|invalid (sender|opcode|argument)"
    "|(header|block|filter|transaction|state|subscription) .*not (found|available)|unknown (block|account)"
    "|not supported|missing trie node|out of gas|execution",
    re.IGNORECASE,
)

_READS = re.compile(
    "eth_(get|block|call|chain|estimate|gas|max|fee|sync|accounts|protocol|create|simulate|blob|subscribe|unsubscribe|"
    "new|uninstall|coinbase|hashrate|mining)|net_|web3_|txpool_|trace_|rpc_|debug_(trace|get|account|storage)",
)


def is_read(method: str) -> bool:
    """Whether a method is known to have no side effects, so that it may be sent twice. Text that is no request is."""
    return not method or bool(_READS.match(method))


def trouble(exchange: Exchange) -> str | None:
    """Why an answered request was served badly, None if it was served. An application's error is a good answer."""
    answer = exchange.answer
    if isinstance(answer, Failed):
        return answer.reason
    if not isinstance(answer, Received):
        return None
    if not isinstance(answer.frame, dict):
        return f"HTTP {answer.status} without a JSON-RPC answer: {str(answer.frame)[:80]!r}"
    if not exchange.request.method and answer.frame.get("error") is not None:
        return None  # what is no request has no other answer than an error
    return _error(answer.frame.get("error")) if answer.frame.get("error") is not None else None


def _error(error: Any) -> str | None:
    if not isinstance(error, dict):
        return f"an error that is no object: {error!r}"
    code, message = error.get("code"), str(error.get("message", ""))
    if code in APPLICATION_CODES or (code == -32000 and _APPLICATION_WORDS.search(message)):
        return None
    return f"error {code}: {message}"
