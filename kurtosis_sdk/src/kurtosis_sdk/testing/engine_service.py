"""The engine's gRPC service over a fake world."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from kurtosis_sdk._core import methods
from kurtosis_sdk._wire import engine_pb2 as engine
from kurtosis_sdk.enclaves import EnclaveMode
from kurtosis_sdk.testing.grpc_server import Route
from kurtosis_sdk.testing.world import FakeEnclave, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import grpc

    from kurtosis_sdk.testing.world import FakeService, World

_NAME = re.compile(r"[-A-Za-z0-9]{1,60}")
_HOLDS: dict[int, Callable[[str, str], bool]] = {
    engine.DOES_CONTAIN_TEXT: lambda pattern, line: pattern in line,
    engine.DOES_NOT_CONTAIN_TEXT: lambda pattern, line: pattern not in line,
    engine.DOES_CONTAIN_MATCH_REGEX: lambda pattern, line: re.search(pattern, line) is not None,
    engine.DOES_NOT_CONTAIN_MATCH_REGEX: lambda pattern, line: re.search(pattern, line) is None,
}


class EngineService:
    """Answers as an engine does. `open_enclave` and `close_enclave` start and end an enclave's API container."""

    def __init__(
        self, world: World, open_enclave: Callable[[FakeEnclave], None], close_enclave: Callable[[FakeEnclave], None]
    ) -> None:
        self._world = world
        self._open = open_enclave
        self._close = close_enclave

    def routes(self) -> list[Route]:
        return [
            Route(methods.GET_ENGINE_INFO, "unary_unary", self._info),
            Route(methods.CREATE_ENCLAVE, "unary_unary", self._create),
            Route(methods.GET_ENCLAVES, "unary_unary", self._get),
            Route(methods.GET_IDENTIFIERS, "unary_unary", self._identifiers),
            Route(methods.STOP_ENCLAVE, "unary_unary", self._stop),
            Route(methods.DESTROY_ENCLAVE, "unary_unary", self._destroy),
            Route(methods.CLEAN, "unary_unary", self._clean),
            Route(methods.GET_SERVICE_LOGS, "unary_stream", self._logs),
        ]

    def _info(self, _: Empty, __: grpc.ServicerContext) -> engine.GetEngineInfoResponse:
        return engine.GetEngineInfoResponse(engine_version=self._world.version)

    def _create(self, args: engine.CreateEnclaveArgs, _: grpc.ServicerContext) -> engine.CreateEnclaveResponse:
        if not args.api_container_log_level:
            raise Refused("not a valid log level: ''")
        with self._world.lock:
            name = args.enclave_name or f"fake-enclave-{len(self._world.history) + 1}"
            if not _NAME.fullmatch(name):
                raise Refused(f"the enclave name {name!r} is not allowed")
            if any(enclave.name == name for enclave in self._world.enclaves.values()):
                raise Refused(f"an enclave with name '{name}' already exists")
            mode = EnclaveMode.PRODUCTION if args.mode == engine.PRODUCTION else EnclaveMode.TEST
            enclave = FakeEnclave(name, mode, self._world.ports)
            self._open(enclave)
            self._world.enclaves[enclave.uuid] = enclave
            self._world.history.append(enclave)
            return engine.CreateEnclaveResponse(enclave_info=_enclave_info(enclave))

    def _get(self, args: engine.GetEnclavesByUuidsArgs, _: grpc.ServicerContext) -> engine.GetEnclavesResponse:
        with self._world.lock:
            uuids = list(args.enclave_uuids) or list(self._world.enclaves)
            known = {uuid: self._world.enclaves[uuid] for uuid in uuids if uuid in self._world.enclaves}
            return engine.GetEnclavesResponse(
                enclave_info={uuid: _enclave_info(enclave) for uuid, enclave in known.items()}
            )

    def _identifiers(
        self, _: Empty, __: grpc.ServicerContext
    ) -> engine.GetExistingAndHistoricalEnclaveIdentifiersResponse:
        with self._world.lock:
            return engine.GetExistingAndHistoricalEnclaveIdentifiersResponse(
                all_identifiers=[
                    engine.EnclaveIdentifiers(enclave_uuid=one.uuid, name=one.name, shortened_uuid=one.shortened_uuid)
                    for one in self._world.history
                ]
            )

    def _stop(self, args: engine.StopEnclaveArgs, _: grpc.ServicerContext) -> Empty:
        with self._world.lock:
            enclave = self._world.enclave(args.enclave_identifier)
            for service in enclave.services.values():
                enclave.end(service, exit_code=143)
            self._close(enclave)
        return Empty()

    def _destroy(self, args: engine.DestroyEnclaveArgs, _: grpc.ServicerContext) -> Empty:
        with self._world.lock:
            self._remove(self._world.enclave(args.enclave_identifier))
        return Empty()

    def _clean(self, args: engine.CleanArgs, _: grpc.ServicerContext) -> engine.CleanResponse:
        with self._world.lock:
            gone = [one for one in self._world.enclaves.values() if args.should_clean_all or one.address is None]
            for enclave in gone:
                self._remove(enclave)
        return engine.CleanResponse(
            removed_enclave_name_and_uuids=[engine.EnclaveNameAndUuid(name=one.name, uuid=one.uuid) for one in gone]
        )

    def _remove(self, enclave: FakeEnclave) -> None:
        self._close(enclave)
        del self._world.enclaves[enclave.uuid]

    def _logs(
        self, args: engine.GetServiceLogsArgs, context: grpc.ServicerContext
    ) -> Iterator[engine.GetServiceLogsResponse]:
        with self._world.lock:
            services = {
                service.uuid: service for service in self._world.enclave(args.enclave_identifier).services.values()
            }
        asked = {uuid: services.get(uuid) for uuid in args.service_uuid_set}
        silent = {uuid for uuid, service in asked.items() if service is None or not service.log}
        if silent:
            yield engine.GetServiceLogsResponse(not_found_service_uuid_set=dict.fromkeys(silent, True))
        read = {}
        for uuid, service in asked.items():
            if service is not None:
                lines, read[uuid] = list(service.log), len(service.log)
                tail = lines if args.return_all_logs else lines[-args.num_log_lines :] if args.num_log_lines else []
                yield from _batch(uuid, tail, args)
        if args.follow_logs:
            yield from self._follow({uuid: services[uuid] for uuid in read}, read, args, context)

    def _follow(
        self,
        services: dict[str, FakeService],
        read: dict[str, int],
        args: engine.GetServiceLogsArgs,
        context: grpc.ServicerContext,
    ) -> Iterator[engine.GetServiceLogsResponse]:
        news = threading.Event()
        context.add_callback(news.set)
        for service in services.values():
            service.listeners.append(news)
        while context.is_active():
            news.clear()
            for uuid, service in services.items():
                lines = service.log[read[uuid] :]
                read[uuid] += len(lines)
                yield from _batch(uuid, lines, args)
            if context.is_active():
                news.wait()


