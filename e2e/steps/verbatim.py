"""What a node says passes as it is: the very bytes, results and errors, over either lane."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson
from websockets.asyncio.client import connect

from e2e.steps.context import then, when
from e2e.steps.pages import ask_alone
from e2e.wait import TooLateError

if TYPE_CHECKING:
    from e2e.steps.context import Context

WITHIN: Final = 15.0  # seconds
SOMEWHERE: Final = f"0x{0xF00D:040x}"
# Error(string) as Solidity has it; the letters are those that writers of JSON write in different ways
REASON: Final = "no <more> & no less than 5 é".encode()
_REVERT: Final = b"\x08\xc3\x79\xa0" + b"".join(
    (32).to_bytes(32, "big") if word == 0 else len(REASON).to_bytes(32, "big") for word in range(2)
)
DATA: Final = _REVERT + REASON.ljust(32, b"\0")
# PUSH1 size, PUSH1 10, PUSH0, CODECOPY, PUSH1 size, PUSH0, REVERT, and what to revert with
REVERTS: Final = f"0x60{len(DATA):02x}600a5f3960{len(DATA):02x}5ffd{DATA.hex()}"

QUESTIONS: Final[dict[str, tuple[str, list[Any]]]] = {
    "a block": ("eth_getBlockByNumber", ["0x1", False]),
    "a call that reverts": ("eth_call", [{"to": SOMEWHERE}, "latest", {SOMEWHERE: {"code": REVERTS}}]),
    "a method that is not there": ("eth_noSuchMethod", []),
}


@when("I ask the proxy and a node, over HTTP and over WebSocket, for {first}, {second} and {third}")
def ask_both(context: Context, first: str, second: str, third: str) -> None:
    world = context.world
    direct, through = world.run.stage.testbed.urls(world.run.nodes[0].name), world.run.sut.endpoints
    for name in (first, second, third):
        method, params = QUESTIONS[name]
        text = orjson.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
        said = {f"{name} over HTTP": (_post(through.http, text), _post(direct.http, text))}
        said[f"{name} over WebSocket"] = (
            world.run.await_(_send, through.ws, text),
            world.run.await_(_send, direct.ws, text),
        )
        world.said |= said


@then("what the proxy says should be what the node says, byte for byte")
def same_bytes(context: Context) -> None:
    assert context.world.said, "nobody was asked"
    for name, (through, direct) in context.world.said.items():
        assert direct, f"{name}: the node says nothing"
        assert through == direct, f"{name}: the proxy says {through!r}, the node {direct!r}"


def _post(url: str, text: bytes) -> bytes:
    # as it is, and packed by nobody
    fields = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return ask_alone("POST", url, data=text, headers=fields, timeout=WITHIN).content.strip()


async def _send(url: str, text: bytes) -> bytes:
    async with connect(url, compression=None, ping_interval=None, close_timeout=1, proxy=None) as connection:
        await connection.send(text.decode())
        try:
            async with asyncio.timeout(WITHIN):
                answer = await connection.recv(decode=False)
        except TimeoutError:
            raise TooLateError(f"no answer within {WITHIN:g} s to {text[:200]!r}") from None
        return (answer if isinstance(answer, bytes) else answer.encode()).strip()
