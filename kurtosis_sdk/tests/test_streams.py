"""Runs and logs that are left before their end, in both shells."""

from __future__ import annotations

import asyncio
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import kurtosis_sdk.aio
from kurtosis_sdk import EngineError, KurtosisContext, StarlarkRunConfig
from kurtosis_sdk.archive import pack

if TYPE_CHECKING:
    from pathlib import Path

    from kurtosis_sdk.testing import FakeEngine

SCRIPT = 'def run(plan):\n    plan.add_service(name = "db", config = ServiceConfig(image = "redis:7"))\n'


def test_a_run_may_be_left_early(kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave("early") as enclave:
        with enclave.run_starlark_script(SCRIPT) as run:
            assert next(run)
        assert list(run) == []
        assert enclave.run_starlark_script(SCRIPT).result().is_finished


def test_a_followed_log_ends_when_another_thread_closes_it(fake: FakeEngine, kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave("logs") as enclave:
        enclave.run_starlark_script_blocking(SCRIPT)
        service = enclave.get_service_context("db")
        known = fake.enclave("logs").services["db"]
        known.write_log("first")
        stream = kurtosis.get_service_logs("logs", [service.get_service_uuid()], follow=True)
        assert next(stream).text == "first"
        known.write_log("second\nthird")
        assert [next(stream).text, next(stream).text] == ["second", "third"]
        threading.Timer(0.05, stream.close).start()
        assert list(stream) == []


def test_a_cancelled_task_is_cancelled_and_a_closed_stream_just_ends(fake: FakeEngine) -> None:
    async def follow(kurtosis: Any) -> None:
        async for _ in kurtosis.get_service_logs("logs", [], follow=True):
            pass

    async def calls() -> None:
        async with (
            await kurtosis_sdk.aio.KurtosisContext.connect(fake.address) as kurtosis,
            kurtosis.temporary_enclave("logs") as enclave,
        ):
            task = asyncio.create_task(follow(kurtosis))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with enclave.run_starlark_script(SCRIPT) as run:
                assert await anext(run)
            assert [line async for line in run] == []
            stream = kurtosis.get_service_logs("logs", [], follow=True)
            asyncio.get_running_loop().call_later(0.05, stream.close)
            assert [line async for line in stream] == []
            assert "logs" in repr(enclave)

    asyncio.run(calls())


def test_a_remote_package_is_for_the_engine_to_fetch(fake: FakeEngine, kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave("remote") as enclave:
        with pytest.raises(EngineError, match=r"run the Starlark package github\.com/a/b"):
            enclave.run_starlark_remote_package_blocking("github.com/a/b")
        with pytest.raises(EngineError, match="FakeEngine fetches nothing"):
            enclave.run_starlark_remote_package("github.com/a/b", StarlarkRunConfig()).result()

    async def calls() -> None:
        async with (
            await kurtosis_sdk.aio.KurtosisContext.connect(fake.address) as aio,
            aio.temporary_enclave("remote") as enclave,
        ):
            with pytest.raises(EngineError, match="FakeEngine fetches nothing"):
                await enclave.run_starlark_remote_package_blocking("github.com/a/b")
            with pytest.raises(EngineError, match="FakeEngine fetches nothing"):
                await enclave.run_starlark_remote_package("github.com/a/b").result()

    asyncio.run(calls())


def test_web_files_are_fetched_by_the_enclave(fake: FakeEngine, kurtosis: KurtosisContext, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "note").write_text("from the web")
    with pack(tmp_path / "note") as archive:
        (tmp_path / "served" / "note.tgz").write_bytes(archive.read())

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))

        def log_message(self, *_: object) -> None: ...

    async def store(url: str) -> str:
        async with (
            await kurtosis_sdk.aio.KurtosisContext.connect(fake.address) as aio,
            await aio.get_enclave_context("web") as enclave,
        ):
            return await enclave.store_web_files(url, "second")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, kurtosis.temporary_enclave("web") as enclave:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/note.tgz"
        first = enclave.store_web_files(url, "first")
        second = asyncio.run(store(url))
        server.shutdown()
        thread.join()
        (saved,) = enclave.save_files_artifact(first, tmp_path / "out")
        assert saved.read_text() == "from the web"
        assert {each.uuid for each in enclave.get_all_files_artifact_names_and_uuids()} == {first, second}
        for bad in ("http://127.0.0.1:1/x", "file:///etc/passwd"):
            with pytest.raises(EngineError, match="cannot make a request"):
                enclave.store_web_files(bad, "third")
