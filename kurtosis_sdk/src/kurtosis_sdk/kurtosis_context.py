"""The engine: enclaves and logs."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kurtosis_sdk._connection import Connection
from kurtosis_sdk._core import engine_flows as flows
from kurtosis_sdk._core.channel import DEFAULT_ADDRESS
from kurtosis_sdk.deadlines import Deadlines
from kurtosis_sdk.docker import Docker
from kurtosis_sdk.enclave_context import EnclaveContext
from kurtosis_sdk.enclaves import EnclaveMode
from kurtosis_sdk.errors import EnclaveNotFoundError, KurtosisError
from kurtosis_sdk.streams import ServiceLogStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from kurtosis_sdk.enclaves import EnclaveIdentifiers, EnclaveInfo, EnclaveNameAndUuid, Enclaves
    from kurtosis_sdk.services import LogLineFilter

DEFAULT_DEADLINES: Final = Deadlines()


class KurtosisContext:
    """A connection to a Kurtosis engine. `close` it, or use `with`, to let it go.

    An enclave identifier is a name, a UUID or a shortened UUID. Every method takes `timeout` in seconds, by default
    the `Deadlines` given at connect, and raises `KurtosisError`. May be used from several threads.
    """

    def __init__(self, connection: Connection, engine_version: str, deadlines: Deadlines, docker: Docker) -> None:
        self._connection = connection
        self._deadlines = deadlines
        self._docker = docker
        self.engine_version: Final = engine_version

    @classmethod
    def new_kurtosis_context_from_local_engine(
        cls, *, deadlines: Deadlines = DEFAULT_DEADLINES, docker_host: str | None = None
    ) -> Self:
        """Connect to the engine at 127.0.0.1:9710; see `connect`."""
        return cls.connect(DEFAULT_ADDRESS, deadlines=deadlines, docker_host=docker_host)

    @classmethod
    def connect(cls, address: str, *, deadlines: Deadlines = DEFAULT_DEADLINES, docker_host: str | None = None) -> Self:
        """Connect to an engine at host:port. `docker_host` (default: DOCKER_HOST) is where its containers run.

        Raises `EngineNotRunningError` within `deadlines.connect` seconds, `EngineVersionError`, `InvalidArgumentError`.
        """
        connection = Connection(address)
        try:
            version = connection.greet(flows.check_version(deadlines.connect))
        except BaseException:
            connection.close()
            raise
        return cls(connection, version, deadlines, Docker(docker_host, timeout=deadlines.query))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go; nothing in the engine changes."""
        self._connection.close()

    def create_enclave(
        self, enclave_name: str = "", *, mode: EnclaveMode = EnclaveMode.TEST, timeout: float | None = None
    ) -> EnclaveContext:
        """Create an enclave, which stays until it is destroyed; without a name, the engine invents one."""
        flow = flows.create_enclave(enclave_name, mode, timeout or self._deadlines.enclave)
        return self._enclave(self._connection.run(flow))

    def create_production_enclave(self, enclave_name: str = "", *, timeout: float | None = None) -> EnclaveContext:
        """The same in production mode: services that die are started again."""
        return self.create_enclave(enclave_name, mode=EnclaveMode.PRODUCTION, timeout=timeout)

    @contextmanager
    def temporary_enclave(
        self, enclave_name: str = "", *, mode: EnclaveMode = EnclaveMode.TEST, timeout: float | None = None
    ) -> Iterator[EnclaveContext]:
        """An enclave that is destroyed at the end of the `with` block, however it ends."""
        with self.create_enclave(enclave_name, mode=mode, timeout=timeout) as enclave:
            try:
                yield enclave
            except BaseException as problem:
                try:
                    self._discard(enclave)
                except KurtosisError as second:  # must not hide the first
                    problem.add_note(f"The enclave {enclave.get_enclave_name()} is still there: {second}")
                raise
            self._discard(enclave)

    def get_enclave_context(self, enclave_identifier: str, *, timeout: float | None = None) -> EnclaveContext:
        """Raises `EnclaveNotFoundError`, and `EnclaveNotRunningError` for one that was stopped."""
        return self._enclave(self.get_enclave(enclave_identifier, timeout=timeout))

    def get_enclaves(self, *, timeout: float | None = None) -> Enclaves:
        return self._connection.run(flows.get_enclaves(timeout or self._deadlines.query))

    def get_enclave(self, enclave_identifier: str, *, timeout: float | None = None) -> EnclaveInfo:
        """Raises `EnclaveNotFoundError`."""
        return self._connection.run(flows.get_enclave(enclave_identifier, timeout or self._deadlines.query))

    def stop_enclave(self, enclave_identifier: str, *, timeout: float | None = None) -> None:
        """Stop all its containers; it cannot be started again, only looked at."""
        self._connection.run(flows.stop_enclave(enclave_identifier, timeout or self._deadlines.enclave))

    def destroy_enclave(self, enclave_identifier: str, *, timeout: float | None = None) -> None:
        """Remove it with everything in it. Raises `EnclaveNotFoundError`."""
        self._connection.run(flows.destroy_enclave(enclave_identifier, timeout or self._deadlines.enclave))

    def clean(self, should_clean_all: bool = False, *, timeout: float | None = None) -> list[EnclaveNameAndUuid]:
        """Destroy the enclaves that are stopped, or all; those that were destroyed."""
        return self._connection.run(flows.clean(should_clean_all, timeout or self._deadlines.enclave))

    def get_service_logs(
        self,
        enclave_identifier: str,
        service_uuids: Iterable[str],
        *,
        follow: bool = False,
        num_log_lines: int | None = None,
        filters: Sequence[LogLineFilter] = (),
        timeout: float | None = None,
    ) -> ServiceLogStream:
        """Lines that pass every filter: all of them, or the newest `num_log_lines`, and with `follow` those to come."""
        deadline = self._deadlines.follow if follow else self._deadlines.transfer
        stream = flows.service_logs(
            enclave_identifier, service_uuids, filters, num_log_lines, follow=follow, timeout=timeout or deadline
        )
        return ServiceLogStream(self._connection.open(stream))

    def get_existing_and_historical_enclave_identifiers(self, *, timeout: float | None = None) -> EnclaveIdentifiers:
        """Every enclave that the engine has known since it started."""
        return self._connection.run(flows.get_identifiers(timeout or self._deadlines.query))

    def _discard(self, enclave: EnclaveContext) -> None:
        with suppress(EnclaveNotFoundError):  # its user was quicker
            self.destroy_enclave(enclave.get_enclave_uuid())

    def _enclave(self, info: EnclaveInfo) -> EnclaveContext:
        return EnclaveContext(info, self._deadlines, self._docker)
