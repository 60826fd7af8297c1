"""The command line, as a process."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from proxy.__main__ import main
from tests.fakes.node import FakeNode
from tests.proxy.shell.running import call, until
from tests.proxy.shell.wire import TEXT, Wire, frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

pytestmark = pytest.mark.anyio


class Process:
    """python -m proxy, and what it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode().rstrip())

    def deaf(self) -> None:
        """Close the end of stderr that is read here."""
        pipe = self.process._transport.get_pipe_transport(2)  # type: ignore[attr-defined]
        pipe.close()

    async def ended(self, within: float = 10) -> int:
        async with asyncio.timeout(within):
            await self._reading
            return await self.process.wait()

    def resident(self) -> int:
        """Bytes of memory."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def url(self) -> str:
        await until(lambda: any("listening on " in line for line in self.lines), within=10)
        return next(line.partition("listening on ")[2] for line in self.lines if "listening on " in line)


@asynccontextmanager
async def started(*arguments: str, through: Sequence[str] = ()) -> AsyncIterator[Process]:
    """`through`: a command that starts the proxy in its place."""
    command = [*through, sys.executable, "-m", "proxy", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env=os.environ | {"NO_COLOR": "1"}
    )
    running = Process(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.ended()


def write(folder: Path, *nodes: FakeNode, more: str = "") -> str:
    path = folder / "vixy.toml"
    tables = [f'[[el.primary]]\nname = "{n.name}"\nhttp_url = "{n.http.url}"\nws_url = "{n.ws.url}"\n' for n in nodes]
    path.write_text(more + "".join(tables))
    return str(path)


async def test_a_long_message_takes_no_memory_once_it_is_over(tmp_path: Path) -> None:
    async with (
        FakeNode("a") as a,
        started("--config", write(tmp_path, a), "--listen", "127.0.0.1:0") as proxy,
        AsyncExitStack() as stack,
    ):
        before = 0
        for _ in range(6):
            wire = await stack.enter_async_context(await Wire.open(await proxy.url()))
            wire.write(frame(TEXT, orjson.dumps(call("eth_call", {"gas": hex(8 << 20)}, "latest"))))
            assert len((await wire.read()).payload) > 16 << 20
            before = before or proxy.resident()
        await until(lambda: proxy.resident() - before < 16 << 20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_it_serves_and_leaves_politely(tmp_path: Path, number: signal.Signals) -> None:
    async with FakeNode("a") as a:
        config = write(tmp_path, a)
        async with started("--config", config, "--listen", "127.0.0.1:0") as proxy, aiohttp.ClientSession() as client:
            url = await proxy.url()
            async with client.post(f"{url}/el", json=call("eth_chainId")) as response:
                assert (await response.json())["result"] == "0x539"
            a.http.delay = 0.5
            slow = asyncio.create_task(client.post(f"{url}/el", json=call("eth_chainId")))
            await until(lambda: a.http.count("eth_chainId") == 2)
            proxy.process.send_signal(number)
            async with await slow as response:
                assert response.status == 200
            assert await proxy.ended() == 0


async def test_without_a_terminal_it_stays(tmp_path: Path) -> None:
    async with FakeNode("a") as a:
        config = write(tmp_path, a)
        async with started("--config", config, "--listen", "127.0.0.1:0", through=["nohup"]) as proxy:
            url = await proxy.url()
            proxy.process.send_signal(signal.SIGHUP)
            async with aiohttp.ClientSession() as client, client.post(f"{url}/el", json=call("eth_chainId")) as reply:
                assert reply.status == 200
            proxy.process.send_signal(signal.SIGTERM)
            assert await proxy.ended() == 0


async def test_check(tmp_path: Path) -> None:
    async with FakeNode("a") as a:
        good = write(tmp_path, a, more="[global]\nmax_retrys = 1\n")
    async with started("--config", good, "--check") as proxy:
        assert await proxy.ended() == 0
    assert proxy.lines == [
        f"{good}: warning: global.max_retrys: unknown key; did you mean max_retries?",
        f"{good}: good: 1 execution, 0 consensus",
    ]


async def test_a_bad_config_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[[el.primary]]\nname = "a"\nhttp_url = "ws://u:hunter2@x"\n')
    for arguments in (("--check",), ()):
        async with started("--config", str(path), *arguments) as proxy:
            assert await proxy.ended() == 2
        http_line, ws_line = proxy.lines
        assert http_line.startswith(f'{path}: el.primary[0] ("a").http_url: must begin with http:// or https://, not ')
        assert ws_line == f'{path}: el.primary[0] ("a").ws_url: is missing, e.g. ws_url = "ws://127.0.0.1:8546"'


async def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    async with started("--config", str(tmp_path / "none.toml")) as proxy:
        assert await proxy.ended() == 2
    assert proxy.lines == [
        f"{tmp_path}/none.toml: No such file or directory; name a config file, e.g. --config vixy.toml"
    ]


async def test_a_taken_port_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with FakeNode("a") as a, started("--config", write(tmp_path, a), "--listen", address) as proxy:
            assert await proxy.ended() == 3
    assert proxy.lines == [f"cannot listen on {address}: Address already in use; choose another with --listen"]


async def test_a_taken_port_for_metrics_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with FakeNode("a") as a:
            config = write(tmp_path, a, more=f"[metrics]\nport = {port}\n")
            async with started("--config", config, "--listen", "127.0.0.1:0") as proxy:
                assert await proxy.ended() == 3
    reason = f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert proxy.lines == [f"{reason}; choose another with metrics.port in the config"]


async def test_a_port_for_metrics_that_is_the_one_for_all(tmp_path: Path, unused_tcp_port: int) -> None:
    async with FakeNode("a") as a:
        config = write(tmp_path, a, more=f"[metrics]\nport = {unused_tcp_port}\n")
        async with started("--config", config, "--listen", f"127.0.0.1:{unused_tcp_port}") as proxy:
            assert await proxy.ended() == 2
    assert proxy.lines == [f"{config}: metrics.port: is the port of --listen; leave it out to have both there"]


async def test_clients_who_take_all_descriptors_take_none_from_nodes(tmp_path: Path) -> None:
    async with FakeNode("a") as a, AsyncExitStack() as crowd:
        a.http.close_idle = 0.01  # each probe and each post needs a new connection
        config = write(tmp_path, a, more="[global]\nhealth_check_interval_ms = 20\n")
        limit = ["prlimit", "--nofile=128"]
        proxy = await crowd.enter_async_context(started("--config", config, "--listen", "127.0.0.1:0", through=limit))
        client = await crowd.enter_async_context(aiohttp.ClientSession())
        url = urlsplit(await proxy.url())

        async def answered() -> bool:
            async with client.post(f"{url.geturl()}/el", json=call("eth_chainId")) as response:
                return response.status == 200

        assert await answered()
        crowded = [await asyncio.open_connection(url.hostname, url.port) for _ in range(150)]
        for _, writer in crowded:
            crowd.callback(writer.transport.abort)
        await until(lambda: sum(reader.at_eof() for reader, _ in crowded) >= 150 - 64)
        probes = a.http.count("eth_blockNumber")
        await until(lambda: a.http.count("eth_blockNumber") > probes + 10)
        assert await answered()
        await until(lambda: any("turned away: descriptors run short" in line for line in proxy.lines))
        for _, writer in crowded:
            writer.transport.abort()
        await until(lambda: len(list(Path(f"/proc/{proxy.process.pid}/fd").iterdir())) < 64)
        async with aiohttp.ClientSession() as newcomer, newcomer.get(f"{url.geturl()}/ready") as response:
            assert response.status == 200
    assert not any("unhealthy" in line for line in proxy.lines)


@pytest.mark.parametrize("host", ["nobody.invalid", "x" * 64, ".."])
async def test_an_address_that_cannot_be_looked_up(tmp_path: Path, host: str) -> None:
    async with FakeNode("a") as a, started("--config", write(tmp_path, a), "--listen", f"{host}:0") as proxy:
        assert await proxy.ended() in (2, 3)
    assert host in proxy.lines[-1]
    assert "Unknown error" not in proxy.lines[-1]
    assert not any("Traceback" in line for line in proxy.lines)


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
async def test_standard_streams_may_be_closed(tmp_path: Path, unused_tcp_port: int, streams: str) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    async with FakeNode("a") as a, aiohttp.ClientSession() as client:
        arguments = (sys.executable, "-m", "proxy", "--config", write(tmp_path, a), "--listen", address)
        process = await asyncio.create_subprocess_exec("sh", "-c", f'exec "$@" {streams}', "sh", *arguments)
        try:
            async with asyncio.timeout(10), await serving(client, address) as websocket:
                await websocket.send_json(call("eth_chainId"))
                assert (await websocket.receive_json())["result"] == "0x539"
            process.terminate()
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def serving(client: aiohttp.ClientSession, address: str) -> aiohttp.ClientWebSocketResponse:
    """A WebSocket as soon as there is one to be had."""
    while True:
        try:
            return await client.ws_connect(f"http://{address}/el/ws")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)


async def test_c6_whoever_read_the_log_may_be_gone_and_clients_are_still_told(tmp_path: Path) -> None:
    async with FakeNode("a") as a, started("--config", write(tmp_path, a), "--listen", "127.0.0.1:0") as proxy:
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{await proxy.url()}/el/ws") as websocket:
            proxy.deaf()
            proxy.process.terminate()
            assert (await websocket.receive(timeout=5)).data == aiohttp.WSCloseCode.GOING_AWAY
        assert await proxy.ended() == 0


async def test_a_log_that_nobody_reads_keeps_nobody_waiting(tmp_path: Path, unused_tcp_port: int) -> None:
    """Whoever read it stands still, and the pipe is full."""
    address = f"127.0.0.1:{unused_tcp_port}"
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 1024)
    os.set_blocking(writing, True)
    async with FakeNode("a") as a, FakeNode("b") as b, aiohttp.ClientSession() as client:
        arguments = ("-m", "proxy", "--config", write(tmp_path, a, b), "--listen", address)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=writing)
        try:
            async with asyncio.timeout(30), await serving(client, address) as websocket:
                for node in (a, b):
                    await websocket.send_json(call("web3_clientVersion"))
                    assert (await websocket.receive_json())["result"] == node.name
                    await a.die()
                os.set_blocking(reading, False)
                told = os.read(reading, 1 << 20)
                await a.boot()
                while b" lines that nobody took were left out)" not in told:
                    await asyncio.sleep(0.02)
                    with suppress(BlockingIOError):
                        told += os.read(reading, 1 << 20)
                process.terminate()
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            os.close(reading)
            os.close(writing)


async def test_a_switch_of_many_clients_is_a_few_lines_of_the_log(tmp_path: Path) -> None:
    async with (
        FakeNode("a") as a,
        FakeNode("b") as b,
        started("--config", write(tmp_path, a, b), "--listen", "127.0.0.1:0") as proxy,
        aiohttp.ClientSession() as client,
    ):
        websockets = [await client.ws_connect(f"{await proxy.url()}/el/ws") for _ in range(30)]
        for node in (a, b):
            for websocket in websockets:
                await websocket.send_json(call("web3_clientVersion"))
            assert {(await websocket.receive_json(timeout=5))["result"] for websocket in websockets} == {node.name}
            await a.die()
        proxy.process.terminate()
        assert await proxy.ended() == 0
    assert len(proxy.lines) < 10


async def test_a_config_as_windows_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "vixy.toml"
    path.write_bytes(b'\xef\xbb\xbf[[el.primary]]\r\nname = "a"\r\nhttp_url = "http://x"\r\nws_url = "ws://x"\r\n')
    async with started("--config", str(path), "--check") as proxy:
        assert await proxy.ended() == 0


async def test_as_many_descriptors_as_are_allowed(tmp_path: Path) -> None:
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with FakeNode("a") as a:
        config = write(tmp_path, a)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, usual[1]))
        try:
            async with started("--config", config, "--listen", "127.0.0.1:0") as proxy:
                await proxy.url()
                soft, hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    assert soft == min(hard, 1 << 20)


async def test_an_address_that_is_none(tmp_path: Path) -> None:
    async with started("--config", "x", "--listen", "8080") as proxy:
        assert await proxy.ended() == 2
    assert "'8080' is not HOST:PORT, e.g. 127.0.0.1:8080" in proxy.lines[-1]


async def test_no_secret_reaches_the_log(tmp_path: Path) -> None:
    async with FakeNode("a") as a:
        path = tmp_path / "vixy.toml"
        key = "0123456789abcdef0123456789abcdef"
        path.write_text(
            f'[global]\nhealth_check_interval_ms = 50\n[[el.primary]]\nname = "a"\n'
            f'http_url = "http://u:{key}@127.0.0.1:{a.http.port}/v3/{key}?k={key}"\n'
            f'ws_url = "ws://u:{key}@127.0.0.1:{a.ws.port}/v3/{key}"\n'
        )
        arguments = ("--config", str(path), "--listen", "127.0.0.1:0", "--log-level", "debug")
        async with started(*arguments) as proxy, aiohttp.ClientSession() as client:
            url = await proxy.url()
            await a.die()
            await until(lambda: any("unhealthy" in line for line in proxy.lines))
            async with client.post(f"{url}/el", json=call("eth_chainId")) as response:
                text = await response.text()
            proxy.process.terminate()
            assert await proxy.ended() == 0
        assert key not in text + "\n".join(proxy.lines)


def test_the_exit_status_of_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vixy.toml"
    path.write_bytes(b"\xff")
    assert main(["--config", str(path), "--check"]) == 2
    assert "can't decode" in capsys.readouterr().err
    path.write_text('[[el.primary]]\nname = "a"\nhttp_url = "http://x"\nws_url = "ws://x"\n')
    assert main(["--config", str(path), "--check"]) == 0
    assert capsys.readouterr().err == f"{path}: good: 1 execution, 0 consensus\n"
