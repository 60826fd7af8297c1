"""Values that describe services, their ports, their logs and the files of an enclave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from kurtosis_sdk._core.identifiers import Known, the_one
from kurtosis_sdk.errors import ServiceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class TransportProtocol(Enum):
    TCP = "TCP"
    SCTP = "SCTP"
    UDP = "UDP"


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port of a service. `number` is the container's for a private port, the host's for a public one."""

    number: int
    transport_protocol: TransportProtocol
    maybe_application_protocol: str | None


class Status(Enum):
    STOPPED = "stopped"
    RUNNING = "running"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """A service at one moment.

    `service_status` is what was asked of it: only Starlark's start and stop change it. `container_status` is what
    Docker sees: STOPPED after a crash, a kill and a pause too. A container that has ended has no public address and no
    public ports; a paused one keeps them.
    """

    service_uuid: str
    name: str
    shortened_uuid: str
    private_ip_address: str
    private_ports: Mapping[str, PortSpec]
    maybe_public_ip_address: str
    public_ports: Mapping[str, PortSpec]
    service_status: Status
    container_status: Status
    image_name: str


@dataclass(frozen=True, slots=True)
class ServiceIdentifier:
    """What a service, past or present, is called."""

    service_uuid: str
    name: str
    shortened_uuid: str


@dataclass(frozen=True, slots=True)
class ServiceIdentifiers:
    """Every service that an enclave has had, those removed included."""

    all: tuple[ServiceIdentifier, ...]

    def get_service_uuid_for_identifier(self, identifier: str) -> str:
        """The full UUID of the one service with this UUID, shortened UUID or name, looked up in that order.

        Raises `ServiceNotFoundError` when there is none, or more than one.
        """
        every = (Known(known.service_uuid, known.shortened_uuid, known.name) for known in self.all)
        missing = f"The enclave has never had a service {identifier!r}"
        return the_one(identifier, every, "service", missing, ServiceNotFoundError)

    def get_ordered_list_of_names(self) -> list[str]:
        return sorted({known.name for known in self.all})


class ExecResult(NamedTuple):
    """What a command inside a service gave: its exit code, and its standard output and error together."""

    exit_code: int
    output: str


class LogLineOperator(Enum):
    DOES_CONTAIN_TEXT = "contains"
    DOES_NOT_CONTAIN_TEXT = "does not contain"
    DOES_CONTAIN_MATCH_REGEX = "matches"
    DOES_NOT_CONTAIN_MATCH_REGEX = "does not match"


@dataclass(frozen=True, slots=True)
class LogLineFilter:
    """Keeps the lines for which the operator holds. A regular expression is RE2's, and matches anywhere in a line."""

    operator: LogLineOperator
    text_pattern: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a service's log. `timestamp` is that of the last line in the batch it arrived with."""

    service_uuid: str
    text: str
    timestamp: datetime | None


@dataclass(frozen=True, slots=True)
class FilesArtifact:
    """A named set of files that an enclave keeps."""

    name: str
    uuid: str


@dataclass(frozen=True, slots=True)
class FileDescription:
    """A file of an artifact. `size` in bytes; `text_preview` is None when it is not printable text."""

    path: str
    size: int
    text_preview: str | None


class Connect(Enum):
    """Whether a remote enclave's ports are forwarded to this machine."""

    CONNECT = "connect"
    NO_CONNECT = "no connect"
