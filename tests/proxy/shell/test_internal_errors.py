"""H8 in JSON-RPC: a node that answers -32603, or with what is no answer, fails by itself, if its peers do not."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import Running, call, running, until
from tests.proxy.shell.wire import TEXT, Wire, frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proxy.nodes import Node

pytestmark = pytest.mark.anyio


def fail(nodes: Iterable[FakeNode], method: str, code: int) -> None:
    for node in nodes:
        node.rpc.errors[method] = (code, "it went wrong")


async def failing_methods(proxy: Running) -> list[Any]:
    status = (await proxy.get("/status")).json
    return [node["failing_methods"] for node in status["el_nodes"]]


async def test_h8_reads_at_which_a_node_fails_by_itself_go_elsewhere_and_health_says_so() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        fail([a], "eth_getLogs", -32603)
        for _ in range(8):
            assert len((await proxy.post(call("eth_getLogs", {"fromBlock": "0x1"}))).json["result"]) == 10
            assert (await proxy.post(call("web3_clientVersion"))).json["result"] == "a"
        assert a.http.count("eth_getLogs") == 3
        assert await failing_methods(proxy) == [["eth_getLogs"], []]
        assert await proxy.metric('vixy_el_node_failing_methods{node="a",tier="primary"}') == 1


async def test_h8_an_error_that_is_packed_is_one_too() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"it went wrong"}}'
        a.http.canned["eth_getLogs"] = Canned(headers=[(b"Content-Encoding", b"gzip")], body=gzip.compress(error))
        assert len((await proxy.post(call("eth_getLogs", {"fromBlock": "0x1"}))).json["result"]) == 10
        assert b.http.count("eth_getLogs") == 1


async def test_h8_a_request_at_which_all_nodes_fail_is_to_blame_by_itself() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        fail([a, b], "eth_call", -32603)
        for _ in range(8):
            assert (await proxy.post(call("eth_call", {}))).json["error"]["code"] == -32603
        assert await failing_methods(proxy) == [[], []]


@pytest.mark.parametrize("code", [3, -32000, -32601, -32602])
async def test_other_errors_are_answers_and_never_retried(code: int) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        fail([a], "eth_call", code)
        for _ in range(4):
            assert (await proxy.post(call("eth_call", {}))).json["error"]["code"] == code
        assert b.http.count("eth_call") == 0
        assert await failing_methods(proxy) == [[], []]


async def test_a_send_at_which_a_node_fails_by_itself_is_not_sent_again() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        fail([a], "eth_sendRawTransaction", -32603)
        assert (await proxy.post(call("eth_sendRawTransaction", "0x01"))).json["error"]["code"] == -32603
        assert b.http.count("eth_sendRawTransaction") == 0


async def test_h8_what_fails_over_websocket_is_passed_on_and_shows_in_health_until_it_works() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy, await Wire.open(proxy.url) as wire:
        fail([a], "eth_getLogs", -32603)
        for number in range(3):
            wire.write(frame(TEXT, orjson.dumps(call("eth_getLogs", {"fromBlock": "0x1"}, id_=number))))
            answer = orjson.loads((await wire.read()).payload)
            assert (answer["id"], answer["error"]["code"]) == (number, -32603)
        assert await failing_methods(proxy) == [["eth_getLogs"], []]
        assert len((await proxy.post(call("eth_getLogs", {"fromBlock": "0x1"}))).json["result"]) == 10
        assert a.http.count("eth_getLogs") == 0, "posts go elsewhere at once"
        a.rpc.errors.clear()
        wire.write(frame(TEXT, orjson.dumps(call("eth_getLogs", {"fromBlock": "0x1"}, id_=9))))
        assert "result" in orjson.loads((await wire.read()).payload)
        await until(lambda: not proxy.server.monitor.troubled)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>we are being mended</html>"), (200, b""), (402, b"the month is used up"), (404, b"404")],
)
async def test_what_is_no_answer_of_json_rpc_is_left_for_another_node_that_has_one(status: int, body: bytes) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_chainId"] = a.http.canned["eth_sendRawTransaction"] = Canned(status=status, body=body)
        for _ in range(5):
            assert (await proxy.post(call("eth_chainId"))).json["result"] == "0x539"
        assert (await proxy.get("/status")).json["el_nodes"][0]["failing_methods"] == ["eth_chainId"]
        b.http.canned["eth_chainId"] = a.http.canned["eth_chainId"]
        for request in (
            call("eth_chainId"),
            call("eth_sendRawTransaction", "0x01"),
        ):  # none has one, or it may be asked for once only: as it is
            reply = await proxy.post(request)
            assert (reply.status, reply.body) == (status, body)
        assert b.http.count("eth_sendRawTransaction") == 0


@pytest.mark.parametrize("size", [100, 2 << 20])
@pytest.mark.parametrize("method", ["eth_chainId", "eth_sendRawTransaction"])
async def test_where_nodes_redirect_to_is_told_nobody(method: str, size: int) -> None:
    where = b"https://elsewhere/v3/hunter2"
    moved = Canned(status=301, headers=[(b"Location", where)], body=where + b"." * size)
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        for node in (a, b):
            node.http.canned[method] = moved
        reply = await proxy.post(call(method, "0x01"), allow_redirects=False)
        assert (reply.status, reply.json["id"], reply.json["error"]["data"]["maybe_executed"]) == (502, 7, False)
        assert b"redirects (301)" in reply.body
        assert "hunter2" not in f"{reply.headers} {reply.body!r}"
        assert (await proxy.post(call("eth_blockNumber"))).status == 200


class _Keyed(FakeNode):
    """As a provider's node: with keys in its URL."""

    @property
    def node(self) -> Node:
        return replace(super().node, http_url=f"{self.http.url}/v3/0123456789abcdef?token=hunter2hunter2")


@pytest.mark.parametrize(
    ("status", "method", "packed"),
    [
        (200, "eth_chainId", False),
        (404, "eth_chainId", False),
        (403, "eth_sendTransaction", False),
        (404, "eth_chainId", True),
        (403, "eth_sendTransaction", True),
    ],
)
async def test_a_page_that_names_the_path_names_no_key(status: int, method: str, packed: bool) -> None:
    page = b"<pre>Cannot POST /v3/0123456789abcdef?token=hunter2hunter2</pre>"
    lines = [(b"Content-Location", b"/v3/0123456789abcdef")]
    if packed:
        lines.append((b"Content-Encoding", b"gzip"))
    async with _Keyed("a") as a, running([a]) as proxy:
        a.http.canned[method] = Canned(status=status, headers=lines, body=gzip.compress(page) if packed else page)
        reply = await proxy.post(call(method))
        stars = b"*" * 16
        assert (reply.status, reply.all(b"content-location")) == (status, [b"/v3/" + stars])
        assert reply.body == b"<pre>Cannot POST /v3/%b?token=%b</pre>" % (stars, stars[:14])
        assert (await proxy.post(call("eth_blockNumber"))).status == 200


@pytest.mark.parametrize("status", [400, 401, 403, 413, 415])
async def test_what_is_wrong_with_a_request_is_passed_on_and_no_nodes_fault(status: int) -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        a.http.canned["eth_chainId"] = Canned(status=status, body=b"no")
        for _ in range(5):
            assert (await proxy.post(call("eth_chainId"))).status == status
        assert b.http.count("eth_chainId") == 0
