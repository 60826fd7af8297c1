"""Values that describe enclaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kurtosis_sdk._core.identifiers import Known, the_one
from kurtosis_sdk.errors import EnclaveNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class EnclaveStatus(Enum):
    """Of all containers of an enclave together."""

    EMPTY = "empty"
    RUNNING = "running"
    STOPPED = "stopped"


class ApiContainerStatus(Enum):
    """Of the container that serves an enclave's API."""

    NONEXISTENT = "nonexistent"
    RUNNING = "running"
    STOPPED = "stopped"


class EnclaveMode(Enum):
    """A production enclave starts its services again when they die."""

    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class EnclaveInfo:
    """One enclave as the engine sees it. `api_container_address` is host:port, None while it does not run."""

    enclave_uuid: str
    name: str
    shortened_uuid: str
    containers_status: EnclaveStatus
    api_container_status: ApiContainerStatus
    api_container_address: str | None
    creation_time: datetime
    mode: EnclaveMode


@dataclass(frozen=True, slots=True)
class Enclaves:
    """All enclaves that exist, by each of their identifiers."""

    enclaves_by_uuid: Mapping[str, EnclaveInfo]

    def get_enclaves_by_uuid(self) -> Mapping[str, EnclaveInfo]:
        return self.enclaves_by_uuid

    def get_enclaves_by_name(self) -> Mapping[str, tuple[EnclaveInfo, ...]]:
        return self._grouped({uuid: info.name for uuid, info in self.enclaves_by_uuid.items()})

    def get_enclaves_by_shortened_uuid(self) -> Mapping[str, tuple[EnclaveInfo, ...]]:
        return self._grouped({uuid: info.shortened_uuid for uuid, info in self.enclaves_by_uuid.items()})

    def _grouped(self, keys: Mapping[str, str]) -> dict[str, tuple[EnclaveInfo, ...]]:
        groups: dict[str, tuple[EnclaveInfo, ...]] = {}
        for uuid, key in keys.items():
            groups[key] = (*groups.get(key, ()), self.enclaves_by_uuid[uuid])
        return groups


@dataclass(frozen=True, slots=True)
class EnclaveIdentifier:
    """What an enclave, past or present, is called."""

    enclave_uuid: str
    name: str
    shortened_uuid: str


@dataclass(frozen=True, slots=True)
class EnclaveIdentifiers:
    """Every enclave that the engine has known since it started, those destroyed included."""

    all: tuple[EnclaveIdentifier, ...]

    def get_enclave_uuid_for_identifier(self, identifier: str) -> str:
        """The full UUID of the one enclave with this UUID, shortened UUID or name, looked up in that order.

        Raises `EnclaveNotFoundError` when there is none, or more than one.
        """
        every = (Known(known.enclave_uuid, known.shortened_uuid, known.name) for known in self.all)
        missing = f"The engine has never known an enclave {identifier!r}"
        return the_one(identifier, every, "enclave", missing, EnclaveNotFoundError)

    def get_ordered_list_of_names(self) -> list[str]:
        return sorted({known.name for known in self.all})


@dataclass(frozen=True, slots=True)
class EnclaveNameAndUuid:
    """An enclave that `clean` removed."""

    name: str
    uuid: str
