"""Asking nodes how they are: one probe, one observation. Nothing here judges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson

from proxy.health import Answered, Failed

if TYPE_CHECKING:
    from proxy.health import Observation
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure, Link
    from proxy.shell.pool import Pool

_JSON: Final = b"Content-Type: application/json\r\n"
_MAX_ANSWER: Final = 1 << 20
# how fronts refuse a method that they do not carry
_NO_SUCH_METHOD: Final = frozenset((400, 403, 404, 405, 501))
_NUMBERS: Final = range(1 << 63)  # of blocks and slots; what is none can neither be shown nor compared


class ProbeError(Exception):
    """The probe brought no answer; `refused`: nobody listens."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class _Answer:
    """A receiver that keeps a small response for somebody who awaits it."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.body = b""
        self.link: Link | None = None

    def on_written(self, link: Link) -> None:
        self.link = link

    def on_head(self, head: ResponseHead) -> None:
        self.status = head.status

    def on_body(self, data: bytes) -> None:
        self.body += data
        if len(self.body) > _MAX_ANSWER and self.link is not None:
            self.link.abort()
            self._fail(ProbeError("an endless answer"))

    def on_end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def on_whole(self, head: ResponseHead, body: bytes) -> None:
        self.status, self.body = head.status, body
        self.on_end()

    def on_failure(self, failure: Failure) -> None:
        self._fail(ProbeError(failure.reason, refused=failure.refused))

    def _fail(self, error: ProbeError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def ask(pool: Pool, request: bytes, *, new: bool) -> tuple[int, bytes]:
    """Status and body of the response; `new`: over a connection of its own. Raises ProbeError."""
    answer = _Answer()
    pool.send(request, answer, new=new)
    try:
        await answer.done
    except asyncio.CancelledError:
        if answer.link is not None:
            answer.link.abort()
        pool.withdraw(answer)
        raise
    else:
        return answer.status, answer.body
    finally:
        del answer  # it holds the error, and that this frame


async def _ask_in_time(pool: Pool, request: bytes, *, new: bool) -> tuple[int, bytes]:
    """As `ask`, but once more if a kept connection turns out to be closed."""
    try:
        return await ask(pool, request, new=new)
    except ProbeError as error:
        if new or error.refused:
            raise
        return await ask(pool, request, new=True)


async def probe_execution(pool: Pool, limit: float, *, new: bool) -> Observation:
    """Whether the node syncs, and its block number; `limit` (seconds) is for all of it."""
    try:
        async with asyncio.timeout(limit):
            status, answer = await _call(pool, b"eth_syncing", new=new)
            # a node that does not know eth_syncing answers with an error: that is no reason to leave it
            syncing = {} if status in _NO_SUCH_METHOD else _object(status, answer)
            number = _object(*await _call(pool, b"eth_blockNumber", new=False))
    except TimeoutError:
        return Failed(f"no answer in {limit:g} s")
    except ProbeError as error:
        return Failed(str(error), refused=error.refused)
    if "result" not in number:
        return Failed("eth_blockNumber was answered with an error")
    try:
        return Answered(_number(number["result"], 16), syncing=syncing.get("result") not in (None, False))
    except (TypeError, ValueError):
        return Failed("eth_blockNumber was not answered with a number")


async def _call(pool: Pool, method: bytes, *, new: bool) -> tuple[int, bytes]:
    body = b'{"jsonrpc":"2.0","id":1,"method":"%b","params":[]}' % method
    request = pool.endpoint.request(b"POST", b"", b"", _JSON, body)
    return await _ask_in_time(pool, request, new=new)


def _object(status: int, answer: bytes) -> dict[str, Any]:
    if status != 200:
        raise ProbeError(f"HTTP {status}")
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise ProbeError("not answered with JSON") from None
    if not isinstance(value, dict):
        raise ProbeError("not answered with a JSON object")
    return value


def _number(text: str, base: int) -> int:
    """A block number or slot; raises TypeError or ValueError where it is none."""
    number = int(text, base)
    if number not in _NUMBERS:
        raise ValueError(text[:32])
    return number


async def probe_consensus(pool: Pool, limit: float, *, new: bool) -> Observation:
    """Whether the node says that it is well, and its head slot; `limit` (seconds) is for all of it."""
    try:
        async with asyncio.timeout(limit):
            status, _ = await _ask_in_time(pool, _get(pool, b"/eth/v1/node/health"), new=new)
            if status not in (200, 206):
                return Failed(f"HTTP {status} of /eth/v1/node/health")
            head = await _ask_in_time(pool, _get(pool, b"/eth/v1/beacon/headers/head"), new=False)
            slot = _number(str(_object(*head)["data"]["header"]["message"]["slot"]), 10)
    except TimeoutError:
        return Failed(f"no answer in {limit:g} s")
    except ProbeError as error:
        return Failed(str(error), refused=error.refused)
    except (KeyError, TypeError, ValueError):
        return Failed("/eth/v1/beacon/headers/head names no slot")
    return Answered(slot, syncing=status == 206)


def _get(pool: Pool, path: bytes) -> bytes:
    return pool.endpoint.request(b"GET", path, b"", b"Accept: application/json\r\n", None)
