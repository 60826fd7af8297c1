"""What an engine does for this SDK: the same tests against the fake and, where there is one, against a real engine.

The real one needs an image with a shell and its usual commands: `KURTOSIS_SDK_TEST_IMAGE`, by default busybox:1.36.
`KURTOSIS_SDK_TEST_NO_LOGS` leaves the logs out where the engine's log collectors cannot run.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import StarlarkRunConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICE_SCRIPT = """
def run(plan, name, image, files = {}):
    service = plan.add_service(
        name = name,
        config = ServiceConfig(
            image = image,
            ports = {"http": PortSpec(number = 8080, application_protocol = "http", wait = None)},
            files = files,
            env_vars = {"COLOUR": "green"},
            entrypoint = ["sh", "-c"],
            cmd = ["trap 'exit 0' TERM; while true; do sleep 1 & wait; done"],
        ),
    )
    return struct(hostname = service.hostname, ip = service.ip_address)
"""


@pytest.fixture(scope="session")
def service_script() -> str:
    """Adds one service that does nothing until SIGTERM."""
    return SERVICE_SCRIPT


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """Names that no test has had, because a real engine remembers."""
    return lambda prefix: f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def enclave(world: Any, unique: Callable[[str], str]) -> Iterator[Any]:
    with world.kurtosis.temporary_enclave(unique("contract")) as enclave:
        yield enclave


@pytest.fixture(scope="session")
def add_service(world: Any, enclave: Any) -> Callable[..., Any]:
    def add(name: str, **params: Any) -> Any:
        config = StarlarkRunConfig(serialized_params=json.dumps({"name": name, "image": world.image, **params}))
        return enclave.run_starlark_script_blocking(SERVICE_SCRIPT, config)

    return add


@pytest.fixture(scope="session")
def service_name(add_service: Callable[..., Any], unique: Callable[[str], str]) -> str:
    name = unique("svc")
    add_service(name)
    return name


@pytest.fixture
def service(enclave: Any, service_name: str) -> Any:
    """A service that runs."""
    service = enclave.get_service_context(service_name)
    service.start()
    return service
