"""The recording HTTP client against a real server."""

from __future__ import annotations

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from e2e.clients.http import HttpClient
from e2e.clients.websocket import Request
from e2e.ledger.entries import Failed, Received, Sent
from e2e.ledger.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page(BaseHTTPRequestHandler):
    """Answers with what it was sent, with 503 if the method is 'down', and to 'slow' never."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = b"".join(self._pieces())
        if b'"slow"' in body:
            self.rfile.read(1)  # until the client gives up
            return
        if b'"short"' in body or b'"chunks"' in body:
            self._break_off(chunked=b'"chunks"' in body)
            return
        if b'"drips"' in body:
            self._drip()
            return
        self.send_response(503 if b'"down"' in body else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pieces(self) -> Iterator[bytes]:
        """The body, as a whole or in chunks."""
        if "content-length" in self.headers:
            yield self.rfile.read(int(self.headers["content-length"]))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _break_off(self, *, chunked: bool) -> None:
        self.send_response(200)
        self.send_header(*(("transfer-encoding", "chunked") if chunked else ("content-length", "100")))
        self.end_headers()
        whole = b'{"jsonrpc":"2.0","id":1,"result":1}'
        self.wfile.write(b"%x\r\n%b\r\n" % (len(whole), whole) if chunked else whole)
        self.close_connection = True

    def _drip(self) -> None:
        """An answer without an end, a byte now and then, until the client gives up."""
        self.send_response(200)
        self.send_header("content-length", str(1 << 30))
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" ")
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        client = HttpClient("h", f"http://127.0.0.1:{server.server_port}/el", Recorder())
        yield client
        client.close()
        server.shutdown()
        thread.join()


def entries(client: HttpClient) -> tuple[object, ...]:
    return client._recorder.entries()


def test_a_body_in_chunks_says_the_same(client: HttpClient) -> None:
    whole, chunked = (client.call(Request("1", "eth_call", [{"to": "0x1"}]), 5, chunks=count) for count in (0, 3))
    assert whole is not None
    assert chunked is not None
    assert chunked.frame == whole.frame


@pytest.mark.parametrize("request_id", ["1", "1.0", "18446744073709551616", '"a"', "null"])
def test_what_went_out_and_came_back_is_written_down(client: HttpClient, request_id: str) -> None:
    received = client.call(Request(request_id, "eth_call", [{"to": "0x1"}]), 5)
    assert received is not None
    assert (received.id, received.status, received.lane) == (request_id, 200, "http")
    sent, got = entries(client)
    assert isinstance(sent, Sent)
    assert (sent.id, sent.method, sent.params, sent.lane) == (request_id, "eth_call", [{"to": "0x1"}], "http")
    assert isinstance(got, Received)
    assert got.op == sent.op


def test_an_http_error_with_a_body_is_an_answer(client: HttpClient) -> None:
    received = client.call(Request("1", "down"), 5)
    assert received is not None
    assert received.status == 503


def test_a_time_out_is_a_failure_of_that_request(client: HttpClient) -> None:
    assert client.call(Request("1", "slow"), 0.1) is None
    sent, failed = entries(client)
    assert isinstance(sent, Sent)
    assert isinstance(failed, Failed)
    assert failed.op == sent.op
    assert "timeout" in failed.reason.lower()


def test_an_answer_that_drips_in_without_an_end_is_a_failure_in_time(client: HttpClient) -> None:
    assert client.call(Request("1", "drips"), 0.3) is None
    failed = entries(client)[-1]
    assert isinstance(failed, Failed)
    assert failed.reason.startswith("ReadTimeout: ")


@pytest.mark.parametrize("how", ["short", "chunks"])
def test_an_answer_that_breaks_off_is_a_failure(client: HttpClient, how: str) -> None:
    assert client.call(Request("1", how), 5) is None
    assert isinstance(entries(client)[-1], Failed)


def test_a_refused_connection_is_a_failure() -> None:
    client = HttpClient("h", "http://127.0.0.1:1/el", Recorder())
    assert client.call(Request("1", "eth_chainId"), 1) is None
    failed = entries(client)[-1]
    assert isinstance(failed, Failed)
    assert "refused" in failed.reason
