"""A fake engine for tests: the same gRPC interface, nothing behind it but memory."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from kurtosis_sdk._core.methods import API_CONTAINER_SERVICE, ENGINE_SERVICE
from kurtosis_sdk.testing.api_container import ApiContainerService
from kurtosis_sdk.testing.docker_api import DockerApi
from kurtosis_sdk.testing.engine_service import EngineService
from kurtosis_sdk.testing.grpc_server import Disturbances, GrpcServer
from kurtosis_sdk.testing.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from kurtosis_sdk.services import ExecResult
    from kurtosis_sdk.testing.world import FakeEnclave, FakeService


class FakeEngine:
    """An engine at `address`, and a Docker API at `docker_host`, from its making until `close`.

    It interprets a subset of Starlark and keeps enclaves, services, files and logs as an engine would, but no process
    runs and no port of a service answers. Images whose name matches a pattern of `missing_images` cannot be had. On a
    `cluster_type` other than docker, Docker has none of the containers.
    """

    def __init__(
        self,
        *,
        version: str = "1.20.0",
        missing_images: Sequence[str] = ("*does-not-exist*",),
        cluster_type: Literal["docker", "kubernetes"] = "docker",
    ) -> None:
        self._world = World(version, tuple(missing_images), cluster_type)
        self._disturbances = Disturbances()
        self._enclave_servers: dict[str, GrpcServer] = {}
        service = EngineService(self._world, self._open_enclave, self._close_enclave)
        self._engine = GrpcServer(ENGINE_SERVICE, service.routes(), self._disturbances)
        self._docker = DockerApi(self._world)
        self.address = f"127.0.0.1:{self._engine.port}"
        self.docker_host = self._docker.host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all servers; connections to them break."""
        for event in self._disturbances.stalled.values():
            event.set()
        for server in [*self._enclave_servers.values(), self._engine]:
            server.stop()
        self._enclave_servers.clear()
        self._docker.stop()

    def enclave(self, identifier: str) -> FakeEnclave:
        """What the fake knows of an enclave; its services are in `services`, by name."""
        return self._world.enclave(identifier)

    def on_exec(self, handler: Callable[[FakeService, Sequence[str]], ExecResult | None]) -> None:
        """Answer commands: None leaves one to the fake's own few (echo, cat, env, mkdir, true, false, exit, sh -c)."""
        self._world.exec_handler = handler

    @contextmanager
    def stalled(self, method: str) -> Iterator[None]:
        """A gRPC method, such as CreateEnclave, that does not answer within the `with` block."""
        over = threading.Event()
        self._disturbances.stalled[method] = over
        try:
            yield
        finally:
            over.set()
            del self._disturbances.stalled[method]

    @contextmanager
    def refused(self, method: str, details: str) -> Iterator[None]:
        """A gRPC method that fails with this text within the `with` block."""
        self._disturbances.refused[method] = details
        try:
            yield
        finally:
            del self._disturbances.refused[method]

    def _open_enclave(self, enclave: FakeEnclave) -> None:
        routes = ApiContainerService(self._world, enclave).routes()
        server = GrpcServer(API_CONTAINER_SERVICE, routes, self._disturbances)
        self._enclave_servers[enclave.uuid] = server
        enclave.address = ("127.0.0.1", server.port)

    def _close_enclave(self, enclave: FakeEnclave) -> None:
        enclave.address = None
        server = self._enclave_servers.pop(enclave.uuid, None)
        if server is not None:
            server.stop()
