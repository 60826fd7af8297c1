"""Who is measured: how to start each, and where it takes WebSocket and HTTP."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import requests

from bench.processes import Ports, Process, ProxyProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

PROXY: Final = "proxy"
FLOOR: Final = "floor"


@dataclass(frozen=True, slots=True)
class Contender:
    """`ws_path` and `http_path` are None where it does not speak that."""

    name: str
    start: Callable[[Ports], Process]
    ws_path: str | None = "/"
    http_path: str | None = "/"

    def url(self, process: Process, lane: str) -> str | None:
        path, port = (self.ws_path, process.ports.ws) if lane == "ws" else (self.http_path, process.ports.http)
        return None if path is None else f"{lane}://127.0.0.1:{port}{path}"


def _relay(module: str) -> Callable[[Ports], Process]:
    def start(node: Ports) -> Process:
        ws, http = f"ws://127.0.0.1:{node.ws}", f"http://127.0.0.1:{node.http}"
        return Process(f"bench.relays.{module}", "--ws", ws, "--http", http)

    return start


class NginxProcess(Process):
    """nginx as a tunnel, one worker."""

    def __init__(self, node: Ports) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._port = free_port()
        folder = Path(self._folder.name)
        config = folder / "nginx.conf"
        config.write_text(
            f"""daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
            events {{ worker_connections 4096; }}
            http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
              fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
              upstream node {{ server 127.0.0.1:{node.http}; keepalive 1000; keepalive_requests 1000000; }}
              keepalive_requests 1000000;
              server {{ listen 127.0.0.1:{self._port};
                location /ws {{ proxy_pass http://127.0.0.1:{node.ws}/; proxy_http_version 1.1;
                  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}
                location / {{ proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; }}
              }} }}"""
        )
        super().__init__(command=[shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)])

    def _read_ports(self) -> Ports:
        deadline = time.monotonic() + 10
        while True:
            try:
                requests.post(f"http://127.0.0.1:{self._port}/", data=b"{}", timeout=2)
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                continue
            return Ports(self._port, self._port)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


def contenders() -> list[Contender]:
    """All that can run here; nginx only where it is installed."""
    chosen = [
        Contender(PROXY, ProxyProcess, "/el/ws", "/el"),
        Contender(FLOOR, _relay("floor")),
        Contender("aiohttp", _relay("plain_aiohttp")),
        Contender("websockets", _relay("plain_websockets"), http_path=None),
    ]
    if shutil.which("nginx") is not None:
        chosen.append(Contender("nginx", NginxProcess, "/ws"))
    return chosen
