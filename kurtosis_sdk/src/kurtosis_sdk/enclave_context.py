"""One enclave: runs, services and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kurtosis_sdk._connection import Connection
from kurtosis_sdk._core import enclave_flows as flows
from kurtosis_sdk._core.engine_flows import address_of
from kurtosis_sdk.service_context import ServiceContext
from kurtosis_sdk.services import Connect
from kurtosis_sdk.starlark import StarlarkRunConfig
from kurtosis_sdk.streams import StarlarkRunStream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from typing import Self

    from kurtosis_sdk.deadlines import Deadlines
    from kurtosis_sdk.docker import Docker
    from kurtosis_sdk.enclaves import EnclaveInfo
    from kurtosis_sdk.services import FileDescription, FilesArtifact, ServiceIdentifiers, ServiceInfo
    from kurtosis_sdk.starlark import StarlarkRun, StarlarkRunResult

DEFAULT_RUN_CONFIG: Final = StarlarkRunConfig()


class EnclaveContext:
    """A running enclave. Get one from a `KurtosisContext`; `close` it, or use `with`, to let its connection go.

    Every method takes `timeout` in seconds, by default the `Deadlines` of its context, and raises `KurtosisError`.
    """

    def __init__(self, info: EnclaveInfo, deadlines: Deadlines, docker: Docker) -> None:
        self._info = info
        self._deadlines = deadlines
        self._docker = docker
        self._connection = Connection(address_of(info))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._info.name} {self._info.shortened_uuid}>"

    def close(self) -> None:
        """Let the connection go; the enclave stays."""
        self._connection.close()

    def get_enclave_uuid(self) -> str:
        return self._info.enclave_uuid

    def get_enclave_name(self) -> str:
        return self._info.name

    def run_starlark_script(
        self, script: str, config: StarlarkRunConfig = DEFAULT_RUN_CONFIG, *, timeout: float | None = None
    ) -> StarlarkRunStream:
        """Start a script; iterate over its lines as they come."""
        return StarlarkRunStream(
            self._connection.open(flows.run_script(script, config, timeout or self._deadlines.run))
        )

    def run_starlark_script_blocking(
        self, script: str, config: StarlarkRunConfig = DEFAULT_RUN_CONFIG, *, timeout: float | None = None
    ) -> StarlarkRunResult:
        """Run a script to its end. Raises a `StarlarkRunError` if it fails."""
        stream = flows.run_script(script, config, timeout or self._deadlines.run)
        return self._connection.run(flows.to_the_end(stream))

    def run_starlark_package(
        self,
        package_root_path: str | PathLike[str],
        config: StarlarkRunConfig = DEFAULT_RUN_CONFIG,
        *,
        timeout: float | None = None,
    ) -> StarlarkRunStream:
        """Upload a folder with a kurtosis.yml and start it; iterate over its lines as they come."""
        flow = flows.upload_and_run_package(
            Path(package_root_path), config, timeout or self._deadlines.run, self._deadlines.transfer
        )
        return StarlarkRunStream(self._connection.open(self._connection.run(flow)))

    def run_starlark_package_blocking(
        self,
        package_root_path: str | PathLike[str],
        config: StarlarkRunConfig = DEFAULT_RUN_CONFIG,
        *,
        timeout: float | None = None,
    ) -> StarlarkRunResult:
        """Upload a folder with a kurtosis.yml and run it to its end. Raises a `StarlarkRunError` if it fails."""
        flow = flows.run_package_to_the_end(
            Path(package_root_path), config, timeout or self._deadlines.run, self._deadlines.transfer
        )
        return self._connection.run(flow)

    def run_starlark_remote_package(
        self, package_id: str, config: StarlarkRunConfig = DEFAULT_RUN_CONFIG, *, timeout: float | None = None
    ) -> StarlarkRunStream:
        """Start a package that the engine fetches, such as github.com/author/package@1.0.0."""
        stream = flows.run_remote_package(package_id, config, timeout or self._deadlines.run)
        return StarlarkRunStream(self._connection.open(stream))

    def run_starlark_remote_package_blocking(
        self, package_id: str, config: StarlarkRunConfig = DEFAULT_RUN_CONFIG, *, timeout: float | None = None
    ) -> StarlarkRunResult:
        """Run a package that the engine fetches to its end. Raises a `StarlarkRunError` if it fails."""
        stream = flows.run_remote_package(package_id, config, timeout or self._deadlines.run)
        return self._connection.run(flows.to_the_end(stream))

    def get_starlark_run(self, *, timeout: float | None = None) -> StarlarkRun:
        """What this enclave ran last."""
        return self._connection.run(flows.get_starlark_run(timeout or self._deadlines.query))

    def get_service_context(self, service_identifier: str, *, timeout: float | None = None) -> ServiceContext:
        """The service with this name, UUID or shortened UUID. Raises `ServiceNotFoundError`."""
        flow = flows.get_service(service_identifier, timeout or self._deadlines.query)
        return self._service(self._connection.run(flow))

    def get_service_contexts(
        self, service_identifiers: Iterable[str] = (), *, timeout: float | None = None
    ) -> dict[str, ServiceContext]:
        """Name → service, of those with these identifiers, or of all."""
        flow = flows.get_services(service_identifiers, timeout or self._deadlines.query)
        return {name: self._service(info) for name, info in self._connection.run(flow).items()}

    def get_services(self, *, timeout: float | None = None) -> dict[str, str]:
        """Name → UUID of every service."""
        infos = self._connection.run(flows.get_services((), timeout or self._deadlines.query))
        return {name: info.service_uuid for name, info in infos.items()}

    def get_existing_and_historical_service_identifiers(self, *, timeout: float | None = None) -> ServiceIdentifiers:
        """Every service that the enclave has had, those removed included."""
        return self._connection.run(flows.get_service_identifiers(timeout or self._deadlines.query))

    def upload_files(
        self, path_to_upload: str | PathLike[str], artifact_name: str = "", *, timeout: float | None = None
    ) -> FilesArtifact:
        """Upload a file or a folder's contents as a files artifact; without a name, the enclave invents one."""
        flow = flows.upload_files(Path(path_to_upload), artifact_name, timeout or self._deadlines.transfer)
        return self._connection.run(flow)

    def store_web_files(self, url: str, artifact_name: str, *, timeout: float | None = None) -> str:
        """Have the enclave itself fetch a .tgz; the UUID of the files artifact it becomes."""
        return self._connection.run(flows.store_web_files(url, artifact_name, timeout or self._deadlines.transfer))

    def download_files_artifact(self, artifact_identifier: str, *, timeout: float | None = None) -> bytes:
        """The content of a files artifact, a gzipped tar. Raises `FilesArtifactNotFoundError`."""
        return self._connection.run(flows.download_files(artifact_identifier, timeout or self._deadlines.transfer))

    def save_files_artifact(
        self, artifact_identifier: str, folder: str | PathLike[str], *, timeout: float | None = None
    ) -> list[Path]:
        """Write the files of an artifact below a folder, made if needed; their paths, sorted."""
        flow = flows.save_files(artifact_identifier, Path(folder), timeout or self._deadlines.transfer)
        return self._connection.run(flow)

    def inspect_files_artifact(self, artifact_name: str, *, timeout: float | None = None) -> list[FileDescription]:
        """What a files artifact holds, folders included."""
        return self._connection.run(flows.inspect_files(artifact_name, timeout or self._deadlines.query))

    def get_all_files_artifact_names_and_uuids(self, *, timeout: float | None = None) -> list[FilesArtifact]:
        return self._connection.run(flows.list_files(timeout or self._deadlines.query))

    def connect_services(self, connect: Connect = Connect.CONNECT, *, timeout: float | None = None) -> None:
        """Forward a remote enclave's ports to this machine, or stop; a local enclave's need no forwarding."""
        self._connection.run(flows.connect_services(connect, timeout or self._deadlines.query))

    def _service(self, info: ServiceInfo) -> ServiceContext:
        return ServiceContext(info, self._info.enclave_uuid, self._connection, self._deadlines, self._docker)
