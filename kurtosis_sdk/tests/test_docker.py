"""The Docker API: where it is, and what it may refuse."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from kurtosis_sdk import DockerError, KurtosisContext
from kurtosis_sdk.docker import DEFAULT_HOST, Docker, demultiplexed
from kurtosis_sdk.testing import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kurtosis_sdk import EnclaveContext, ServiceContext

SCRIPT = 'def run(plan):\n    plan.add_service(name = "db", config = ServiceConfig(image = "redis:7"))\n'


@pytest.fixture
def enclave(kurtosis: KurtosisContext) -> Iterator[EnclaveContext]:
    with kurtosis.temporary_enclave("docker") as enclave:
        enclave.run_starlark_script_blocking(SCRIPT)
        yield enclave


@pytest.fixture
def service(enclave: EnclaveContext) -> ServiceContext:
    return enclave.get_service_context("db")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A TCP Docker host with one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_host_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert Docker().host == DEFAULT_HOST
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert Docker().host == "tcp://127.0.0.1:2375"
    assert Docker("unix:///x").host == "unix:///x"


def test_any_signal_can_be_sent(fake: FakeEngine, service: ServiceContext) -> None:
    service.kill("SIGUSR1")
    assert service.info.container_status.value == "running"
    service.kill()
    known = fake.enclave("docker").services["db"]
    assert known.signals == ["SIGUSR1", "SIGKILL"]
    assert known.starts == 1


def test_what_docker_refuses_is_told(service: ServiceContext) -> None:
    service.kill()
    with pytest.raises(DockerError, match=r"refused POST .*409: cannot pause a container that is exited"):
        service.pause()


def test_no_docker_says_what_needs_it(tmp_path: Path) -> None:
    for host in (f"unix://{tmp_path}/nothing.sock", "tcp://127.0.0.1:1"):
        with pytest.raises(DockerError, match="set DOCKER_HOST") as caught:
            Docker(host).pause("e", "s")
        assert caught.value.fault == "environment"
    for host in ("ssh://somewhere", "tcp://noport"):
        with pytest.raises(DockerError, match="neither unix:///path nor tcp://host:port"):
            Docker(host).pause("e", "s")


def test_a_docker_that_hangs_has_a_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        docker = Docker(f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout=0.1)
        with pytest.raises(DockerError, match=r"within 0\.1 s"):
            docker.pause("e", "s")


def test_a_docker_without_the_container_is_the_wrong_one(service: ServiceContext) -> None:
    with answering(200, b"[]") as host, pytest.raises(DockerError, match="another Docker host, or on Kubernetes"):
        Docker(host).kill("e", "s", "SIGKILL")


def test_a_fake_on_kubernetes_has_no_containers_in_docker() -> None:
    with (
        FakeEngine(cluster_type="kubernetes") as fake,
        KurtosisContext.connect(fake.address, docker_host=fake.docker_host) as kurtosis,
        kurtosis.temporary_enclave("k8s") as enclave,
    ):
        enclave.run_starlark_script_blocking(SCRIPT)
        with pytest.raises(DockerError, match="on Kubernetes"):
            enclave.get_service_context("db").pause()


@pytest.mark.parametrize("body", [b"teapot", b'{"error": 1}', b"[]"])
def test_an_error_of_another_form_is_told_as_it_is(body: bytes) -> None:
    with answering(418, body) as host, pytest.raises(DockerError, match="418: ") as caught:
        Docker(host).unpause("e", "s")
    assert str(caught.value).endswith(body.decode())


def test_frames_of_both_streams_are_put_together_in_their_order() -> None:
    frames = b"\x01\0\0\0\0\0\0\x02a\n\x02\0\0\0\0\0\0\x01b\x01\0\0\0\0\0\0\x00"
    assert demultiplexed(frames) == b"a\nb"
    assert demultiplexed(b"") == b""


@pytest.mark.parametrize("printed", [b"plain text", b"\x01\x02 text", b"\x07"])
def test_what_a_terminal_printed_is_left_as_it_is(printed: bytes) -> None:
    assert demultiplexed(printed) == printed
