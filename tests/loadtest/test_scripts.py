"""The k6 scripts against a server that does all right, and against servers that each do one thing wrong."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).parents[2] / "loadtest"
K6 = shutil.which("k6", path=str(Path(sys.executable).parent)) or shutil.which("k6") or ""
SUBSCRIPTION = "0x9cef478923ff08bf67fde6c64013158d"
CROSSED = re.compile(r"thresholds on metrics '([^']*)' have been crossed")
CROSSED_EXIT = 99


@dataclass
class Door:
    """Serves one subscription to newHeads and eth_blockNumber; `wrong` names what it does wrong."""

    wrong: str = ""

    def __call__(self, connection: ServerConnection) -> None:
        asked = 0
        with suppress(ConnectionClosed):
            for text in connection:
                request = json.loads(text)
                asked += 1
                if request["method"] == "eth_subscribe":
                    self._say(connection, id=1, result=SUBSCRIPTION)
                    continue
                self._answer(connection, request["id"], asked)
                self._head(connection, asked)
                if asked == 5 and self.wrong == "cut":
                    connection.close(1001)

    def _answer(self, connection: ServerConnection, request_id: Any, asked: int) -> None:
        fifth = asked == 5
        match self.wrong:
            case "lost" if fifth:
                return
            case "error" if fifth:
                self._say(connection, id=request_id, error={"code": -32000, "message": "no node"})
            case "deadline" if fifth:
                self._say(connection, id=request_id, error={"code": -32000, "message": "context deadline exceeded"})
            case "other's answer" if fifth:
                self._say(connection, id=request_id, result=SUBSCRIPTION)
            case "id as text" if fifth:
                self._say(connection, id=str(request_id), result="0x5")
            case _:
                self._say(connection, id=request_id, result=hex(asked))
        if fifth and self.wrong == "replay":
            self._say(connection, id=1, result=SUBSCRIPTION)
        if fifth and self.wrong == "no id":
            self._say(connection, error={"code": -32700, "message": "what?"})
        if fifth and self.wrong == "null id":
            self._say(connection, id=None, error={"code": -32700, "message": "what?"})
        if fifth and self.wrong == "no JSON":
            connection.send("what?")

    def _head(self, connection: ServerConnection, number: int) -> None:
        if self.wrong == "gap" and number == 5:
            return
        name = "0x1" if self.wrong == "other's event" and number == 5 else SUBSCRIPTION
        for _ in range(2 if self.wrong == "again" and number == 5 else 1):
            params = {"subscription": name, "result": {"number": hex(number)}}
            self._say(connection, method="eth_subscription", params=params)

    @staticmethod
    def _say(connection: ServerConnection, **frame: Any) -> None:
        connection.send(json.dumps({"jsonrpc": "2.0", **frame}))


@contextmanager
def server(wrong: str) -> Iterator[str]:
    with serve(Door(wrong), "127.0.0.1", 0) as running:
        thread = threading.Thread(target=Server.serve_forever, args=(running,))
        thread.start()
        try:
            yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}/el/ws"
        finally:
            running.shutdown()
            thread.join()


def play(script: str, url: str, *told: str) -> tuple[int, set[str]]:
    """The exit code, and the metrics whose thresholds did not hold."""
    own = ["INTERVAL_MS=50", "PATIENCE_MS=700", "P99_MS=5000", f"WS_URL={url}", *told]
    flags = ["--quiet", "--no-color", "--no-usage-report", "--address", ""]
    command = [K6, "run", *flags, *(word for each in own for word in ("-e", each)), str(SCRIPTS / script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    found = CROSSED.search(done.stderr + done.stdout)
    return done.returncode, set(found[1].split(", ")) if found else set()


def load(url: str) -> tuple[int, set[str]]:
    return play("websocket_reconnection_load.js", url, "STAGES=0s:2,3s:2", "SESSION=1500ms")


def test_a_proxy_that_does_all_right_is_green() -> None:
    with server("") as url:
        assert load(url) == (0, set())


@pytest.mark.parametrize(
    ("wrong", "crossed"),
    [
        ("replay", {"strangers"}),
        ("no id", {"strangers"}),
        ("null id", {"strangers"}),
        ("no JSON", {"strangers"}),
        ("other's event", {"strangers", "heads_missing"}),
        ("id as text", {"strangers", "unanswered", "served"}),
        ("lost", {"unanswered", "served"}),
        ("error", {"checks", "served"}),
        ("deadline", {"checks", "served", "timeouts"}),
        ("other's answer", {"checks"}),
        ("gap", {"heads_missing"}),
        ("again", {"heads_twice"}),
        ("cut", {"connections_cut"}),
    ],
)
def test_one_thing_wrong_is_red(wrong: str, crossed: set[str]) -> None:
    with server(wrong) as url:
        code, found = load(url)
    assert code == CROSSED_EXIT
    assert crossed <= found
    assert found - crossed <= {"unanswered", "served"}, "nothing else, but for what a cut or a loss takes with it"


def test_nobody_there_is_red() -> None:
    with server("") as url:
        pass
    code, found = load(url)
    assert code == CROSSED_EXIT
    assert {"checks", "connections_cut", "requests", "heads"} <= found


@contextmanager
def metrics(connections: int) -> Iterator[str]:
    page = f"# TYPE vixy_ws_connections_active gauge\nvixy_ws_connections_active {connections}.0\n".encode()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/metrics"
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize(("counted", "others", "crossed"), [(2, 0, set()), (5, 3, set()), (3, 0, {"checks"})])
def test_a_soak_compares_the_proxys_count_with_its_own(counted: int, others: int, crossed: set[str]) -> None:
    told = ["CLIENTS=2", "DURATION=4s", "LEAVES_MS=1500", "WATCH_MS=500", f"OTHER_CLIENTS={others}"]
    with server("") as url, metrics(counted) as page:
        code, found = play("soak.js", url, *told, f"METRICS_URL={page}")
    assert (code, found) == (CROSSED_EXIT if crossed else 0, crossed)