def _batch(uuid: str, lines: list[str], args: engine.GetServiceLogsArgs) -> Iterator[engine.GetServiceLogsResponse]:
    for each in args.conjunctive_filters:
        lines = [line for line in lines if _HOLDS[each.operator](each.text_pattern, line)]
    if lines:
        now = Timestamp()
        now.GetCurrentTime()
        yield engine.GetServiceLogsResponse(
            service_logs_by_service_uuid={uuid: engine.LogLine(line=lines, timestamp=now)}
        )


def _enclave_info(enclave: FakeEnclave) -> engine.EnclaveInfo:
    created = Timestamp()
    created.FromDatetime(enclave.created)
    is_running = enclave.address is not None
    info = engine.EnclaveInfo(
        enclave_uuid=enclave.uuid,
        name=enclave.name,
        shortened_uuid=enclave.shortened_uuid,
        containers_status=engine.ENCLAVE_RUNNING if is_running else engine.ENCLAVE_STOPPED,
        api_container_status=engine.API_CONTAINER_RUNNING if is_running else engine.API_CONTAINER_STOPPED,
        creation_time=created,
        mode=engine.PRODUCTION if enclave.mode is EnclaveMode.PRODUCTION else engine.TEST,
    )
    if enclave.address is not None:
        info.api_container_host_machine_info.ip_on_host_machine = enclave.address[0]
        info.api_container_host_machine_info.grpc_port_on_host_machine = enclave.address[1]
    return info
