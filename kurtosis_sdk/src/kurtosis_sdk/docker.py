"""Signals, pauses, exit codes and output of containers through the Docker API: Kurtosis has no call for them.

A kill from inside the container would not do: the kernel keeps a container's first process safe from its own kind.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from kurtosis_sdk.errors import DockerError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_HOST = "unix:///var/run/docker.sock"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Docker:
    """The containers of services at a Docker host: unix:///path or tcp://host:port, by default `DOCKER_HOST`."""

    def __init__(self, host: str | None = None, *, timeout: float = 30.0) -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
        self._timeout = timeout

    def kill(self, enclave_uuid: str, service_uuid: str, signal: str) -> None:
        """Send a signal to the first process; after SIGKILL, return when the container has ended."""
        container, state = self._container(enclave_uuid, service_uuid)
        if not state["Running"]:
            return
        self._ask("POST", f"/containers/{container}/kill", {"signal": signal})
        if signal == "SIGKILL":
            self._ask("POST", f"/containers/{container}/wait", {"condition": "not-running"})

    def pause(self, enclave_uuid: str, service_uuid: str) -> None:
        container, state = self._container(enclave_uuid, service_uuid)
        if not state["Paused"]:
            self._ask("POST", f"/containers/{container}/pause")

    def unpause(self, enclave_uuid: str, service_uuid: str) -> None:
        container, state = self._container(enclave_uuid, service_uuid)
        if state["Paused"]:
            self._ask("POST", f"/containers/{container}/unpause")

    def exit_code(self, enclave_uuid: str, service_uuid: str) -> int | None:
        """What its first process ended with, None while it has not; 128 and the number of the signal that ended it."""
        _, state = self._container(enclave_uuid, service_uuid)
        return None if state["Running"] else int(state["ExitCode"])

    def log(self, enclave_uuid: str, service_uuid: str) -> str:
        """All that it has printed, over all its starts, standard output and error in their order."""
        container, _ = self._container(enclave_uuid, service_uuid)
        query = {"stdout": "true", "stderr": "true"}
        return demultiplexed(self._fetch("GET", f"/containers/{container}/logs", query)).decode(errors="replace")

    def _container(self, enclave_uuid: str, service_uuid: str) -> tuple[str, Mapping[str, Any]]:
        """Id and state of a service's container, which Kurtosis labels with both UUIDs."""
        labels = [f"com.kurtosistech.enclave-id={enclave_uuid}", f"com.kurtosistech.guid={service_uuid}"]
        found = self._ask("GET", "/containers/json", {"all": "true", "filters": json.dumps({"label": labels})})
        if not found:
            raise DockerError(
                f"Docker at {self.host} has no container for the service {service_uuid}: does the engine run on "
                f"another Docker host, or on Kubernetes? DOCKER_HOST names the host; Kubernetes knows no pause"
            )
        container = quote(found[0]["Id"])
        return container, self._ask("GET", f"/containers/{container}/json")["State"]

    def _ask(self, method: str, path: str, query: Mapping[str, str] | None = None) -> Any:
        body = self._fetch(method, path, query)
        return json.loads(body) if body else None

    def _fetch(self, method: str, path: str, query: Mapping[str, str] | None = None) -> bytes:
        target = f"{path}?{urlencode(query)}" if query else path
        connection = self._connection()
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError as problem:
            raise DockerError(f"Docker at {self.host} did not answer {path} within {self._timeout:g} s") from problem
        except (OSError, http.client.HTTPException) as problem:
            raise DockerError(
                f"No Docker API at {self.host} ({problem}), and kill, pause and unpause go through it: "
                f"set DOCKER_HOST, or join the group that may use the socket"
            ) from problem
        finally:
            connection.close()
        if answer.status >= 400:
            raise DockerError(f"Docker refused {method} {path} with {answer.status}: {_message(body)}")
        return body

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self.host)
        if where.scheme == "unix":
            return _UnixConnection(where.path, self._timeout)
        if where.scheme == "tcp" and where.hostname and where.port:
            return http.client.HTTPConnection(where.hostname, where.port, timeout=self._timeout)
        raise DockerError(f"DOCKER_HOST {self.host!r} is neither unix:///path nor tcp://host:port")


def demultiplexed(stream: bytes) -> bytes:
    """The payloads of Docker's frames: a byte for the stream, three of nothing, four for the size, and the payload.

    Of a container with a terminal there are no frames: what comes is what it printed.
    """
    payloads = []
    rest = stream
    while rest:
        if rest[0] > 2 or rest[1:4] != bytes(3):
            return stream
        end = 8 + int.from_bytes(rest[4:8], "big")
        payloads.append(rest[8:end])
        rest = rest[end:]
    return b"".join(payloads)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")
