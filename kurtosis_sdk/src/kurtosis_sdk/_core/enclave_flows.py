"""What is asked of an enclave's API container, and in which order."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.empty_pb2 import Empty

from kurtosis_sdk._core import convert
from kurtosis_sdk._core.calls import Flow, Stream, Unary, Upload, ask, drain, local
from kurtosis_sdk._core.chunks import ChunkSink, chunked
from kurtosis_sdk._core.methods import (
    CONNECT_SERVICES,
    DOWNLOAD_FILES,
    EXEC_COMMAND,
    GET_SERVICE_IDENTIFIERS,
    GET_SERVICES,
    GET_STARLARK_RUN,
    INSPECT_FILES,
    LIST_FILES,
    RUN_PACKAGE,
    RUN_SCRIPT,
    STORE_WEB_FILES,
    UPLOAD_FILES,
    UPLOAD_PACKAGE,
)
from kurtosis_sdk._core.runs import RunReader, package_args, script_args
from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk.archive import pack, unpack
from kurtosis_sdk.package import read_package
from kurtosis_sdk.services import (
    Connect,
    ExecResult,
    FileDescription,
    FilesArtifact,
    ServiceIdentifier,
    ServiceIdentifiers,
    ServiceInfo,
    Status,
)
from kurtosis_sdk.starlark import StarlarkRun, StarlarkRunConfig, StarlarkRunResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kurtosis_sdk.deadlines import Deadlines

RunStream: TypeAlias = Stream[Any, apic.StarlarkRunResponseLine]

_STOP = "def run(plan, name):\n    plan.stop_service(name=name)\n"
_START = "def run(plan, name):\n    plan.start_service(name=name)\n"
# A service that died by itself still counts as started, and only a stopped one is started as the same container.
_RESTART = "def run(plan, name):\n    plan.stop_service(name=name)\n    plan.start_service(name=name)\n"


def run_script(script: str, config: StarlarkRunConfig, timeout: float) -> RunStream:
    return Stream(RUN_SCRIPT, script_args(script, config), "run the Starlark script", timeout)


def run_remote_package(package_id: str, config: StarlarkRunConfig, timeout: float) -> RunStream:
    request = package_args(package_id, config, is_remote=True)
    return Stream(RUN_PACKAGE, request, f"run the Starlark package {package_id}", timeout)


def upload_and_run_package(root: Path, config: StarlarkRunConfig, timeout: float, upload: float) -> Flow[RunStream]:
    """Upload a package and those that it replaces by local folders; the stream that runs it."""
    package = yield from local(partial(read_package, root))
    request = package_args(package.name, config, is_remote=False)
    for package_id, folder in {package.name: package.root, **package.local_dependencies()}.items():
        doing = f"upload the Starlark package {package_id} from {folder}"
        content = yield from local(partial(pack, folder))
        with content:
            yield from ask(Upload(UPLOAD_PACKAGE, chunked(content, package_id), doing, upload))
    return Stream(RUN_PACKAGE, request, f"run the Starlark package {package.name}", timeout)


def to_the_end(stream: RunStream) -> Flow[StarlarkRunResult]:
    """Read a run to its last line. Raises the `StarlarkRunError` of the phase in which it failed."""
    result = yield from drain(stream, RunReader())
    result.raise_for_error()
    return result


def run_package_to_the_end(
    root: Path, config: StarlarkRunConfig, timeout: float, upload: float
) -> Flow[StarlarkRunResult]:
    stream = yield from upload_and_run_package(root, config, timeout, upload)
    return (yield from to_the_end(stream))


def get_starlark_run(timeout: float) -> Flow[StarlarkRun]:
    answer = yield from ask(Unary(GET_STARLARK_RUN, Empty(), "read the last Starlark run", timeout))
    return StarlarkRun(
        package_id=answer.package_id,
        serialized_script=answer.serialized_script,
        serialized_params=answer.serialized_params,
        parallelism=answer.parallelism,
        relative_path_to_main_file=answer.relative_path_to_main_file,
        main_function_name=answer.main_function_name,
    )


def get_service(identifier: str, timeout: float) -> Flow[ServiceInfo]:
    request = apic.GetServicesArgs(service_identifiers={identifier: True})
    answer = yield from ask(Unary(GET_SERVICES, request, f"find the service {identifier!r}", timeout))
    return convert.service_info(answer.service_info[identifier])


def get_services(identifiers: Iterable[str], timeout: float) -> Flow[dict[str, ServiceInfo]]:
    """By name; no identifiers ask for all services."""
    request = apic.GetServicesArgs(service_identifiers=dict.fromkeys(identifiers, True))
    answer = yield from ask(Unary(GET_SERVICES, request, "list the services", timeout))
    infos = map(convert.service_info, answer.service_info.values())
    return {info.name: info for info in sorted(infos, key=lambda info: info.name)}


def get_service_identifiers(timeout: float) -> Flow[ServiceIdentifiers]:
    answer = yield from ask(Unary(GET_SERVICE_IDENTIFIERS, Empty(), "list the services' identifiers", timeout))
    return ServiceIdentifiers(
        tuple(
            ServiceIdentifier(known.service_uuid, known.name, known.shortened_uuid) for known in answer.all_identifiers
        )
    )


def exec_command(name: str, command: Sequence[str], timeout: float) -> Flow[ExecResult]:
    request = apic.ExecCommandArgs(service_identifier=name, command_args=command)
    answer = yield from ask(Unary(EXEC_COMMAND, request, f"execute {list(command)} in the service {name!r}", timeout))
    return ExecResult(answer.exit_code, answer.log_output)


def stop_service(name: str, deadlines: Deadlines, timeout: float) -> Flow[ServiceInfo]:
    """The service as it is when its container has ended; one that was stopped before is left alone."""
    info = yield from get_service(name, deadlines.query)
    if info.service_status is not Status.STOPPED:
        yield from to_the_end(run_script(_STOP, _named(name), timeout))
        info = yield from get_service(name, deadlines.query)
    return info


def start_service(name: str, deadlines: Deadlines, timeout: float) -> Flow[ServiceInfo]:
    """The service as it is when its container runs, with its new public ports; one that runs is left alone."""
    info = yield from get_service(name, deadlines.query)
    if info.container_status is not Status.RUNNING or info.service_status is not Status.RUNNING:
        script = _START if info.service_status is Status.STOPPED else _RESTART
        yield from to_the_end(run_script(script, _named(name), timeout))
        info = yield from get_service(name, deadlines.query)
    return info


def upload_files(path: Path, name: str, timeout: float) -> Flow[FilesArtifact]:
    content = yield from local(partial(pack, path))
    with content:
        answer = yield from ask(Upload(UPLOAD_FILES, chunked(content, name), f"upload the files at {path}", timeout))
    return FilesArtifact(answer.name, answer.uuid)


def store_web_files(url: str, name: str, timeout: float) -> Flow[str]:
    request = apic.StoreWebFilesArtifactArgs(url=url, name=name)
    return (yield from ask(Unary(STORE_WEB_FILES, request, f"store the files at {url}", timeout))).uuid


def download_files(identifier: str, timeout: float) -> Flow[bytes]:
    request = apic.DownloadFilesArtifactArgs(identifier=identifier)
    stream = Stream(DOWNLOAD_FILES, request, f"download the files artifact {identifier!r}", timeout)
    return (yield from drain(stream, ChunkSink(identifier)))


def save_files(identifier: str, folder: Path, timeout: float) -> Flow[list[Path]]:
    content = yield from download_files(identifier, timeout)
    return (yield from local(partial(unpack, content, folder)))


def list_files(timeout: float) -> Flow[list[FilesArtifact]]:
    answer = yield from ask(Unary(LIST_FILES, Empty(), "list the files artifacts", timeout))
    return [FilesArtifact(known.file_name, known.file_uuid) for known in answer.file_names_and_uuids]


def inspect_files(name: str, timeout: float) -> Flow[list[FileDescription]]:
    request = apic.InspectFilesArtifactContentsRequest(
        file_names_and_uuid=apic.FilesArtifactNameAndUuid(file_name=name)
    )
    answer = yield from ask(Unary(INSPECT_FILES, request, f"inspect the files artifact {name!r}", timeout))
    return [
        FileDescription(file.path, file.size, file.text_preview if file.HasField("text_preview") else None)
        for file in answer.file_descriptions
    ]


def connect_services(connect: Connect, timeout: float) -> Flow[None]:
    request = apic.ConnectServicesArgs(connect=apic.CONNECT if connect is Connect.CONNECT else apic.NO_CONNECT)
    yield from ask(Unary(CONNECT_SERVICES, request, "connect the services", timeout))


def _named(name: str) -> StarlarkRunConfig:
    return StarlarkRunConfig(serialized_params=json.dumps({"name": name}))
