"""What a fake engine knows: enclaves, services and files, in memory."""

from __future__ import annotations

import io
import itertools
import tarfile
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kurtosis_sdk.enclaves import EnclaveMode
    from kurtosis_sdk.services import ExecResult
    from kurtosis_sdk.testing.resolver import Done
    from kurtosis_sdk.testing.values import PortSpec, ServiceConfig

ContainerState = Literal["running", "paused", "exited"]


class Refused(Exception):  # noqa: N818 - an answer of the fake, not an error of its own
    """The engine says no; the text goes to the client."""


def new_uuid() -> str:
    return uuid.uuid4().hex


@dataclass
class FakeService:
    """A service and its container. `files` is what its file system holds, by absolute path."""

    name: str
    config: ServiceConfig
    private_ip: str
    uuid: str = field(default_factory=new_uuid)
    is_asked_to_run: bool = False
    container: ContainerState = "exited"
    public_ports: dict[str, int] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    starts: int = 0
    exit_code: int = 0
    signals: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event, repr=False)
    listeners: list[threading.Event] = field(default_factory=list, repr=False)

    @property
    def private_ports(self) -> dict[str, PortSpec]:
        return self.config.ports

    def write_log(self, text: str) -> None:
        """Add a line to its log, as if its process had printed it."""
        self.log.extend(text.splitlines())
        for listener in self.listeners:
            listener.set()


@dataclass
class Artifact:
    name: str
    content: bytes
    uuid: str = field(default_factory=new_uuid)

    def members(self) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        """What is in the archive; raises `Refused` if it is none."""
        try:
            with tarfile.open(fileobj=io.BytesIO(self.content), mode="r:gz") as tar:
                for member in tar:
                    opened = tar.extractfile(member)
                    yield member, opened.read() if opened else b""
        except tarfile.TarError as problem:
            raise Refused(f"the files artifact {self.name!r} is not a gzipped tar: {problem}") from problem


@dataclass
class LastRun:
    package_id: str
    script: str = ""
    params: str = ""
    parallelism: int = 4
    main_file: str = ""
    main_function: str = ""


@dataclass
class FakeEnclave:
    """An enclave; its services are in `services`, by name; `names`, by UUID, keeps those of removed ones, too."""

    name: str
    mode: EnclaveMode
    ports: Iterator[int] = field(repr=False)
    uuid: str = field(default_factory=new_uuid)
    address: tuple[str, int] | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    services: dict[str, FakeService] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    packages: dict[str, bytes] = field(default_factory=dict)
    last_run: LastRun | None = None
    history: list[Done] = field(default_factory=list, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    running: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _addresses: Iterator[int] = field(default_factory=lambda: itertools.count(5), repr=False)

    @property
    def shortened_uuid(self) -> str:
        return self.uuid[:12]

    def service(self, identifier: str) -> FakeService:
        for service in self.services.values():
            if identifier in {service.name, service.uuid, service.uuid[:12]}:
                return service
        raise Refused(f"Couldn't find a matching service name for identifier '{identifier}'")

    def artifact(self, identifier: str) -> Artifact:
        for artifact in self.artifacts.values():
            if identifier in {artifact.name, artifact.uuid, artifact.uuid[:12]}:
                return artifact
        raise Refused(f"no files artifact '{identifier}', it doesn't exist in this enclave")

    def store(self, name: str, content: bytes, *, may_replace: bool = False) -> Artifact:
        """Keep files under a name that is free, or may be taken over with its UUID."""
        name = name or f"fake-artifact-{len(self.artifacts) + 1}"
        if name in self.artifacts and may_replace:
            self.artifacts[name].content = content
            return self.artifacts[name]
        if name in self.artifacts:
            raise Refused(f"the name {name!r} is taken by another files artifact")
        self.artifacts[name] = Artifact(name, content)
        return self.artifacts[name]

    def add_service(self, name: str, config: ServiceConfig) -> FakeService:
        """Add a service, or give one that exists a new container, and start it."""
        service = self.services.get(name) or FakeService(name, config, f"172.16.0.{next(self._addresses)}")
        service.config = config
        service.files = {}  # a new container
        for folder, artifact_name in config.files.items():
            for member, content in self.artifact(artifact_name).members():
                if member.isfile():
                    service.files[f"{folder.rstrip('/')}/{member.name}"] = content
        self.services[name] = service
        self.names[service.uuid] = name
        self.start(service)
        return service

    def start(self, service: FakeService) -> None:
        service.is_asked_to_run = True
        service.container = "running"
        service.exit_code = 0
        service.ended.clear()
        service.starts += 1
        # Docker picks other host ports at each start, unless they are fixed
        fixed = service.config.public_ports
        service.public_ports = {
            port_id: fixed[port_id].number if port_id in fixed else next(self.ports)
            for port_id in service.private_ports
        }

    def stop(self, service: FakeService) -> None:
        service.is_asked_to_run = False
        self.end(service, exit_code=143)

    def end(self, service: FakeService, exit_code: int) -> None:
        service.container = "exited"
        service.exit_code = exit_code
        service.public_ports = {}
        service.ended.set()


@dataclass
class World:
    """Everything behind one fake engine. `lock` guards it; `history` keeps enclaves that are gone."""

    version: str
    missing_images: tuple[str, ...]
    cluster_type: str = "docker"
    enclaves: dict[str, FakeEnclave] = field(default_factory=dict)
    history: list[FakeEnclave] = field(default_factory=list)
    exec_handler: Callable[[FakeService, Sequence[str]], ExecResult | None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    ports: Iterator[int] = field(default_factory=lambda: itertools.count(32_768), repr=False)

    def enclave(self, identifier: str) -> FakeEnclave:
        for enclave in self.enclaves.values():
            if identifier in {enclave.name, enclave.uuid, enclave.shortened_uuid}:
                return enclave
        raise Refused(f"Couldn't find enclave uuid for identifier '{identifier}'")
