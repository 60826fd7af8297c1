"""An enclave's gRPC service over a fake enclave."""

from __future__ import annotations

import io
import urllib.request
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from kurtosis_sdk._core import methods
from kurtosis_sdk._core.chunks import ChunkSink, chunked
from kurtosis_sdk._core.runs import SCRIPT_ID
from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk.errors import TransferError
from kurtosis_sdk.testing.grpc_server import Route
from kurtosis_sdk.testing.runs import Run
from kurtosis_sdk.testing.shell import execute
from kurtosis_sdk.testing.world import LastRun, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from kurtosis_sdk.testing.values import PortSpec
    from kurtosis_sdk.testing.world import FakeEnclave, FakeService, World

_TRANSPORT = {"TCP": apic.Port.TCP, "UDP": apic.Port.UDP, "SCTP": apic.Port.SCTP}


class ApiContainerService:
    """Answers as the API container of one enclave does."""

    def __init__(self, world: World, enclave: FakeEnclave) -> None:
        self._world = world
        self._enclave = enclave

    def routes(self) -> list[Route]:
        return [
            Route(methods.RUN_SCRIPT, "unary_stream", self._run_script),
            Route(methods.UPLOAD_PACKAGE, "stream_unary", self._upload_package),
            Route(methods.RUN_PACKAGE, "unary_stream", self._run_package),
            Route(methods.GET_SERVICES, "unary_unary", self._services),
            Route(methods.GET_SERVICE_IDENTIFIERS, "unary_unary", self._identifiers),
            Route(methods.EXEC_COMMAND, "unary_unary", self._exec),
            Route(methods.UPLOAD_FILES, "stream_unary", self._upload_files),
            Route(methods.DOWNLOAD_FILES, "unary_stream", self._download_files),
            Route(methods.STORE_WEB_FILES, "unary_unary", self._store_web_files),
            Route(methods.LIST_FILES, "unary_unary", self._list_files),
            Route(methods.INSPECT_FILES, "unary_unary", self._inspect_files),
            Route(methods.CONNECT_SERVICES, "unary_unary", self._connect),
            Route(methods.GET_STARLARK_RUN, "unary_unary", self._last_run),
        ]

    def _run_script(
        self, args: apic.RunStarlarkScriptArgs, _: grpc.ServicerContext
    ) -> Iterator[apic.StarlarkRunResponseLine]:
        run = LastRun(SCRIPT_ID, args.serialized_script, args.serialized_params, args.parallelism or 4, "")
        run.main_function = args.main_function_name
        is_cached = apic.NO_INSTRUCTIONS_CACHING not in args.experimental_features
        yield from Run(self._world, self._enclave, run, is_dry=args.dry_run, is_cached=is_cached).lines()

    def _run_package(
        self, args: apic.RunStarlarkPackageArgs, _: grpc.ServicerContext
    ) -> Iterator[apic.StarlarkRunResponseLine]:
        if args.clone_package:
            raise Refused(f"FakeEngine fetches nothing: upload {args.package_id} instead")
        run = LastRun(args.package_id, "", args.serialized_params, args.parallelism or 4)
        run.main_file, run.main_function = args.relative_path_to_main_file, args.main_function_name
        is_cached = apic.NO_INSTRUCTIONS_CACHING not in args.experimental_features
        yield from Run(self._world, self._enclave, run, is_dry=args.dry_run, is_cached=is_cached).lines()

    def _upload_package(self, chunks: Iterator[apic.StreamedDataChunk], _: grpc.ServicerContext) -> Empty:
        name, content = _receive(chunks)
        if name.count("/") < 2:
            raise Refused(f"the package id {name!r} is not of the form github.com/author/package")
        with self._enclave.lock:
            self._enclave.packages[name] = content
        return Empty()

    def _services(self, args: apic.GetServicesArgs, _: grpc.ServicerContext) -> apic.GetServicesResponse:
        with self._enclave.lock:
            asked = list(args.service_identifiers) or list(self._enclave.services)
            found = {identifier: self._enclave.service(identifier) for identifier in asked}
            return apic.GetServicesResponse(service_info={key: _service_info(one) for key, one in found.items()})

    def _identifiers(
        self, _: Empty, __: grpc.ServicerContext
    ) -> apic.GetExistingAndHistoricalServiceIdentifiersResponse:
        with self._enclave.lock:
            return apic.GetExistingAndHistoricalServiceIdentifiersResponse(
                all_identifiers=[
                    apic.ServiceIdentifiers(service_uuid=uuid, name=name, shortened_uuid=uuid[:12])
                    for uuid, name in self._enclave.names.items()
                ]
            )

    def _exec(self, args: apic.ExecCommandArgs, _: grpc.ServicerContext) -> apic.ExecCommandResponse:
        with self._enclave.lock:
            service = self._enclave.service(args.service_identifier)
        result = execute(self._world, service, list(args.command_args))
        return apic.ExecCommandResponse(exit_code=result.exit_code, log_output=result.output)

    def _upload_files(
        self, chunks: Iterator[apic.StreamedDataChunk], _: grpc.ServicerContext
    ) -> apic.UploadFilesArtifactResponse:
        name, content = _receive(chunks)
        with self._enclave.lock:
            artifact = self._enclave.store(name, content)
        return apic.UploadFilesArtifactResponse(uuid=artifact.uuid, name=artifact.name)

    def _download_files(
        self, args: apic.DownloadFilesArtifactArgs, _: grpc.ServicerContext
    ) -> Iterator[apic.StreamedDataChunk]:
        with self._enclave.lock:
            artifact = self._enclave.artifact(args.identifier)
        yield from chunked(io.BytesIO(artifact.content), args.identifier)

    def _store_web_files(
        self, args: apic.StoreWebFilesArtifactArgs, _: grpc.ServicerContext
    ) -> apic.StoreWebFilesArtifactResponse:
        if not args.url.startswith(("http://", "https://")):
            raise Refused(f"cannot make a request to {args.url!r}")
        try:
            with urllib.request.urlopen(args.url, timeout=30) as answer:  # noqa: S310 - the scheme is checked above
                content = answer.read()
        except OSError as problem:
            raise Refused(f"cannot make a request to {args.url!r}: {problem}") from problem
        with self._enclave.lock:
            return apic.StoreWebFilesArtifactResponse(uuid=self._enclave.store(args.name, content).uuid)

    def _list_files(self, _: Empty, __: grpc.ServicerContext) -> apic.ListFilesArtifactNamesAndUuidsResponse:
        with self._enclave.lock:
            return apic.ListFilesArtifactNamesAndUuidsResponse(
                file_names_and_uuids=[
                    apic.FilesArtifactNameAndUuid(file_name=one.name, file_uuid=one.uuid)
                    for one in self._enclave.artifacts.values()
                ]
            )

    def _inspect_files(
        self, args: apic.InspectFilesArtifactContentsRequest, _: grpc.ServicerContext
    ) -> apic.InspectFilesArtifactContentsResponse:
        with self._enclave.lock:
            asked = args.file_names_and_uuid
            artifact = self._enclave.artifact(asked.file_name or asked.file_uuid)
        return apic.InspectFilesArtifactContentsResponse(
            file_descriptions=[
                apic.FileArtifactContentsFileDescription(
                    path=member.name, size=member.size, text_preview=_preview(content)
                )
                for member, content in artifact.members()
            ]
        )

    def _connect(self, _: apic.ConnectServicesArgs, __: grpc.ServicerContext) -> apic.ConnectServicesResponse:
        return apic.ConnectServicesResponse()

    def _last_run(self, _: Empty, __: grpc.ServicerContext) -> apic.GetStarlarkRunResponse:
        run = self._enclave.last_run or LastRun(SCRIPT_ID)
        return apic.GetStarlarkRunResponse(
            package_id=run.package_id,
            serialized_script=run.script,
            serialized_params=run.params,
            parallelism=run.parallelism,
            relative_path_to_main_file="",  # the real one forgets it
            main_function_name=run.main_function,
        )


