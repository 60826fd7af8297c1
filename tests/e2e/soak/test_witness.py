"""A node that stands still is told from one that is sound, and from one that somebody has hurt."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from e2e.ledger.entries import Entry, Healed, Injected
from e2e.ledger.recorder import Recorder
from e2e.soak import witness
from e2e.soak.witness import FAULT, NodeWitness

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = "el-1-primary"


class _Node(http.server.BaseHTTPRequestHandler):
    """Answers once it may."""

    may = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.may.wait(5)
        with suppress(OSError):  # whoever asked has given up
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def node() -> Iterator[str]:
    _Node.may.set()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Node)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        _Node.may.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "SLOW", 0.2)
    monkeypatch.setattr(witness, "GIVES_UP", 0.3)


def kinds(recorder: Recorder) -> list[tuple[type[Entry], str]]:
    return [(type(each), each.fault) for each in recorder.entries() if isinstance(each, Injected | Healed)]


@pytest.mark.usefixtures("patience")
def test_standing_still_is_written_down_once_and_so_is_its_end() -> None:
    recorder = Recorder()
    with node() as url:
        looks = NodeWitness(NODE, lambda _: url, lambda: (), recorder)
        looks.look()
        assert kinds(recorder) == []
        _Node.may.clear()
        looks.look()
        looks.look()
        assert kinds(recorder) == [(Injected, FAULT)]
        _Node.may.set()
        looks.look()
        assert kinds(recorder) == [(Injected, FAULT), (Healed, FAULT)]
        looks.close()
        assert len(kinds(recorder)) == 2


@pytest.mark.usefixtures("patience")
def test_what_the_nemesis_does_is_none_of_its_business() -> None:
    recorder, hurt = Recorder(), set[str]()
    with node() as url:
        looks = NodeWitness(NODE, lambda _: url, lambda: hurt, recorder)
        _Node.may.clear()
        hurt.add(NODE)
        looks.look()
        assert kinds(recorder) == []
        hurt.clear()
        looks.look()
        hurt.add(NODE)  # now somebody hurts it: what was seen before ends
        looks.look()
        assert kinds(recorder) == [(Injected, FAULT), (Healed, FAULT)]


@pytest.mark.usefixtures("patience")
def test_a_node_that_refuses_does_not_stand_still() -> None:
    recorder = Recorder()
    with node() as url:
        pass
    NodeWitness(NODE, lambda _: url, lambda: (), recorder).look()
    assert kinds(recorder) == []
