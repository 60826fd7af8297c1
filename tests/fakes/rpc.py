"""What a fake node knows: JSON-RPC answers out of a chain."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from e2e.traffic.profiles import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.fakes.chain import Block, Chain


class RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        self.error = {"code": code, "message": message}


class Rpc:
    """`claim` is a head to boast of; `frozen_at` stops following the chain there; `errors` maps methods to errors.

    `id_type` is how ids come back: as they were sent, or as text.
    """

    def __init__(self, name: str, chain: Chain) -> None:
        self.name = name
        self.chain = chain
        self.syncing: Any = False
        self.claim: int | None = None
        self.frozen_at: int | None = None
        self.errors: dict[str, tuple[int, str]] = {}
        self.id_type: Literal["same", "text"] = "same"
        self.sent_transactions: list[str] = []
        self.pending: Callable[[str], None] | None = None

    @property
    def head(self) -> int:
        return self.chain.head.number if self.frozen_at is None else min(self.frozen_at, self.chain.head.number)

    def freeze(self) -> None:
        """Lag behind from now on; `frozen_at = None` undoes it."""
        self.frozen_at = self.head

    def answer(self, request: dict[str, Any], subscribe: Callable[[list[Any]], str | int] | None) -> dict[str, Any]:
        """The answer to one request; `subscribe` makes subscriptions where that is possible."""
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request.get("id")}
        if self.id_type == "text":
            answer["id"] = str(answer["id"])
        try:
            answer["result"] = self._result(str(request.get("method")), request.get("params") or [], subscribe)
        except RpcError as error:
            answer["error"] = error.error
        return answer

    def _result(self, method: str, params: list[Any], subscribe: Callable[[list[Any]], str | int] | None) -> Any:
        if method in self.errors:
            raise RpcError(*self.errors[method])
        if method == "eth_subscribe" and subscribe is not None:
            return subscribe(params)
        known = getattr(self, f"_{method}", None)
        if known is None:
            raise RpcError(-32601, f"the method {method} does not exist/is not available")
        try:
            return known(*params)
        except (TypeError, ValueError) as error:
            raise RpcError(-32602, f"invalid params: {error}") from error

    def _web3_clientVersion(self) -> str:  # noqa: N802 - the method's name
        return self.name

    def _net_version(self) -> str:
        return "1337"

    def _eth_chainId(self) -> str:  # noqa: N802 - the method's name
        return hex(1337)

    def _eth_syncing(self) -> Any:
        return self.syncing

    def _eth_blockNumber(self) -> str:  # noqa: N802 - the method's name
        return hex(self.head if self.claim is None else self.claim)

    def _eth_getBalance(self, *_: Any) -> str:  # noqa: N802 - the method's name
        return "0xde0b6b3a7640000"

    def _eth_call(self, call: dict[str, Any], *_: Any) -> str:
        """Reverts on data 0xdead; the identity contract echoes; else as many bytes as `gas` says."""
        if call.get("data") == "0xdead":
            raise RpcError(3, "execution reverted")
        if call.get("to") == IDENTITY:
            return str(call["data"])
        return "0x" + "ab" * int(str(call.get("gas", "0x20")), 16)

    def _eth_sendRawTransaction(self, raw: str) -> str:  # noqa: N802 - the method's name
        self.sent_transactions.append(raw)
        digest = "0x" + hashlib.sha256(raw.encode()).hexdigest()
        if self.pending is not None:
            self.pending(digest)
        return digest

    def _eth_getBlockByNumber(self, number: str, *_: Any) -> dict[str, Any] | None:  # noqa: N802 - the method's name
        wanted = self.head if number in ("latest", "pending") else int(number, 16)
        return self.chain.blocks[wanted].header() if 0 <= wanted <= self.head else None

    def _eth_getBlockByHash(self, wanted: str, *_: Any) -> dict[str, Any] | None:  # noqa: N802 - the method's name
        return next((block.header() for block in self._blocks() if block.hash == wanted), None)

    def _eth_getLogs(self, query: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802 - the method's name
        if "blockHash" in query:
            return [block.log() for block in self._blocks() if block.hash == query["blockHash"]]
        first, last = (self._number(query.get(key, "latest")) for key in ("fromBlock", "toBlock"))
        return [block.log() for block in self._blocks() if first <= block.number <= last]

    def _number(self, text: str) -> int:
        return self.head if text == "latest" else int(text, 16)

    def _blocks(self) -> Sequence[Block]:
        return self.chain.blocks[: self.head + 1]
