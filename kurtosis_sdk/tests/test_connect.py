"""Finding an engine, and calls that do not go well, in both shells."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import kurtosis_sdk.aio
from kurtosis_sdk import (
    DeadlineExceededError,
    Deadlines,
    DisconnectedError,
    EngineError,
    EngineNotRunningError,
    EngineVersionError,
    InvalidArgumentError,
    KurtosisContext,
)
from kurtosis_sdk.testing import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT = Deadlines(query=0.2, enclave=0.2, run=0.2, follow=0.2, transfer=0.2)


def connect_aio(address: str, **how: Any) -> None:
    async def connect() -> None:
        await (await kurtosis_sdk.aio.KurtosisContext.connect(address, **how)).close()

    asyncio.run(connect())


def connect_sync(address: str, **how: Any) -> None:
    KurtosisContext.connect(address, **how).close()


both_shells = pytest.mark.parametrize("connect", [connect_sync, connect_aio])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def chatty_port() -> Iterator[int]:
    """A port that speaks something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@both_shells
def test_no_engine_is_told_in_two_seconds(connect: Callable[..., None], silent_port: int, chatty_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free_port = server.getsockname()[1]
    for port in (free_port, silent_port, chatty_port):
        began = time.monotonic()
        with pytest.raises(EngineNotRunningError, match="kurtosis engine start"):
            connect(f"127.0.0.1:{port}")
        assert time.monotonic() - began < 2


@both_shells
def test_an_engine_of_another_version_is_refused(connect: Callable[..., None]) -> None:
    for version in ("1.19.4", "2.20.0", "v0.89.0"):
        with FakeEngine(version=version) as fake, pytest.raises(EngineVersionError, match=r"speaks to 1\.20") as caught:
            connect(fake.address)
        assert version in str(caught.value)
        assert caught.value.fault == "environment"


@both_shells
def test_a_patch_version_and_a_build_without_a_number_are_let_through(
    connect: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    with FakeEngine(version="1.20.7") as fake:
        connect(fake.address)
    assert caplog.text == ""
    with FakeEngine(version="b8f1d2-dirty") as fake, caplog.at_level(logging.WARNING, "kurtosis_sdk"):
        connect(fake.address)
    assert "b8f1d2-dirty" in caplog.text


def test_the_local_engine_is_at_its_port(monkeypatch: pytest.MonkeyPatch, fake: FakeEngine) -> None:
    monkeypatch.setattr("kurtosis_sdk.kurtosis_context.DEFAULT_ADDRESS", fake.address)
    monkeypatch.setattr("kurtosis_sdk.aio.kurtosis_context.DEFAULT_ADDRESS", fake.address)
    with KurtosisContext.new_kurtosis_context_from_local_engine() as kurtosis:
        assert kurtosis.engine_version == "1.20.0"

    async def connect() -> str:
        async with await kurtosis_sdk.aio.KurtosisContext.new_kurtosis_context_from_local_engine() as kurtosis:
            return kurtosis.engine_version

    assert asyncio.run(connect()) == "1.20.0"


def test_every_call_has_a_deadline(fake: FakeEngine) -> None:
    with KurtosisContext.connect(fake.address, deadlines=SHORT) as kurtosis:
        with fake.stalled("CreateEnclave"), pytest.raises(DeadlineExceededError, match="create the enclave 'slow'"):
            kurtosis.create_enclave("slow")
        with kurtosis.create_enclave("quick", timeout=10) as enclave:
            with fake.stalled("RunStarlarkScript"), pytest.raises(TimeoutError, match=r"within 0\.2 s"):
                enclave.run_starlark_script_blocking("def run(plan):\n    pass\n")
            with fake.stalled("GetServices"), pytest.raises(TimeoutError, match=r"within 0\.1 s"):
                enclave.get_services(timeout=0.1)
        stream = kurtosis.get_service_logs("quick", [], follow=True)
        with pytest.raises(TimeoutError, match="read logs"):
            list(stream)


def test_every_call_has_a_deadline_in_asyncio_too(fake: FakeEngine) -> None:
    async def calls() -> None:
        async with await kurtosis_sdk.aio.KurtosisContext.connect(fake.address, deadlines=SHORT) as kurtosis:
            with fake.stalled("Clean"), pytest.raises(TimeoutError, match="clean up"):
                await kurtosis.clean()
            async with await kurtosis.create_enclave("quick", timeout=10) as enclave:
                with fake.stalled("RunStarlarkScript"), pytest.raises(TimeoutError, match=r"within 0\.2 s"):
                    await enclave.run_starlark_script_blocking("def run(plan):\n    pass\n")

    asyncio.run(calls())


def test_an_engine_that_dies_breaks_the_connection() -> None:
    with FakeEngine() as fake:
        kurtosis = KurtosisContext.connect(fake.address)
    with kurtosis, pytest.raises(DisconnectedError, match="list the enclaves"):
        kurtosis.get_enclaves()
    with pytest.raises(DisconnectedError, match="this context was closed"):
        kurtosis.get_enclaves()


def test_a_closed_asyncio_context_says_so(fake: FakeEngine) -> None:
    async def calls() -> None:
        kurtosis = await kurtosis_sdk.aio.KurtosisContext.connect(fake.address)
        await kurtosis.close()
        with pytest.raises(DisconnectedError, match="this context was closed"):
            await kurtosis.get_enclaves()

    asyncio.run(calls())


def test_what_the_engine_refuses_is_told_with_its_reason(fake: FakeEngine, kurtosis: KurtosisContext) -> None:
    text = "An error occurred\n --- at /src/a.go:1 (f) ---\nCaused by: the disk is full\n --- at /src/b.go:1 (g) ---"
    with fake.refused("CreateEnclave", text), pytest.raises(EngineError, match=r"'x': the disk is full$") as caught:
        kurtosis.create_enclave("x")
    assert caught.value.details == text
    assert caught.value.fault == "engine"


def test_a_name_that_no_engine_takes_is_not_even_sent(kurtosis: KurtosisContext) -> None:
    for name in ("with space", "a" * 61, "ünder_score"):
        with pytest.raises(InvalidArgumentError, match="1 to 60 letters"):
            kurtosis.create_enclave(name)


def test_an_enclave_without_a_name_gets_one(kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave() as enclave:
        assert enclave.get_enclave_name()
        assert enclave.get_enclave_name() in repr(enclave)


class Boom(Exception):  # noqa: N818 - a stand-in for any failure of a caller's own
    pass


def test_a_temporary_enclave_goes_whatever_happens(fake: FakeEngine, kurtosis: KurtosisContext) -> None:
    with pytest.raises(Boom), kurtosis.temporary_enclave("brief"):
        raise Boom
    assert kurtosis.get_enclaves().get_enclaves_by_uuid() == {}
    with fake.refused("DestroyEnclave", "no"), pytest.raises(Boom) as caught, kurtosis.temporary_enclave("stays"):
        raise Boom
    assert caught.value.__notes__ == ["The enclave stays is still there: Could not destroy the enclave {!r}: no".format(
        kurtosis.get_enclave("stays").enclave_uuid)]  # fmt: skip


def test_a_temporary_enclave_goes_whatever_happens_in_asyncio_too(fake: FakeEngine) -> None:
    async def calls() -> None:
        async with await kurtosis_sdk.aio.KurtosisContext.connect(fake.address) as kurtosis:
            with pytest.raises(Boom):
                async with kurtosis.temporary_enclave("brief"):
                    raise Boom
            assert not (await kurtosis.get_enclaves()).get_enclaves_by_uuid()
            with fake.refused("DestroyEnclave", "no"), pytest.raises(Boom) as caught:
                async with kurtosis.temporary_enclave("stays"):
                    raise Boom
            assert "still there" in caught.value.__notes__[0]

    asyncio.run(calls())


@both_shells
@pytest.mark.parametrize("address", ["", "localhost", "localhost:http", "http://127.0.0.1:9710", "127.0.0.1:99999"])
def test_what_is_no_address_is_not_taken_for_an_engine_that_does_not_run(
    connect: Callable[..., None], address: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"host:port, as in 127\.0\.0\.1:9710"):
        connect(address)
