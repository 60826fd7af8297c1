"""Connections to a node against a server that plays out a script, byte by byte."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from proxy.shell import pool as pools
from proxy.shell.endpoint import Endpoint
from proxy.shell.pool import Pool
from tests.fakes.lane import break_with_reset
from tests.proxy.shell.running import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure, Link

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Told:
    """A receiver that writes down what it is told."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.head: ResponseHead | None = None
        self.body = b""
        self.ended = 0
        self.failure: Failure | None = None

    @property
    def done(self) -> bool:
        return bool(self.ended) or self.failure is not None

    def on_written(self, link: Link) -> None:
        self.link = link

    def on_head(self, head: ResponseHead) -> None:
        self.head = head

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_end(self) -> None:
        self.ended += 1

    def on_whole(self, head: ResponseHead, body: bytes) -> None:
        self.head, self.body = head, body
        self.ended += 1

    def on_failure(self, failure: Failure) -> None:
        assert self.failure is None
        self.failure = failure


class Script:
    """A server that answers each request with the next of `answers` (None: a reset; b'': close)."""

    def __init__(self, answers: list[bytes | None]) -> None:
        self.answers = answers
        self.accepts = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.closes_after_answer = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepts += 1
        self.writers.append(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                answer = self.answers.pop(0)
                if answer is None:
                    break_with_reset(writer.transport)
                    return
                writer.write(answer)
                if not answer or self.closes_after_answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def scripted(*answers: bytes | None, few: int = 2) -> AsyncIterator[tuple[Script, Pool]]:
    script = Script(list(answers))
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    pool = Pool(Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), few=few)
    try:
        yield script, pool
    finally:
        pool.close()
        server.close()
        for writer in script.writers:
            writer.transport.abort()


async def sent(pool: Pool, *, head_only: bool = False, fresh: bool = False, new: bool = False) -> Told:
    told = Told()
    pool.send(b"GET / HTTP/1.1\r\n\r\n", told, head_only=head_only, fresh=fresh, new=new)
    await until(lambda: told.done)
    return told


async def test_a_connection_is_used_again() -> None:
    async with scripted(*[OK] * 5) as (script, pool):
        for _ in range(5):
            told = await sent(pool)
            assert (told.body, told.ended) == (b"hi", 1)
        assert script.accepts == 1
        assert len(pool) == 1


@pytest.mark.parametrize(
    ("answer", "body", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"hi", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    ],
)
async def test_framings(answer: bytes, body: bytes, *, kept: bool) -> None:
    async with scripted(answer, answer, OK) as (script, pool):
        for _ in range(2):
            told = await sent(pool)
            assert told.head is not None
            assert (told.body, told.ended, told.failure) == (body, 1, None)
            assert b"Link" not in told.head.lines
        await sent(pool)
        assert script.accepts == (1 if kept else 3)


async def test_a_body_that_ends_with_the_connection() -> None:
    async with scripted(b"HTTP/1.1 200 OK\r\n\r\nhi") as (script, pool):
        script.closes_after_answer = True
        told = await sent(pool)
        assert (told.body, told.ended) == (b"hi", 1)
        await until(lambda: len(pool) == 0)


async def test_head_has_no_body_whatever_it_says() -> None:
    async with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", OK) as (_, pool):
        told = await sent(pool, head_only=True)
        assert told.head is not None
        assert (told.ended, told.head.length, told.head.bodiless) == (1, b"5", True)
        assert (await sent(pool)).body == b"hi"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        None,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        OK[:-1] + b"",
        OK[:20],
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_what_is_no_whole_response_is_a_failure(answer: bytes | None) -> None:
    told_of: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told_of.append(context))
    async with scripted(answer) as (script, pool):
        script.closes_after_answer = True
        told = await sent(pool)
        assert told.ended == 0
        assert told.failure is not None
        assert told.failure.written
        assert not told.failure.stale
        await until(lambda: len(pool) == 0)
    assert told_of == []


async def test_the_words_behind_a_status_are_those_of_the_answer() -> None:
    async with scripted(OK, b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 All") as (script, pool):
        words = [told.head.reason for told in (await sent(pool), await sent(pool)) if told.head is not None]
        told = Told()
        pool.send(b"GET / HTTP/1.1\r\n\r\n", told)
        await until(lambda: told.link is not None and told.link._reason == b"All")
        script.writers[0].write(b" Right\r\nContent-Length: 0\r\n\r\n")
        await until(lambda: told.done)
        assert told.head is not None
        assert [*words, told.head.reason] == [b"OK", b"", b"All Right"]


async def test_h3_a_connection_that_breaks_without_a_byte_after_it_had_served_is_stale() -> None:
    for broken in (b"", None):
        async with scripted(OK, broken) as (_, pool):
            await sent(pool)
            told = await sent(pool)
            assert told.failure is not None
            assert told.failure.stale


async def test_what_an_idle_connection_says_is_ignored_and_the_connection_dropped() -> None:
    async with scripted(OK, OK) as (script, pool):
        await sent(pool)
        script.writers[0].write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await until(lambda: len(pool) == 0)
        assert (await sent(pool)).body == b"hi"
        assert script.accepts == 2


async def test_fresh_means_used_just_now_and_new_means_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(*[OK] * 5) as (script, pool):
        await sent(pool, fresh=True)
        await sent(pool, fresh=True)
        assert script.accepts == 1
        await sent(pool, new=True)
        assert script.accepts == 2
        monkeypatch.setattr(pools, "FRESH", 0.0)
        await sent(pool, fresh=True)
        assert script.accepts == 3


async def test_idle_connections_are_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE_LIMIT", 0.1)
    async with scripted(OK) as (_, pool):
        await sent(pool)
        assert len(pool) == 1
        await until(lambda: len(pool) == 0, within=1)


async def test_a_refused_dial_is_certainly_not_written() -> None:
    async with scripted() as (_, pool):
        port = pool.endpoint.port
    pool = Pool(Endpoint(f"http://127.0.0.1:{port}"), few=1)
    for told in await asyncio.gather(*(sent(pool) for _ in range(5)), sent(pool, new=True)):
        assert told.failure is not None
        assert (told.failure.written, told.failure.refused) == (False, True)
    assert len(pool) == 0


async def test_a_host_that_does_not_exist() -> None:
    pool = Pool(Endpoint("http://no-such-host.invalid:1"))
    told = await sent(pool)
    assert told.failure is not None
    assert not told.failure.written
    assert told.failure.reason.startswith("no connection")


async def test_a_dial_that_fails_in_an_unheard_of_way_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "connect", _break)
    told = await sent(Pool(Endpoint("http://127.0.0.1:1")))
    assert told.failure is not None
    assert (told.failure.reason, told.failure.written) == ("no connection: RuntimeError", False)


