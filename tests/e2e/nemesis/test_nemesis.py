"""Faults against nodes of our own: a real listener that can be closed or made to hold its tongue."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, cast

import pytest

from e2e.ledger.entries import Healed, Injected
from e2e.ledger.faults import EFFECTS
from e2e.ledger.recorder import Recorder
from e2e.nemesis import nemesis as module
from e2e.nemesis import signs
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.nemesis.nemesis import FAULTS, Nemesis
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.testbed.protocol import Testbed

ANSWER = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'


class Listener:
    """An HTTP server on a port of its own that can be silenced, closed and opened again."""

    def __init__(self) -> None:
        self.speaks = threading.Event()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        speaks = self.speaks
        speaks.set()

        class Page(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                speaks.wait()
                self.send_response(200)
                self.send_header("content-length", str(len(ANSWER)))
                self.end_headers()
                with contextlib.suppress(OSError):  # whoever asked a silent node is gone by now
                    self.wfile.write(ANSWER)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Page)
        self._server.daemon_threads = False
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def close(self) -> None:
        if self._server is not None:
            self.speaks.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Network:
    """A testbed of one node; with `deaf`, orders are taken and not carried out."""

    def __init__(self) -> None:
        self.node = Listener()
        self.deaf = False
        self._state: Literal["running", "paused", "stopped"] = "running"

    def urls(self, _: str) -> NodeUrls:
        return NodeUrls(self.node.url, self.node.url.replace("http", "ws"))

    def state(self, _: str) -> str:
        return self._state

    def stop(self, _: str) -> None:
        if not self.deaf:
            self.node.close()
            self._state = "stopped"

    kill = stop

    def pause(self, _: str) -> None:
        if not self.deaf:
            self.node.speaks.clear()
            self._state = "paused"

    def unpause(self, _: str) -> None:
        self.node.speaks.set()
        self._state = "running"

    def boot(self, _: str) -> None:
        self.node.open()
        self._state = "running"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setattr(signs, "PATIENCE", 0.1)
    monkeypatch.setattr(module, "BITES_WITHIN", 0.3)
    network = Network()
    yield network
    network.node.close()


def nemesis_of(network: Network) -> tuple[Nemesis, Recorder]:
    recorder = Recorder()
    return Nemesis(cast("Testbed", network), recorder), recorder


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_and_its_cure_are_written_down(network: Network, fault: str) -> None:
    nemesis, recorder = nemesis_of(network)
    before = recorder.now()
    nemesis.inject(fault, "el-1-primary")
    assert list(nemesis.hurt) == ["el-1-primary"]
    assert not signs.answers(network.urls(""))
    nemesis.cure_all()
    assert not nemesis.hurt
    assert signs.answers(network.urls(""))
    injected, healed = recorder.entries()
    assert isinstance(injected, Injected)
    assert (injected.fault, injected.target) == (fault, "el-1-primary")
    assert injected.began is not None
    assert before <= injected.began == nemesis.last_began <= injected.at == nemesis.last_injected
    assert isinstance(healed, Healed)
    assert (healed.fault, healed.target) == (fault, "el-1-primary")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_does_not_bite_is_an_error_and_no_fact(
    network: Network, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs, "PATIENCE", 10.0)  # nobody is silent here, but for a machine that is busy
    nemesis, recorder = nemesis_of(network)
    network.deaf = True
    with pytest.raises(FaultDidNotBiteError, match=f"{fault} of el-1-primary did not bite"):
        nemesis.inject(fault, "el-1-primary")
    assert recorder.entries() == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_node_that_is_down_cannot_be_hurt(network: Network, fault: str) -> None:
    nemesis, _ = nemesis_of(network)
    network.stop("el-1-primary")
    with pytest.raises(FaultDidNotBiteError, match="the node is stopped"):
        nemesis.inject(fault, "el-1-primary")
    network.boot("el-1-primary")


def test_the_judge_knows_every_fault() -> None:
    assert FAULTS.keys() <= EFFECTS.keys()


def test_what_was_not_hurt_cannot_be_cured(network: Network) -> None:
    nemesis, _ = nemesis_of(network)
    with pytest.raises(KeyError):
        nemesis.cure("el-1-primary")


def test_a_silent_node_does_not_refuse(network: Network) -> None:
    network.pause("")
    assert not signs.refuses(network.urls(""))
    assert not signs.answers(network.urls(""))
