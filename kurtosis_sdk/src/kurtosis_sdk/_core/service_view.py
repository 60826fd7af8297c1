"""The part of a service context that needs no I/O, shared by both shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kurtosis_sdk.services import PortSpec, ServiceInfo


class ServiceView:
    """A service as it was when it was last looked at: by `refresh`, or by a call that changes it."""

    def __init__(self, info: ServiceInfo) -> None:
        self._info = info

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._info.name} {self._info.container_status.value}>"

    @property
    def info(self) -> ServiceInfo:
        """All that is known, its status and the container's included."""
        return self._info

    def get_service_name(self) -> str:
        return self._info.name

    def get_service_uuid(self) -> str:
        return self._info.service_uuid

    def get_private_ip_address(self) -> str:
        """Where other services of the enclave reach it."""
        return self._info.private_ip_address

    def get_private_ports(self) -> Mapping[str, PortSpec]:
        """Port id → port inside the enclave."""
        return self._info.private_ports

    def get_maybe_public_ip_address(self) -> str:
        """Where this machine reaches it; empty when it has ended, or has no ports."""
        return self._info.maybe_public_ip_address

    def get_public_ports(self) -> Mapping[str, PortSpec]:
        """Port id → port on this machine. A restart may change them: they are read again by `start`."""
        return self._info.public_ports