async def test_why_none_of_several_addresses_could_be_dialled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError("Multiple exceptions: [Errno 113] Connect call failed, [Errno 111] Connect call failed")

    monkeypatch.setattr(pools, "connect", fail)
    told = await sent(Pool(Endpoint("http://127.0.0.1:1")))
    assert told.failure is not None
    assert told.failure.reason.startswith("no connection: Multiple exceptions: [Errno 113] ")


async def test_a_dial_that_nobody_answers_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "DIAL_LIMIT", 0.1)
    async with scripted() as (_, pool):
        monkeypatch.setattr(pools, "connect", _never)
        told = await sent(pool)
        assert told.failure is not None
        assert told.failure.reason == "no connection in time"
        assert not told.failure.written


async def _break(*_args: object, **_options: object) -> None:
    raise RuntimeError


async def _never(*_args: object, **_options: object) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("new", [True, False])
async def test_a_request_withdrawn_before_it_was_written_never_is(*, new: bool) -> None:
    async with scripted(OK) as (script, pool):
        told = Told()
        pool.send(b"GET / HTTP/1.1\r\n\r\n", told, new=new)
        pool.withdraw(told)
        await until(lambda: script.accepts == 1 and len(pool) == 1)
        assert (await sent(pool)).body == b"hi"
        assert not told.done
        assert script.accepts == 1
        pool.withdraw(told)


async def test_nobody_is_dialled_for_requests_that_were_withdrawn() -> None:
    async with scripted(OK[:-1], few=1) as (script, pool):
        pool.send(b"GET / HTTP/1.1\r\n\r\n", Told())
        await until(lambda: script.accepts)
        for told in [Told() for _ in range(20)]:
            pool.send(b"GET / HTTP/1.1\r\n\r\n", told)
            pool.withdraw(told)
        await until(lambda: pool._patience is None)
        assert len(pool) == 1
        assert not pool._waiting


async def test_an_aborted_link_is_silent_and_gone() -> None:
    async with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi") as (_, pool):
        told = Told()
        pool.send(b"GET / HTTP/1.1\r\n\r\n", told)
        await until(lambda: told.body)
        assert told.link is not None
        told.link.pause_reading()
        told.link.resume_reading()
        told.link.abort()
        assert len(pool) == 0
        await asyncio.sleep(0)
        assert not told.done
        told.link.pause_reading()


async def test_what_a_node_says_after_its_answer_is_no_answer_to_the_next_request() -> None:
    stranger = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    for more in (stranger, stranger[:9], b"nonsense"):
        async with scripted(OK + more, OK, few=1) as (script, pool):
            # the second one waits for the connection of the first
            for told in await asyncio.gather(sent(pool), sent(pool)):
                assert (told.body, told.ended) == (b"hi", 1)
            assert script.accepts == 2


@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"])
async def test_a_node_that_answers_before_it_has_read_the_request_is_asked_nothing_more_there(closing: bytes) -> None:
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.replace(b"\r\n", b"\r\n" + closing, 1))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    pool = Pool(Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    try:
        told = Told()
        pool.send(b"POST / HTTP/1.1\r\n\r\n" + b"x" * 30_000_000, told)
        await until(lambda: told.done)
        assert (told.body, len(pool)) == (b"hi", 0)
        # nor is what it did not want to read kept for it
        assert told.link is not None
        assert told.link._transport is not None
        await until(lambda: not told.link._transport.get_write_buffer_size(), within=1)  # type: ignore[union-attr]
        assert (await sent(pool)).body == b"hi"
        assert len(writers) == 2
    finally:
        pool.close()
        server.close()
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize("part", ["head", "trailers", "hints"])
async def test_a_head_without_end_is_no_answer(part: str) -> None:
    began = {"head": b"HTTP/1.1 200 OK\r\n", "hints": b"HTTP/1.1 103 Early Hints\r\n\r\n"}.get(
        part, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    )
    line = b"HTTP/1.1 103 Early Hints\r\n\r\n" if part == "hints" else b"X-More: " + b"x" * 10_000 + b"\r\n"
    async with scripted(began) as (script, pool):
        told = Told()
        pool.send(b"GET / HTTP/1.1\r\n\r\n", told)
        await until(lambda: script.writers)
        for _ in range(10_000_000 // len(line)):
            if told.done:
                break
            script.writers[0].write(line)
            await asyncio.sleep(0)
        assert told.failure is not None
        assert told.failure.reason == "a head without end"
        assert len(pool) == 0
