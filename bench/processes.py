"""The processes of a benchmark: started, asked what they cost, ended."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, NamedTuple, Self

import requests

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Ports(NamedTuple):
    """0: the process does not speak that."""

    ws: int
    http: int


class Process:
    """A Python module that prints two ports, WebSocket and HTTP, when it serves. A context manager that ends it."""

    def __init__(self, *arguments: str, command: list[str] | None = None) -> None:
        self._process = subprocess.Popen(
            command or [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.ports = self._read_ports()

    def _read_ports(self) -> Ports:
        words = _stream(self._process.stdout).readline().split()
        if len(words) != 2:
            raise RuntimeError(f"{self._process.args!r} did not start: {_stream(self._process.stderr).read()}")
        return Ports(int(words[0]), int(words[1]))

    def read_line(self) -> str:
        """The next line that it prints; '' when it has ended."""
        return _stream(self._process.stdout).readline().strip()

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def rss_bytes(self) -> int:
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _stream(self._process.stdout).close()
        _stream(self._process.stderr).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ProxyProcess(Process):
    """Our proxy before one node, serving WebSocket and HTTP on one port."""

    def __init__(self, node: Ports) -> None:
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name) / "vixy.toml"
        config.write_text(
            f'[[el.primary]]\nname = "node"\nhttp_url = "http://127.0.0.1:{node.http}"\n'
            f'ws_url = "ws://127.0.0.1:{node.ws}"\n'
        )
        super().__init__("proxy", "--config", str(config), "--listen", "127.0.0.1:0")

    def _read_ports(self) -> Ports:
        stderr = _stream(self._process.stderr)
        seen = ""
        while line := stderr.readline():
            seen += line
            if "listening on http://" in line:
                port = int(line.split("http://", 1)[1].split()[0].rpartition(":")[2])
                break
        else:
            raise RuntimeError(f"the proxy did not start: {seen}")
        deadline = time.monotonic() + 10
        while requests.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code != 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the proxy is not ready: {seen}")
        return Ports(port, port)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


def open_files(number: int) -> int:
    """Let this process and those that it starts have up to so many descriptors; how many it may have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = max(soft, number if hard == resource.RLIM_INFINITY else min(number, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def free_port() -> int:
    """A port of loopback that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # noqa: S101 - both are pipes
    return stream
