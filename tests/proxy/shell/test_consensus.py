from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress

import orjson
import pytest

from proxy.shell import listener
from tests.fakes.beacon import FakeBeacon
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import running, until
from tests.proxy.shell.test_hostile import TCP_REPAIR
from tests.proxy.shell.test_listener import raw

pytestmark = pytest.mark.anyio


async def test_any_path_and_query_of_the_beacon_api() -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl]) as proxy:
        cl.http.pages["/eth/v1/beacon/genesis"] = b'{"data":{}}'
        reply = await proxy.get("/cl/eth/v1/beacon/genesis?a=b", headers={"Accept": "x/y"})
        assert (reply.status, reply.body) == (200, b'{"data":{}}')
        heard = next(request for request in cl.http.requests if request.target == b"/eth/v1/beacon/genesis?a=b")
        assert (b"Accept", b"x/y") in heard.headers
        assert await proxy.metric('vixy_cl_requests_total{node="cl-1"}') == 1
        assert await proxy.metric('vixy_cl_request_duration_seconds_count{node="cl-1"}') == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_any_method(method: str) -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl]) as proxy:
        reply = await proxy.get("/cl/eth/v1/x", method, data=b"{}" if method in ("POST", "PUT") else None)
        assert reply.status == 200
        assert reply.body == (b"" if method == "HEAD" else b"{}")
        assert any(request.method == method.encode() and b"/x" in request.target for request in cl.http.requests)


@pytest.mark.parametrize("path", ["/../admin", "/..", "/eth/%2e%2E/x", "/eth/.%2e%2Fx", "/eth%2f../x"])
async def test_no_path_leads_out_of_that_of_the_node(path: str) -> None:
    async with FakeNode() as a, FakeBeacon("c") as c, running([a], [c]) as proxy, raw(proxy) as client:
        client.write(f"GET /cl{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, body = await client.response()
        assert head.startswith(b"HTTP/1.1 400 ")
        assert orjson.loads(body) == {"code": 400, "message": "a path must not lead out of /cl"}
        client.write(b"GET /cl/eth/a..b/..c/...?x=/../y HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.response())[0].startswith(b"HTTP/1.1 200 ")
        targets = [heard.target for heard in c.http.requests]
        assert targets.count(b"/eth/a..b/..c/...?x=/../y") == 1
        assert not any(b"admin" in target or b"%2" in target.lower() for target in targets)


async def test_get_goes_on_to_the_next_node() -> None:
    async with FakeNode() as a, FakeBeacon("one") as one, FakeBeacon("two") as two, running([a], [one, two]) as proxy:
        one.http.canned["/x"] = Canned(status=503)
        two.http.pages["/x"] = b'"two"'
        assert (await proxy.get("/cl/x")).body == b'"two"'
        await one.http.die()
        assert (await proxy.get("/cl/x")).body == b'"two"'


async def test_where_a_node_redirects_to_is_told_nobody() -> None:
    async with FakeNode() as a, FakeBeacon("one") as one, running([a], [one]) as proxy:
        one.http.canned["/x"] = Canned(status=308, headers=[(b"Location", b"https://elsewhere/hunter2/x")])
        reply = await proxy.get("/cl/x", allow_redirects=False)
        assert (reply.status, reply.json["code"]) == (502, 502)
        assert "redirects (308)" in reply.json["message"]
        assert "hunter2" not in f"{reply.headers} {reply.body!r}"


async def test_what_is_not_a_get_is_written_once() -> None:
    async with FakeNode() as a, FakeBeacon("one") as one, FakeBeacon("two") as two, running([a], [one, two]) as proxy:
        one.http.cut_after = 0
        reply = await proxy.get("/cl/eth/v1/beacon/blocks", "POST", data=b"{}")
        assert reply.status == 502
        assert reply.json["maybe_executed"] is True
        assert sum(request.method == b"POST" for request in two.http.requests) == 0


async def test_no_consensus_nodes_is_503() -> None:
    async with FakeNode() as a, running([a]) as proxy:
        reply = await proxy.get("/cl/eth/v1/x")
        assert (reply.status, reply.json["code"]) == (503, 503)


async def test_h4_the_timeout_holds_here_too() -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl], proxy_timeout_ms=300) as proxy:
        cl.http.delays["/x"] = 3
        began = time.monotonic()
        assert (await proxy.get("/cl/x")).status == 504
        assert time.monotonic() - began < 1


