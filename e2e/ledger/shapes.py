"""Which results a method can have, by form alone: enough to tell an answer from another method's answer."""

from __future__ import annotations

import re
from typing import Any

_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)", re.IGNORECASE)
_HASH = re.compile(r"0x[0-9a-f]{64}", re.IGNORECASE)
_DATA = re.compile(r"0x[0-9a-fA-F]*")  # one class over and over: a group in its place takes fifty times as long


def _quantity(bits: int) -> Any:
    def fits(result: Any) -> bool:
        return isinstance(result, str) and bool(_QUANTITY.fullmatch(result)) and (len(result) - 2) * 4 <= bits

    return fits


def _text(result: Any) -> bool:
    return isinstance(result, str) and bool(result)


def _hash(result: Any) -> bool:
    return isinstance(result, str) and bool(_HASH.fullmatch(result))


def _data(result: Any) -> bool:
    return isinstance(result, str) and len(result) % 2 == 0 and bool(_DATA.fullmatch(result))


def _block(result: Any) -> bool:
    return result is None or (isinstance(result, dict) and "number" in result and "parentHash" in result)


def _transaction(result: Any) -> bool:
    return result is None or (isinstance(result, dict) and ("transactionHash" in result or "nonce" in result))


def _is(*kinds: type) -> Any:
    return lambda result: isinstance(result, kinds)


_RESULTS: dict[str, Any] = {
    "eth_blockNumber": _quantity(64),
    "eth_chainId": _quantity(64),
    "eth_estimateGas": _quantity(64),
    "eth_gasPrice": _quantity(96),  # a subscription id of geth has 128 bits, no price ever has
    "eth_maxPriorityFeePerGas": _quantity(96),
    "eth_getTransactionCount": _quantity(64),
    "eth_getBlockTransactionCountByNumber": _quantity(64),
    "eth_getBalance": _quantity(256),
    "eth_getStorageAt": _hash,
    "eth_getCode": _data,
    "eth_call": _data,
    "eth_getBlockByNumber": _block,
    "eth_getBlockByHash": _block,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _transaction,
    "eth_getBlockReceipts": _is(list, type(None)),
    "eth_getLogs": _is(list),
    "eth_feeHistory": _is(dict),
    "eth_syncing": _is(bool, dict),
    "eth_accounts": _is(list),
    "eth_sendRawTransaction": _hash,
    "eth_sendTransaction": _hash,
    "eth_subscribe": _text,
    "eth_unsubscribe": _is(bool),
    "net_version": lambda result: isinstance(result, str) and result.isdigit(),
    "net_listening": _is(bool),
    "net_peerCount": _quantity(64),
    "web3_clientVersion": lambda result: _text(result) and not result.startswith("0x"),
    "web3_sha3": _hash,
}


def fits(method: str, frame: Any) -> bool:
    """Whether `frame` can be an answer to `method`: an error always, a result by its form. Unknown methods: any."""
    if not isinstance(frame, dict) or ("result" in frame) == (frame.get("error") is not None):
        return False
    if "result" not in frame:
        return True
    known = _RESULTS.get(method)
    return known is None or bool(known(frame["result"]))


_LONG = 26  # characters: quantities are shorter but for a whale's balance, subscription ids of most nodes are longer


def closeness(method: str, frame: Any) -> int:
    """How well `frame` goes with `method`, to choose among several: 0 does not fit, 1 may, 2 looks like it."""
    if not fits(method, frame):
        return 0
    result = frame.get("result")
    if method not in _RESULTS:
        return 1
    if isinstance(result, str) and result.startswith("0x") and not _HASH.fullmatch(result):
        return 2 if (method == "eth_subscribe") == (len(result) >= _LONG) else 1
    return 2
