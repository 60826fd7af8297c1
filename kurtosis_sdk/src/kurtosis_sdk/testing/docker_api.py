"""The part of the Docker API that signals, pauses, exit codes and logs need, on a Unix socket, over a fake world."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from kurtosis_sdk.testing.world import FakeEnclave, FakeService, World


_DYING = 0.05
"""Seconds from a signal to the end of a container."""
_FATAL = {"SIGKILL": 137, "SIGTERM": 143}
"""Signals that end a container, and its exit code then."""


class DockerApi:
    """A server at `host`, which is unix:///path, from its making until `stop`."""

    def __init__(self, world: World) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fake-docker-"))
        path = self._folder / "docker.sock"

        class Handler(_Handler):
            containers = _Containers(world)

        self._server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.host = f"unix://{path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        shutil.rmtree(self._folder)


class _Containers:
    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, method: str, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        """HTTP status and body: JSON, or bytes as they are; None for an empty one."""
        parts = path.strip("/").split("/")
        with self._world.lock:
            if (method, parts) == ("GET", ["containers", "json"]):
                labels = json.loads(query.get("filters", ["{}"])[0]).get("label", [])
                return 200, [{"Id": service.uuid} for _, service in self._matching(labels)]
            known = {service.uuid: (enclave, service) for enclave, service in self._matching([])}
            if len(parts) != 3 or parts[1] not in known:
                return 404, {"message": f"No such container: {path}"}
            enclave, service = known[parts[1]]
            if parts[2] != "wait":
                return self._act(enclave, service, parts[2], query)
        service.ended.wait()
        return 200, {"StatusCode": 137}

    def _matching(self, labels: list[str]) -> list[tuple[FakeEnclave, FakeService]]:
        return [
            (enclave, service)
            for enclave in self._world.enclaves.values()
            if self._world.cluster_type == "docker"
            for service in enclave.services.values()
            if set(labels) <= {f"com.kurtosistech.enclave-id={enclave.uuid}", f"com.kurtosistech.guid={service.uuid}"}
        ]

    def _act(
        self, enclave: FakeEnclave, service: FakeService, action: str, query: dict[str, list[str]]
    ) -> tuple[int, Any]:
        state = service.container
        match action:
            case "json":
                code = service.exit_code
                return 200, {"State": {"Running": state != "exited", "Paused": state == "paused", "ExitCode": code}}
            case "logs":
                return 200, b"".join(map(_frame, service.log))
            case "kill" if state != "exited":
                signal = query.get("signal", ["SIGKILL"])[0]
                service.signals.append(signal)
                if signal in _FATAL:  # the answer does not wait for the end
                    threading.Timer(_DYING, enclave.end, [service, _FATAL[signal]]).start()
                return 204, None
            case "pause" if state == "running":
                service.container = "paused"
                return 204, None
            case "unpause" if state == "paused":
                service.container = "running"
                return 204, None
            case _:
                return 409, {"message": f"cannot {action} a container that is {state}"}


def _frame(line: str) -> bytes:
    """A line on standard output as Docker sends it."""
    payload = f"{line}\n".encode()
    return bytes([1, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


class _Handler(BaseHTTPRequestHandler):
    containers: _Containers

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: a Unix socket has no peer address to log."""

    def _answer(self) -> None:
        target = urlsplit(self.path)
        status, content = self.containers.answer(self.command, target.path, parse_qs(target.query))
        body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)
