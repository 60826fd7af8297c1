"""A node that speaks real HTTP and WebSocket and answers every call with what was asked."""

from __future__ import annotations

import json
import socket as sockets
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from websockets.exceptions import ConnectionClosedError
from websockets.sync.server import Server, ServerConnection, serve

from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from e2e.gateway.client import GatewayClient

NODE = "el-1-primary"
SOON = 2.0  # seconds
SUBSCRIPTION = "0x9cef478923ff08bf67fde6c64013158d"


def call(method: str, params: Any = (), request_id: str = "1") -> str:
    """Return the text of a request; `request_id` is the JSON text of its id."""
    return f'{{"jsonrpc":"2.0","id":{request_id},"method":"{method}","params":{json.dumps(params)}}}'


def wait_for(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SOON, what)


def dial(url: str) -> sockets.socket:
    where = urlsplit(url)
    return sockets.create_connection((where.hostname, where.port), timeout=SOON)


def post(gateway: GatewayClient, method: str = "eth_chainId", timeout: float = SOON) -> requests.Response:
    return requests.post(gateway.urls(NODE).http, data=call(method), timeout=timeout)


def answer(call: dict[str, Any]) -> dict[str, Any]:
    """Answer as a node would: subscriptions get long ids, everything else an echo of what was asked."""
    result: Any = {"method": call["method"], "params": call.get("params")}
    if call["method"] == "eth_subscribe":
        result = SUBSCRIPTION
    elif call["method"] == "eth_unsubscribe":
        result = call["params"] == [SUBSCRIPTION]
    return {"jsonrpc": "2.0", "id": call["id"], "result": result}


@dataclass
class FakeNode:
    """`seen`: the text of every message. `heads`: the header fields of every POST. `codes`: how sockets ended.

    `echo`: send WebSocket messages back as they are.
    """

    seen: list[str] = field(default_factory=list)
    sockets: list[ServerConnection] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    http: str = ""
    echo: bool = False
    ws: str = ""
    codes: list[int | None] = field(default_factory=list)

    def on_socket(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        with suppress(ConnectionClosedError):
            self._answer_all(socket)
        self.codes.append(socket.close_code)

    def _answer_all(self, socket: ServerConnection) -> None:
        for message in socket:
            text = message if isinstance(message, str) else message.decode()
            self.seen.append(text)
            if self.echo:
                socket.send(text)
                continue
            asked = json.loads(text)
            socket.send(json.dumps([answer(each) for each in asked] if isinstance(asked, list) else answer(asked)))

    def push(self, subscription: str, result: Any) -> None:
        """Send an event to every WebSocket."""
        params = {"subscription": subscription, "result": result}
        for socket in self.sockets:
            socket.send(json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}))


def _handler(node: FakeNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            node.seen.append(text)
            node.heads.append(dict(self.headers))
            asked = json.loads(text)
            body = json.dumps([answer(each) for each in asked] if isinstance(asked, list) else answer(asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", "a=1")
            self.send_header("Set-Cookie", "b=2")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that reset their connections are what the tests are about."""


@contextmanager
def fake_node() -> Iterator[FakeNode]:
    fake = FakeNode()
    http = _QuietServer(("127.0.0.1", 0), _handler(fake))
    ws: Server = serve(fake.on_socket, "127.0.0.1", 0, max_size=None)
    threads = [
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True),
        threading.Thread(target=ws.serve_forever, daemon=True),
    ]
    for thread in threads:
        thread.start()
    fake.http = f"http://127.0.0.1:{http.server_port}"
    fake.ws = f"ws://127.0.0.1:{ws.socket.getsockname()[1]}"
    try:
        yield fake
    finally:
        http.shutdown()
        http.server_close()
        for socket in fake.sockets:
            socket.close()
        ws.shutdown()
        for thread in threads:
            thread.join()
