"""JSON-RPC 2.0 as bytes: where the id stands, what was asked, what may be asked twice.

Payloads are never re-encoded. A message is cut where its id stands and put together again with another id, so what a
client or a node wrote passes byte for byte, digits of numbers and order of keys included.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import orjson
from msgspec import Struct

from proxy.spans import elements, id_span, value_span

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
NO_METHOD: Final = -32601
INTERNAL_ERROR: Final = -32603
NO_NODE: Final = -32050
TIMED_OUT: Final = -32051
OUTCOME_UNKNOWN: Final = -32052
QUEUE_FULL: Final = -32053
NODE_FAILED: Final = -32054
TOO_LARGE: Final = -32055

# Everything that is not in here is written to at most one node. Filters are node-local state that a poll consumes, so
# eth_newFilter and its relatives are not reads.
_READS: Final = frozenset(
    f"{space}_{name}"
    for space, names in {
        "eth": (
            "accounts baseFee blobBaseFee blockNumber call callMany chainId coinbase config createAccessList "
            "estimateGas feeHistory gasPrice getAccount getBalance getBlockByHash getBlockByNumber "
            "getBlockReceipts getBlockTransactionCountByHash getBlockTransactionCountByNumber getCode "
            "getHeaderByHash getHeaderByNumber getLogs getProof getRawTransactionByBlockHashAndIndex "
            "getRawTransactionByBlockNumberAndIndex getRawTransactionByHash getStorageAt "
            "getTransactionByBlockHashAndIndex getTransactionByBlockNumberAndIndex getTransactionByHash "
            "getTransactionCount getTransactionReceipt getUncleByBlockHashAndIndex getUncleByBlockNumberAndIndex "
            "getUncleCountByBlockHash getUncleCountByBlockNumber hashrate maxPriorityFeePerGas mining "
            "protocolVersion simulateV1 syncing"
        ),
        "net": ("listening peerCount version"),
        "rpc": ("modules"),
        "txpool": ("content contentFrom inspect status"),
        "web3": ("clientVersion sha3"),
        "debug": (
            "getBadBlocks getRawBlock getRawHeader getRawReceipts getRawTransaction storageRangeAt accountRange "
            "traceBlock traceBlockByHash traceBlockByNumber traceCall traceCallMany traceTransaction"
        ),
        "trace": (
            "block call callMany filter get rawTransaction replayBlockTransactions replayTransaction transaction"
        ),
    }.items()
    for name in names.split()
)


def is_read(method: str) -> bool:
    """Whether `method` may be sent to a second node after a first one failed to answer."""
    return method in _READS


class Request(Struct, frozen=True, gc=False):
    """One request as the client wrote it: `data` is its text, in which the id stands at data[start:end].

    `id` is the JSON text of the id (b'1.0', b'"a"', b'null'); None for a notification.
    """

    id: bytes | None
    method: str
    data: bytes
    start: int = 0
    end: int = 0

    @property
    def params(self) -> Any:
        """Parsed when somebody asks: most requests are never looked into. None, too, where a number is no double."""
        try:
            return orjson.loads(self.data).get("params")
        except orjson.JSONDecodeError:
            return None

    def text(self, as_id: bytes) -> bytes:
        """The request under another id (bytes of JSON)."""
        return self.data if self.id is None else self.data[: self.start] + as_id + self.data[self.end :]


class Invalid(NamedTuple):
    """What is not a request, and the whole answer that it deserves."""

    answer: bytes


class Batch(NamedTuple):
    """The elements of a batch, in order; never empty."""

    items: tuple[Request | Invalid, ...]


Parsed: TypeAlias = Request | Batch | Invalid


def error_body(id_raw: bytes | None, code: int, message: str, data: dict[str, Any] | None = None) -> bytes:
    """An error answer of our own. `id_raw` is the JSON text of the id; None where it could not be read (null)."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (id_raw or b"null", orjson.dumps(error))


class _Usual(Struct, gc=False):
    method: str
    id: int


_usual: Final = msgspec.json.Decoder(_Usual).decode
# bytes; too few to be nested deeper than orjson reads (1024): how deep msgspec skips depends on the interpreter
_SHORT: Final = 2048
_BACKSLASH: Final = ord("\\")  # looked for as a number, it costs a fifth of what it does as bytes
_ID_TYPES: Final = frozenset((str, int, float, type(None)))


def parse(data: bytes, most: int | None = None) -> Parsed:
    """Read what a client sent. Invalid JSON and what is no request come back as `Invalid`, never as an exception.

    `most`: how many elements a batch may have, if that is bounded.
    """
    # The usual request takes half of the time of others: ASCII, because msgspec does not decode what it skips; a whole
    # number as id, not the last member; nothing else of that name; no escapes, so there is one way only to write it.
    if len(data) < _SHORT and data.isascii() and _BACKSLASH not in data and data.count(b'"id"') == 1:
        try:
            usual = _usual(data)
        except (msgspec.MsgspecError, RecursionError):
            return _parse(data, most)
        member = b'"id":%d,' % usual.id
        at = data.find(member)
        if at >= 0:
            return Request(member[5:-1], usual.method, data, at + 5, at + len(member) - 1)
    return _parse(data, most)


