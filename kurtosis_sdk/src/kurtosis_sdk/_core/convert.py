"""From messages on the wire to the values of the public API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk._wire import engine_pb2 as engine
from kurtosis_sdk.enclaves import ApiContainerStatus, EnclaveInfo, EnclaveMode, EnclaveStatus
from kurtosis_sdk.services import LogLine, PortSpec, ServiceInfo, Status, TransportProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENCLAVE_STATUS = {
    engine.ENCLAVE_EMPTY: EnclaveStatus.EMPTY,
    engine.ENCLAVE_RUNNING: EnclaveStatus.RUNNING,
    engine.ENCLAVE_STOPPED: EnclaveStatus.STOPPED,
}
_API_CONTAINER_STATUS = {
    engine.API_CONTAINER_NONEXISTENT: ApiContainerStatus.NONEXISTENT,
    engine.API_CONTAINER_RUNNING: ApiContainerStatus.RUNNING,
    engine.API_CONTAINER_STOPPED: ApiContainerStatus.STOPPED,
}
_SERVICE_STATUS = {apic.SERVICE_STOPPED: Status.STOPPED, apic.SERVICE_RUNNING: Status.RUNNING}
_CONTAINER_STATUS = {apic.Container.STOPPED: Status.STOPPED, apic.Container.RUNNING: Status.RUNNING}
_TRANSPORT = {
    apic.Port.TCP: TransportProtocol.TCP,
    apic.Port.SCTP: TransportProtocol.SCTP,
    apic.Port.UDP: TransportProtocol.UDP,
}


def enclave_info(message: engine.EnclaveInfo) -> EnclaveInfo:
    host = message.api_container_host_machine_info
    is_reachable = message.HasField("api_container_host_machine_info")
    return EnclaveInfo(
        enclave_uuid=message.enclave_uuid,
        name=message.name,
        shortened_uuid=message.shortened_uuid,
        containers_status=_ENCLAVE_STATUS[message.containers_status],
        api_container_status=_API_CONTAINER_STATUS[message.api_container_status],
        api_container_address=f"{host.ip_on_host_machine}:{host.grpc_port_on_host_machine}" if is_reachable else None,
        creation_time=message.creation_time.ToDatetime(tzinfo=UTC),
        mode=EnclaveMode.PRODUCTION if message.mode == engine.PRODUCTION else EnclaveMode.TEST,
    )


def service_info(message: apic.ServiceInfo) -> ServiceInfo:
    return ServiceInfo(
        service_uuid=message.service_uuid,
        name=message.name,
        shortened_uuid=message.shortened_uuid,
        private_ip_address=message.private_ip_addr,
        private_ports=_ports(message.private_ports),
        maybe_public_ip_address=message.maybe_public_ip_addr,
        public_ports=_ports(message.maybe_public_ports),
        service_status=_SERVICE_STATUS.get(message.service_status, Status.UNKNOWN),
        container_status=_CONTAINER_STATUS.get(message.container.status, Status.UNKNOWN),
        image_name=message.container.image_name,
    )


def _ports(message: Mapping[str, apic.Port]) -> dict[str, PortSpec]:
    return {
        port_id: PortSpec(port.number, _TRANSPORT[port.transport_protocol], port.maybe_application_protocol or None)
        for port_id, port in message.items()
    }


def log_lines(message: engine.GetServiceLogsResponse) -> Iterator[LogLine]:
    for service_uuid, batch in message.service_logs_by_service_uuid.items():
        timestamp: datetime | None = None
        if batch.HasField("timestamp"):
            timestamp = batch.timestamp.ToDatetime(tzinfo=UTC)
        for line in batch.line:
            yield LogLine(service_uuid, line, timestamp)
