"""Services, and what can be done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import EngineError, ServiceNotFoundError, Status, TransportProtocol

if TYPE_CHECKING:
    from collections.abc import Callable


def states(service: Any) -> tuple[Status, Status]:
    """What was asked of it, and what its container does."""
    return service.info.service_status, service.info.container_status


def test_a_service_is_described(world: Any, enclave: Any, service_name: str, service: Any) -> None:
    assert service.get_service_name() == service_name
    assert enclave.get_services()[service_name] == service.get_service_uuid()
    assert service_name in enclave.get_service_contexts()
    assert list(enclave.get_service_contexts([service.get_service_uuid()])) == [service_name]
    port = service.get_private_ports()["http"]
    assert (port.number, port.transport_protocol, port.maybe_application_protocol) == (
        8080,
        TransportProtocol.TCP,
        "http",
    )
    assert service.get_private_ip_address().count(".") == 3
    assert service.get_maybe_public_ip_address() == "127.0.0.1"
    assert service.get_public_ports()["http"].number > 1024
    assert service.info.image_name == world.image
    enclave.connect_services()


def test_a_service_that_is_not_there_is_not_found(enclave: Any) -> None:
    with pytest.raises(ServiceNotFoundError, match="nobody"):
        enclave.get_service_context("nobody")


def test_a_command_gives_its_code_and_output(service: Any) -> None:
    assert service.exec_command(["echo", "hello", "there"]) == (0, "hello there\n")
    assert service.exec_command(["sh", "-c", "exit 3"]).exit_code == 3
    assert "COLOUR=green" in service.exec_command(["env"]).output.splitlines()
    assert service.exec_command(["no-such-program"]).exit_code == 126
    with pytest.raises(EngineError):
        service.exec_command([])


def test_a_stop_and_a_start_keep_the_container(service: Any) -> None:
    before = service.info
    service.exec_command(["sh", "-c", "echo kept > /kept"])
    service.stop()
    assert states(service) == (Status.STOPPED, Status.STOPPED)
    assert service.get_public_ports() == {}
    service.stop()
    service.start()
    assert states(service) == (Status.RUNNING, Status.RUNNING)
    assert service.get_private_ip_address() == before.private_ip_address
    assert service.get_service_uuid() == before.service_uuid
    assert service.get_public_ports()["http"].number > 1024
    assert service.exec_command(["cat", "/kept"]).output == "kept\n"


def test_a_stopped_service_takes_no_command(service: Any) -> None:
    service.stop()
    with pytest.raises(EngineError):
        service.exec_command(["true"])


def test_an_end_has_an_exit_code(service: Any) -> None:
    assert service.exit_code() is None
    service.pause()
    assert service.exit_code() is None
    service.kill()
    assert service.exit_code() == 137
    service.start()
    assert service.exit_code() is None


def test_the_log_of_a_container_is_there_at_once_and_after_its_end(service: Any, unique: Callable[[str], str]) -> None:
    mark = unique("mark")
    service.exec_command(["sh", "-c", f"echo {mark} > /proc/1/fd/1"])
    assert mark in service.container_log().splitlines()
    service.kill()
    assert mark in service.container_log().splitlines()


def test_a_kill_ends_the_container_and_a_start_brings_it_back(service: Any) -> None:
    service.exec_command(["sh", "-c", "echo kept > /kept"])
    service.kill()
    assert states(service) == (Status.RUNNING, Status.STOPPED)  # Kurtosis was not asked
    service.kill()
    service.start()
    assert states(service) == (Status.RUNNING, Status.RUNNING)
    assert service.exec_command(["cat", "/kept"]).output == "kept\n"
    service.start()


def test_a_pause_freezes_and_an_unpause_thaws(service: Any) -> None:
    ports = service.get_public_ports()
    service.pause()
    assert states(service) == (Status.RUNNING, Status.STOPPED)
    assert service.get_public_ports() == ports
    service.pause()
    with pytest.raises(EngineError):
        service.exec_command(["true"])
    service.unpause()
    service.unpause()
    assert states(service) == (Status.RUNNING, Status.RUNNING)
    assert service.exec_command(["true"]).exit_code == 0


def test_a_paused_service_may_be_started_instead(service: Any) -> None:
    service.pause()
    service.start()
    assert states(service) == (Status.RUNNING, Status.RUNNING)
    assert service.exec_command(["true"]).exit_code == 0


def test_a_service_is_known_after_it_was_removed(
    enclave: Any, add_service: Callable[..., Any], unique: Callable[[str], str]
) -> None:
    name = unique("brief")
    add_service(name)
    uuid = enclave.get_services()[name]
    enclave.run_starlark_script_blocking(f'def run(plan):\n    plan.remove_service("{name}")\n')
    assert name not in enclave.get_services()
    known = enclave.get_existing_and_historical_service_identifiers()
    assert known.get_service_uuid_for_identifier(name) == uuid
    assert known.get_service_uuid_for_identifier(uuid[:12]) == uuid
    assert name in known.get_ordered_list_of_names()