def _parse(data: bytes, most: int | None = None) -> Parsed:
    """`parse`, of any message."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return Invalid(error_body(None, PARSE_ERROR, f"Parse error: {error}"))
    if type(value) is list:
        if not value:
            return Invalid(error_body(None, INVALID_REQUEST, "Invalid Request: the batch is empty"))
        if most is not None and len(value) > most:
            return Invalid(error_body(None, INVALID_REQUEST, f"Invalid Request: a batch may hold {most} requests"))
    try:
        if type(value) is list:
            return Batch(tuple(_request(item, text) for item, text in zip(value, elements(data), strict=True)))
        return _request(value, data)
    except RecursionError:  # orjson goes 1024 deep; others as far as the interpreter, which has gone some way here
        return Invalid(error_body(None, PARSE_ERROR, "Parse error: nested too deep"))


def _request(value: Any, data: bytes) -> Request | Invalid:
    if type(value) is not dict:
        return Invalid(error_body(None, INVALID_REQUEST, "Invalid Request: a request is a JSON object"))
    method = value.get("method")
    if "id" not in value:
        if type(method) is not str:
            return Invalid(error_body(None, INVALID_REQUEST, 'Invalid Request: "method" is not a string'))
        return Request(None, method, data)
    if type(value["id"]) not in _ID_TYPES:
        return Invalid(error_body(None, INVALID_REQUEST, 'Invalid Request: "id" is neither string, number nor null'))
    start, end = id_span(data)
    if type(method) is not str:
        return Invalid(error_body(data[start:end], INVALID_REQUEST, 'Invalid Request: "method" is not a string'))
    return Request(data[start:end], method, data, start, end)


# where the code of an error stands in any answer that is one
_ERROR_BY: Final = 256
_INTERNAL_ERROR_TEXT: Final = b"%d" % INTERNAL_ERROR
_GZIP: Final = b"\x1f\x8b"
_ERROR_MOST: Final = 64 * 1024  # bytes of an answer that was packed, and is read as an error


def is_internal_error(answer: bytes) -> bool:
    """Whether a node says that it failed by itself: of all codes only -32603 does (JSON-RPC 2.0, section 5.1).

    A revert, bad params, a nonce too low and whatever else depends on the request alone have other codes.
    """
    if answer.startswith(_GZIP):
        answer = _unpacked(answer)
    if answer.find(_INTERNAL_ERROR_TEXT, 0, _ERROR_BY) < 0:
        return False
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return False
    error = value.get("error") if type(value) is dict else None
    return type(error) is dict and error.get("code") == INTERNAL_ERROR


def _unpacked(answer: bytes) -> bytes:
    """An answer that was packed with gzip, as most clients ask for; nothing if it cannot be, or is not all here."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(answer, _ERROR_MOST)
    except zlib.error:
        return b""
    return plain if unpacking.eof else b""


class NodeAnswer(Struct, frozen=True, gc=False):
    """What a node answered: `data[:start] + data[end:]` is the answer around its id.

    `id` is the JSON text of the id without quotes: nodes that answer 7 with "7" are understood. `is_error`: it has an
    "error", whether or not a "result" of null stands before it.
    """

    id: bytes
    start: int
    end: int
    is_error: bool


class NodeEvent(Struct, frozen=True, gc=False):
    """What a node announced: `subscription` is the subscription id as orjson writes it, which stands at
    data[start:end]."""

    subscription: bytes
    start: int
    end: int


# the layouts of geth, reth and erigon; other orders of the keys take the way through orjson
_ANSWER: Final = re.compile(rb'\{"jsonrpc":"2\.0","id":(\d+),"(?:(?:result":null,")?(error)|result)":').match
# nethermind writes the id last: what stands before the closing brace of valid JSON is a member of the whole answer
_ANSWER_FIRST: Final = re.compile(
    rb'\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"(?:(?:result"\s*:\s*null\s*,\s*")?(error)|result)"\s*:'
).match
_ID_LAST: Final = re.compile(rb',\s*"id"\s*:\s*("\d+"|\d+)\s*\}\s*$').search
_LONGEST_TAIL: Final = 64
# pretty-printed, or with the id before all else, or as text
_ANSWER_ROOMY: Final = re.compile(
    rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*("\d+"|\d+)\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
    rb'"(?:(?:result"\s*:\s*null\s*,\s*")?(error)|result)"\s*:'
).match
_EVENT: Final = re.compile(rb'\{"jsonrpc":"2\.0","method":"\w+","params":\{"subscription":("[^"\\]*"|\d+),').match


def read_node(data: bytes) -> NodeAnswer | NodeEvent | None:
    """Read a frame of a node; None for what is neither an answer nor an event."""
    match = _ANSWER(data)
    if match is not None:
        start, end = match.span(1)
        return NodeAnswer(match[1], start, end, match.lastindex == 2)
    match = _EVENT(data)
    if match is not None:
        return NodeEvent(match[1], match.start(1), match.end(1))
    first = _ANSWER_FIRST(data)
    match = first and _ID_LAST(data, max(0, len(data) - _LONGEST_TAIL))
    if first is not None and match is not None:
        return NodeAnswer(match[1].strip(b'"'), match.start(1), match.end(1), first.lastindex == 1)
    match = _ANSWER_ROOMY(data)
    if match is not None:
        return NodeAnswer(match[1].strip(b'"'), match.start(1), match.end(1), match.lastindex == 2)
    try:
        return _read_thoroughly(data)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def _read_thoroughly(data: bytes) -> NodeAnswer | NodeEvent | None:
    """`read_node`, of any frame."""
    value = orjson.loads(data)
    if type(value) is not dict:
        return None
    if "id" in value and ("result" in value or "error" in value):
        start, end = id_span(data)
        return NodeAnswer(data[start:end].strip(b'"'), start, end, "error" in value)
    if isinstance(value.get("params"), dict) and "subscription" in value["params"]:
        start, end = value_span(data, "params", "subscription")
        # names are compared: however it was escaped, one name is one text
        return NodeEvent(orjson.dumps(value["params"]["subscription"]), start, end)
    return None
