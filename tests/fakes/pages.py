"""A loopback server that stands for one service of an enclave: an execution node, the block driver, or a proxy."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import orjson

if TYPE_CHECKING:
    from types import TracebackType


class Pages:
    """`pages`: path → JSON or text; `calls`: JSON-RPC method → result. An upgrade is answered with 101."""

    def __init__(self, pages: dict[str, Any] | None = None, calls: dict[str, Any] | None = None) -> None:
        self.pages = pages or {}
        self.calls = calls or {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if "Upgrade" in self.headers:
                    self.send_response_only(101)
                    self.end_headers()
                    self.close_connection = True
                    return
                outer.answer(self, outer.pages.get(self.path))

            def do_POST(self) -> None:
                request = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.answer(self, {"jsonrpc": "2.0", "id": request["id"], "result": outer.calls[request["method"]]})

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.port: int = self._server.server_address[1]

    def answer(self, request: BaseHTTPRequestHandler, content: Any) -> None:
        """200 with `content`, 404 without."""
        shown = {"error": "nothing here"} if content is None else content
        body = shown.encode() if isinstance(shown, str) else orjson.dumps(shown)
        request.send_response(404 if content is None else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