async def test_events_stream_as_they_come_and_outlive_the_timeout() -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl], proxy_timeout_ms=300) as proxy:
        async with proxy.session.get(proxy.url + "/cl/eth/v1/events?topics=head") as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            for number in range(5):
                await until(lambda: cl.http.subscribers)
                cl.http.push(b"event: head\ndata: %d\n\n" % number)
                async with asyncio.timeout(1):
                    assert await response.content.readuntil(b"\n\n") == b"event: head\ndata: %d\n\n" % number
                await asyncio.sleep(0.12)
        await until(lambda: cl.http.subscribers[0] not in cl.http.transports())


async def test_c6_a_stream_of_events_ends_in_good_order_with_the_proxy() -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl]) as proxy:
        async with proxy.session.get(proxy.url + "/cl/eth/v1/events") as response:
            await until(lambda: cl.http.subscribers)
            cl.http.push(b"data: 1\n\n")
            assert await response.content.readuntil(b"\n\n") == b"data: 1\n\n"
            began = time.monotonic()
            await proxy.server.drain(8)
            assert time.monotonic() - began < 2
            assert await response.content.read() == b""
        assert not proxy.server._consensus._flying


async def test_a_stream_of_events_does_not_outlive_its_node_in_silence() -> None:
    async with FakeNode() as a, FakeBeacon("one") as one, FakeBeacon("two") as two, running([a], [one, two]) as proxy:
        async with proxy.session.get(proxy.url + "/cl/eth/v1/events") as response:
            await until(lambda: one.http.subscribers)
            one.http.push(b"data: 1\n\n")
            assert await response.content.readuntil(b"\n\n") == b"data: 1\n\n"
            one.http.hold()
            async with asyncio.timeout(10):
                assert await response.content.read() == b""
        async with proxy.session.get(proxy.url + "/cl/eth/v1/events"):
            await until(lambda: two.http.subscribers)


async def test_a_stream_of_events_ends_where_the_host_of_its_node_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back again, the host knows nothing of it: nobody would ever hear more."""
    monkeypatch.setattr(
        listener, "KEEP_ALIVE", {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 1}
    )
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl]) as proxy, raw(proxy) as client:
        client.write(b"GET /cl/eth/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.head()
        node = cl.http.subscribers.pop()
        try:
            node.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except PermissionError:
            pytest.skip("only root may vanish")
        node.abort()
        with suppress(ConnectionError):
            assert await client.ended(10) == b""


async def test_without_another_node_a_stream_of_events_stays() -> None:
    async with (
        FakeNode() as a,
        FakeBeacon() as cl,
        running([a], [cl]) as proxy,
        proxy.session.get(proxy.url + "/cl/eth/v1/events") as response,
    ):
        await until(lambda: cl.http.subscribers)
        cl.http.hold()
        await until(lambda: not proxy.server._consensus.usable(cl.name))
        cl.http.release()
        cl.http.push(b"data: 1\n\n")
        assert await response.content.readuntil(b"\n\n") == b"data: 1\n\n"


async def test_a_silent_consensus_node_is_left_for_another() -> None:
    async with FakeNode() as a, FakeBeacon("one") as one, FakeBeacon("two") as two, running([a], [one, two]) as proxy:
        two.http.pages["/x"] = b'"two"'
        one.http.hold()
        assert (await proxy.get("/cl/x")).body == b'"two"'


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
async def test_a_stream_of_events_that_has_no_body_ends_with_its_head(method: bytes, status: int) -> None:
    async with FakeNode() as a, FakeBeacon() as cl, running([a], [cl]) as proxy, raw(proxy) as client:
        cl.http.chunked = 100
        cl.http.canned["/x"] = Canned(status, [(b"Content-Type", b"text/event-stream")], b"")
        client.write(b"%b /cl/x HTTP/1.1\r\n\r\n" % method)
        assert (await client.head()).startswith(b"HTTP/1.1 %d " % status)
        client.write(b"GET /health HTTP/1.1\r\n\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 200 ")