def _receive(chunks: Iterator[apic.StreamedDataChunk]) -> tuple[str, bytes]:
    name, sink = "", ChunkSink("what is uploaded")
    for chunk in chunks:
        if name and chunk.metadata.name != name:
            raise Refused("the name was changed in the middle of an upload")
        name = chunk.metadata.name
        try:
            sink.feed(chunk)
        except TransferError as problem:
            raise Refused(str(problem)) from problem
    return name, sink.result()


def _preview(content: bytes) -> str | None:
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        return None
    return "".join(f"{line}\n" for line in lines) if all(map(str.isprintable, lines)) else None


def _service_info(service: FakeService) -> apic.ServiceInfo:
    has_public = bool(service.public_ports)
    return apic.ServiceInfo(
        service_uuid=service.uuid,
        name=service.name,
        shortened_uuid=service.uuid[:12],
        private_ip_addr=service.private_ip,
        private_ports={port_id: _port(spec, spec.number) for port_id, spec in service.private_ports.items()},
        maybe_public_ip_addr="127.0.0.1" if has_public else "",
        maybe_public_ports={
            port_id: _port(service.private_ports[port_id], number) for port_id, number in service.public_ports.items()
        },
        service_status=apic.SERVICE_RUNNING if service.is_asked_to_run else apic.SERVICE_STOPPED,
        container=apic.Container(
            status=apic.Container.RUNNING if service.container == "running" else apic.Container.STOPPED,
            image_name=service.config.image,
        ),
    )


def _port(spec: PortSpec, number: int) -> apic.Port:
    return apic.Port(
        number=number,
        transport_protocol=_TRANSPORT[spec.transport_protocol],
        maybe_application_protocol=spec.application_protocol,
        maybe_wait_timeout=spec.wait or "",
    )
