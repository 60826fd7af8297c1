"""JSON-RPC to one execution node over its authenticated port: the Engine API, and `eth_` beside it.

Source: https://github.com/ethereum/execution-apis/tree/main/src/engine (authentication.md for the token).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

#: A request is waited for this long. Far beyond any pause of a test: what a paused node has in its socket it carries
#: out when it goes on, and a forgotten forkchoiceUpdated would then throw its head back behind our back.
REQUEST_LIMIT = 600.0
CONNECT_LIMIT = 1.0


class EngineUnavailableError(Exception):
    """Nobody answered: refused, reset, or not an Engine API."""


class EngineError(Exception):
    """The node answered with a JSON-RPC error."""


@dataclass(frozen=True, slots=True)
class LatestBlock:
    """What a node calls its latest block."""

    number: int
    hash: str
    parent: str
    timestamp: int


def bearer_token(secret: bytes, issued_at: int) -> str:
    """The HS256 token of the Engine API; a node takes it for 60 seconds around `issued_at` (Unix time)."""
    head = _base64url(b'{"typ":"JWT","alg":"HS256"}')
    claims = _base64url(orjson.dumps({"iat": issued_at}))
    signature = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class EngineClient:
    """One node. Calls raise `EngineUnavailableError` or `EngineError` and never give up early (see `REQUEST_LIMIT`)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: bytes) -> None:
        self._session = session
        self._url = url
        self._secret = secret
        self._ids = itertools.count(1)

    async def new_payload(self, parameters: bytes) -> dict[str, Any]:
        """engine_newPayloadV4 (Prague and Osaka) with the JSON text of its parameters; the PayloadStatus."""
        return dict(await self._call("engine_newPayloadV4", orjson.Fragment(parameters)))

    async def forkchoice_updated(
        self, state: dict[str, str], attributes: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], str | None]:
        """engine_forkchoiceUpdatedV3; the PayloadStatus, and the id of the payload if `attributes` asked for one."""
        answer = await self._call("engine_forkchoiceUpdatedV3", [state, attributes])
        return answer["payloadStatus"], answer["payloadId"]

    async def get_payload(self, payload_id: str) -> dict[str, Any]:
        """engine_getPayloadV5 (Osaka): executionPayload, executionRequests and more."""
        return dict(await self._call("engine_getPayloadV5", [payload_id]))

    async def _call(self, method: str, params: Any) -> Any:
        answer = await self._post(self._request(method, params))
        if not isinstance(answer, dict):
            raise EngineUnavailableError(f"{self._url} answered no JSON-RPC object: {answer!r}")
        if (error := answer.get("error")) is not None:
            raise EngineError(f"{method}: {error}")
        return answer.get("result")

    async def latest(self) -> LatestBlock:
        """The node's own head."""
        return await self.block("latest")

    async def block(self, tag: str) -> LatestBlock:
        """The block at `tag`: a tag of the RPC API ('latest', '0x0') or a block hash. Raises EngineError."""
        method = "eth_getBlockByHash" if len(tag) == 66 else "eth_getBlockByNumber"
        block = await self._call(method, [tag, False])
        if block is None:
            raise EngineError(f"{method}({tag}): the node has no such block")
        return LatestBlock(int(block["number"], 16), block["hash"], block["parentHash"], int(block["timestamp"], 16))

    async def send_transactions(self, raws: list[str]) -> None:
        """Offer signed transactions in one batch. What the pool refuses (known, nonce too low) is no error here."""
        if raws:
            await self._post([self._request("eth_sendRawTransaction", [raw]) for raw in raws])

    def _request(self, method: str, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    async def _post(self, body: Any) -> Any:
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {bearer_token(self._secret, int(time.time()))}",
        }
        limit = aiohttp.ClientTimeout(total=REQUEST_LIMIT, sock_connect=CONNECT_LIMIT)
        try:
            async with self._session.post(self._url, data=orjson.dumps(body), headers=headers, timeout=limit) as answer:
                raw = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise EngineUnavailableError(f"{self._url}: {error or type(error).__name__}") from error
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise EngineUnavailableError(f"{self._url} answered {answer.status}: {raw[:200]!r}") from error
