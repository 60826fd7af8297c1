"""The worlds that tests run in: a fake engine always, a real one where there is one; both shells in each."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import kurtosis_sdk
import kurtosis_sdk.aio
from kurtosis_sdk import KurtosisContext
from kurtosis_sdk.testing import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = ("127.0.0.1", 9710)


class Blocking:
    """An object of the asyncio shell that is used as one of the synchronous shell: one suite for both."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        return self._caller(found) if callable(found) else found

    def __iter__(self) -> Iterator[Any]:
        iterator = aiter(self._target)
        while True:
            try:
                yield self._wait(iterator.__anext__)
            except StopAsyncIteration:
                return

    def __enter__(self) -> Any:
        return self._wrap(self._wait(self._target.__aenter__))

    def __exit__(self, *problem: object) -> None:
        self._wait(lambda: self._target.__aexit__(*problem))

    def _caller(self, function: Any) -> Any:
        return lambda *args, **kwargs: self._wrap(self._wait(lambda: function(*args, **kwargs)))

    def _wait(self, function: Any) -> Any:
        async def call() -> Any:
            result = function()
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(60)

    def _wrap(self, result: Any) -> Any:
        if isinstance(result, dict):
            return {key: self._wrap(value) for key, value in result.items()}
        is_theirs = type(result).__module__.startswith("kurtosis_sdk.aio") or hasattr(result, "__aexit__")
        return Blocking(result, self._loop) if is_theirs else result


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class World:
    """An engine as one shell shows it. `image` has sh, echo, cat and sleep."""

    kurtosis: Any
    image: str
    has_logs: bool
    fake: FakeEngine | None


def engine_answers() -> bool:
    try:
        socket.create_connection(ENGINE, timeout=0.2).close()
    except OSError:
        return False
    return True


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("fake", "sync"), id="fake-sync"),
        pytest.param(("fake", "aio"), id="fake-aio"),
        pytest.param(("engine", "sync"), id="engine-sync", marks=[pytest.mark.engine, pytest.mark.timeout(300)]),
        pytest.param(("engine", "aio"), id="engine-aio", marks=[pytest.mark.engine, pytest.mark.timeout(300)]),
    ],
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    kind, shell = request.param
    if kind == "engine" and not engine_answers():
        pytest.skip("no Kurtosis engine at 127.0.0.1:9710: `kurtosis engine start` starts one")
    with ExitStack() as stack:
        fake = stack.enter_context(FakeEngine()) if kind == "fake" else None
        address = fake.address if fake else f"{ENGINE[0]}:{ENGINE[1]}"
        docker_host = fake.docker_host if fake else None
        kurtosis: Any
        if shell == "sync":
            kurtosis = stack.enter_context(KurtosisContext.connect(address, docker_host=docker_host))
        else:
            aio = Blocking(kurtosis_sdk.aio.KurtosisContext, stack.enter_context(event_loop()))
            kurtosis = stack.enter_context(aio.connect(address, docker_host=docker_host))
        image = os.environ.get("KURTOSIS_SDK_TEST_IMAGE", "busybox:1.36")
        has_logs = fake is not None or "KURTOSIS_SDK_TEST_NO_LOGS" not in os.environ
        yield World(kurtosis, image, has_logs, fake)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def kurtosis(fake: FakeEngine) -> Iterator[KurtosisContext]:
    with KurtosisContext.connect(fake.address, docker_host=fake.docker_host) as context:
        yield context
