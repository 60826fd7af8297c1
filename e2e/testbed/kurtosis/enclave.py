"""An enclave for a run of the suite: made and removed with it, kept for later, or somebody's that is only used."""

from __future__ import annotations

import atexit
import copy
import json
import secrets
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from e2e.testbed.kurtosis.errors import as_testbed_errors
from e2e.testbed.protocol import TestbedError
from kurtosis_sdk import EnclaveNotFoundError, KurtosisContext, KurtosisError, StarlarkRunConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kurtosis_sdk import EnclaveContext, ServiceContext

PACKAGE: Final = Path(__file__).parents[3] / "kurtosis"
ARGUMENTS: Final = "args/2p2b.yaml"
START_LIMIT: Final = 600.0  # seconds: images may have to be fetched first
RUN_LIMIT: Final = 120.0


class Enclave:
    """`borrowed`: the name of an enclave that runs already, which is left as it is."""

    def __init__(
        self,
        borrowed: str | None = None,
        *,
        keep: bool = False,
        package: Path = PACKAGE,
        engine: str | None = None,
        docker_host: str | None = None,
    ) -> None:
        """`engine`: host:port, by default that of an engine on this machine."""
        self.name = borrowed or f"vixy-e2e-{secrets.token_hex(3)}"
        self.borrowed = borrowed is not None
        self._keep = keep
        self._package = package
        self._engine = engine
        self._docker_host = docker_host
        self._kurtosis: KurtosisContext | None = None
        self._context: EnclaveContext | None = None
        self._made = False
        self._running = threading.Lock()  # an enclave runs one script at a time

    @property
    def engine_version(self) -> str:
        return self._open_kurtosis.engine_version

    def open(self, arguments: Mapping[str, Any]) -> None:
        """Run the package in a new enclave, `arguments` laid over those of its file; or find the borrowed one.

        Raises TestbedError; `close` is due then, too.
        """
        with as_testbed_errors("no enclave"):
            if self._engine is None:
                self._kurtosis = KurtosisContext.new_kurtosis_context_from_local_engine(docker_host=self._docker_host)
            else:
                self._kurtosis = KurtosisContext.connect(self._engine, docker_host=self._docker_host)
        if self.borrowed:
            self._context = self._find()
            return
        with as_testbed_errors(f"the enclave {self.name} could not be made"):
            self._made = True  # also if we are interrupted before the engine has answered
            atexit.register(self.close)  # whoever forgets to
            self._context = self._kurtosis.create_enclave(self.name)
        values = _laid_over(yaml.safe_load((self._package / ARGUMENTS).read_text(encoding="utf-8")) or {}, arguments)
        self.run_package(values, timeout=START_LIMIT)

    def signals_reach(self) -> bool:
        """Whether containers can be sent signals: Docker does that, and on Kubernetes nobody."""
        with self._running, as_testbed_errors(f"the enclave {self.name} does not say what it runs on"):
            said = self._open_context.run_starlark_script_blocking(_CLUSTER).serialized_output
        return bool(json.loads(said) == "docker")

    def run_package(self, values: Mapping[str, Any], function: str = "", *, timeout: float = RUN_LIMIT) -> None:
        """Run the package, or another function of it than `run`; `values` are its parameters. Raises TestbedError."""
        config = StarlarkRunConfig(main_function_name=function, serialized_params=json.dumps(values))
        with self._running, as_testbed_errors(f"{self._package.name}/ failed in the enclave {self.name}"):
            self._open_context.run_starlark_package_blocking(self._package, config, timeout=timeout)

    def upload(self, folder: Path, name: str) -> None:
        """Keep the files of a folder as the files artifact `name`."""
        with as_testbed_errors(f"{folder} could not be uploaded"):
            self._open_context.upload_files(folder, name)

    def services(self) -> dict[str, ServiceContext]:
        """Every service, by name."""
        with as_testbed_errors(f"the services of the enclave {self.name} could not be listed"):
            return self._open_context.get_service_contexts()

    def service(self, name: str) -> ServiceContext:
        with as_testbed_errors(f"the enclave {self.name}"):
            return self._open_context.get_service_context(name)

    def log_of(self, service: ServiceContext) -> str:
        """All that a service has said: by Docker, which has it at once, or else by Kurtosis' collectors."""
        try:
            return service.container_log()
        except KurtosisError as by_docker:
            try:
                uuid = service.get_service_uuid()
                lines = self._open_kurtosis.get_service_logs(self._open_context.get_enclave_uuid(), [uuid])
                return "".join(f"{line.text}\n" for line in lines)
            except KurtosisError as by_kurtosis:
                return f"(no log: {by_docker}; {by_kurtosis})\n"

    def save_logs(self, folder: Path) -> None:
        """Write what every service has said to `folder`/SERVICE.log; what cannot be had is said there."""
        if self._context is None:
            return
        with suppress(TestbedError):
            for name, service in self.services().items():
                (folder / f"{name}.log").write_text(self.log_of(service), encoding="utf-8")

    def close(self) -> None:
        """Remove it, unless it is to be kept or was borrowed. May be called twice; Ctrl-C waits for its end."""
        atexit.unregister(self.close)
        with _undisturbed():
            kurtosis, self._kurtosis = self._kurtosis, None
            if self._context is not None:
                self._context.close()
            if kurtosis is None:
                return
            if self._made and not self._keep:
                self._remove(kurtosis)
            elif self._made:
                _say(_HOW_TO_USE.format(name=self.name))
            kurtosis.close()

    def _remove(self, kurtosis: KurtosisContext) -> None:
        try:
            kurtosis.destroy_enclave(self.name)
        except EnclaveNotFoundError:
            pass  # it was interrupted before it existed, or somebody was quicker
        except KurtosisError as error:
            _say(f"the enclave {self.name} is still there: {error}\nremove it: kurtosis enclave rm -f {self.name}")

    def _find(self) -> EnclaveContext:
        try:
            return self._open_kurtosis.get_enclave_context(self.name)
        except EnclaveNotFoundError as error:
            there = sorted(self._open_kurtosis.get_enclaves().get_enclaves_by_name())
            listed = f"there are {', '.join(there)}" if there else "there is none"
            raise TestbedError(f"no enclave {self.name}; {listed}. `make kurtosis-up` starts one") from error
        except KurtosisError as error:
            raise TestbedError(f"the enclave {self.name} cannot be used: {error}") from error

    @property
    def _open_kurtosis(self) -> KurtosisContext:
        if self._kurtosis is None:
            raise TestbedError(f"the enclave {self.name} is not open")
        return self._kurtosis

    @property
    def _open_context(self) -> EnclaveContext:
        if self._context is None:
            raise TestbedError(f"the enclave {self.name} is not open")
        return self._context


_CLUSTER: Final = "def run(plan):\n    return plan.get_cluster_type()\n"
_HOW_TO_USE: Final = """\
the enclave {name} stays up
  look at it:      kurtosis enclave inspect {name}
  use it again:    behave -D testbed=kurtosis -D enclave={name}
  remove it:       kurtosis enclave rm -f {name}"""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off Ctrl-C and SIGTERM: an enclave that is left behind costs memory until somebody finds it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _laid_over(values: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with those of `others` in their place, table by table."""
    merged = copy.deepcopy(values)
    for name, value in others.items():
        below = merged.get(name)
        merged[name] = _laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)
