"""What is asked of an engine, and in which order."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from kurtosis_sdk._core import convert
from kurtosis_sdk._core.calls import Flow, Stream, Unary, ask
from kurtosis_sdk._core.methods import (
    CLEAN,
    CREATE_ENCLAVE,
    DESTROY_ENCLAVE,
    GET_ENCLAVES,
    GET_ENGINE_INFO,
    GET_IDENTIFIERS,
    GET_SERVICE_LOGS,
    STOP_ENCLAVE,
)
from kurtosis_sdk._wire import engine_pb2 as engine
from kurtosis_sdk.enclaves import (
    ApiContainerStatus,
    EnclaveIdentifier,
    EnclaveIdentifiers,
    EnclaveInfo,
    EnclaveMode,
    EnclaveNameAndUuid,
    Enclaves,
)
from kurtosis_sdk.errors import (
    EnclaveNotFoundError,
    EnclaveNotRunningError,
    EngineVersionError,
    InvalidArgumentError,
)
from kurtosis_sdk.services import LogLineFilter, LogLineOperator
from kurtosis_sdk.version import ENGINE_VERSION, __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LOG = logging.getLogger("kurtosis_sdk")
_NAME = re.compile(r"[-A-Za-z0-9]{1,60}")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)$")
_OPERATORS = {
    LogLineOperator.DOES_CONTAIN_TEXT: engine.DOES_CONTAIN_TEXT,
    LogLineOperator.DOES_NOT_CONTAIN_TEXT: engine.DOES_NOT_CONTAIN_TEXT,
    LogLineOperator.DOES_CONTAIN_MATCH_REGEX: engine.DOES_CONTAIN_MATCH_REGEX,
    LogLineOperator.DOES_NOT_CONTAIN_MATCH_REGEX: engine.DOES_NOT_CONTAIN_MATCH_REGEX,
}


def check_version(timeout: float) -> Flow[str]:
    """The engine's version, which must be the one this SDK speaks to; a build without a number is let through."""
    answer = yield from ask(Unary(GET_ENGINE_INFO, Empty(), "ask the engine for its version", timeout))
    version = answer.engine_version
    numbers = _VERSION.match(version)
    wanted = ".".join(map(str, ENGINE_VERSION))
    if numbers is None:
        _LOG.warning(
            "The engine calls its version %r; this SDK speaks to %s and cannot tell if that fits", version, wanted
        )
    elif (int(numbers[1]), int(numbers[2])) != ENGINE_VERSION:
        raise EngineVersionError(
            f"The engine is version {version}; kurtosis-sdk {__version__} speaks to {wanted}. Either run the engine "
            f"that fits (`kurtosis engine restart --version {wanted}.0`) or take the SDK for {numbers[1]}.{numbers[2]}"
        )
    return version


def create_enclave(name: str, mode: EnclaveMode, timeout: float) -> Flow[EnclaveInfo]:
    if name and not _NAME.fullmatch(name):
        raise InvalidArgumentError(f"An enclave's name is 1 to 60 letters, digits and hyphens, not {name!r}")
    request = engine.CreateEnclaveArgs(
        enclave_name=name,
        api_container_version_tag="",
        api_container_log_level="info",
        mode=engine.PRODUCTION if mode is EnclaveMode.PRODUCTION else engine.TEST,
    )
    answer = yield from ask(Unary(CREATE_ENCLAVE, request, f"create the enclave {name!r}", timeout))
    return convert.enclave_info(answer.enclave_info)


def get_enclaves(timeout: float, uuids: Iterable[str] = ()) -> Flow[Enclaves]:
    request = engine.GetEnclavesByUuidsArgs(enclave_uuids=uuids)
    answer = yield from ask(Unary(GET_ENCLAVES, request, "list the enclaves", timeout))
    return Enclaves({uuid: convert.enclave_info(info) for uuid, info in answer.enclave_info.items()})


def get_identifiers(timeout: float) -> Flow[EnclaveIdentifiers]:
    answer = yield from ask(Unary(GET_IDENTIFIERS, Empty(), "list the enclaves' identifiers", timeout))
    return EnclaveIdentifiers(
        tuple(
            EnclaveIdentifier(known.enclave_uuid, known.name, known.shortened_uuid) for known in answer.all_identifiers
        )
    )


def get_enclave(identifier: str, timeout: float) -> Flow[EnclaveInfo]:
    """The one enclave that exists under a name, UUID or shortened UUID; destroyed ones of that name do not count."""
    known = yield from get_identifiers(timeout)
    uuids = [one.enclave_uuid for one in known.all if identifier in {one.enclave_uuid, one.name, one.shortened_uuid}]
    # no UUIDs would ask for all enclaves
    found = (yield from get_enclaves(timeout, uuids)).enclaves_by_uuid if uuids else {}
    if not found:
        was = ", though there was one" if uuids else ""
        raise EnclaveNotFoundError(f"No enclave {identifier!r} exists now{was}: `kurtosis enclave ls` lists them")
    if len(found) > 1:
        raise EnclaveNotFoundError(f"{identifier!r} names more than one enclave: use a full UUID of {', '.join(found)}")
    return next(iter(found.values()))


def address_of(info: EnclaveInfo) -> str:
    """host:port of the enclave's API container. Raises `EnclaveNotRunningError`."""
    if info.api_container_status is not ApiContainerStatus.RUNNING or info.api_container_address is None:
        raise EnclaveNotRunningError(
            f"The API container of enclave {info.name!r} is {info.api_container_status.value}: an enclave that was "
            f"stopped cannot be used again. `kurtosis enclave rm {info.name}` removes it"
        )
    return info.api_container_address


def stop_enclave(identifier: str, timeout: float) -> Flow[None]:
    request = engine.StopEnclaveArgs(enclave_identifier=identifier)
    yield from ask(Unary(STOP_ENCLAVE, request, f"stop the enclave {identifier!r}", timeout))


def destroy_enclave(identifier: str, timeout: float) -> Flow[None]:
    request = engine.DestroyEnclaveArgs(enclave_identifier=identifier)
    yield from ask(Unary(DESTROY_ENCLAVE, request, f"destroy the enclave {identifier!r}", timeout))


def clean(should_clean_all: bool, timeout: float) -> Flow[list[EnclaveNameAndUuid]]:
    request = engine.CleanArgs(should_clean_all=should_clean_all)
    answer = yield from ask(Unary(CLEAN, request, "clean up enclaves", timeout))
    return [EnclaveNameAndUuid(removed.name, removed.uuid) for removed in answer.removed_enclave_name_and_uuids]


def service_logs(
    enclave_identifier: str,
    service_uuids: Iterable[str],
    filters: Sequence[LogLineFilter],
    num_log_lines: int | None,
    *,
    follow: bool,
    timeout: float,
) -> Stream[engine.GetServiceLogsArgs, engine.GetServiceLogsResponse]:
    request = engine.GetServiceLogsArgs(
        enclave_identifier=enclave_identifier,
        service_uuid_set=dict.fromkeys(service_uuids, True),
        follow_logs=follow,
        conjunctive_filters=[
            engine.LogLineFilter(operator=_OPERATORS[each.operator], text_pattern=each.text_pattern) for each in filters
        ],
        return_all_logs=num_log_lines is None,
        num_log_lines=num_log_lines or 0,
    )
    return Stream(GET_SERVICE_LOGS, request, f"read logs in the enclave {enclave_identifier!r}", timeout)
