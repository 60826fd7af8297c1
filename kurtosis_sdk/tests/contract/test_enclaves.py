"""Enclaves come, are found, and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import EnclaveNotFoundError, EnclaveNotRunningError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_enclave_is_known_by_name_uuid_and_shortened_uuid(world: Any, enclave: Any) -> None:
    by_name = world.kurtosis.get_enclave(enclave.get_enclave_name())
    assert by_name.enclave_uuid == enclave.get_enclave_uuid()
    assert by_name.shortened_uuid == enclave.get_enclave_uuid()[:12]
    for identifier in (by_name.enclave_uuid, by_name.shortened_uuid):
        found = world.kurtosis.get_enclave_context(identifier)
        assert found.get_enclave_name() == enclave.get_enclave_name()
        found.close()
    assert by_name.enclave_uuid in world.kurtosis.get_enclaves().get_enclaves_by_uuid()


def test_an_enclave_that_never_was_is_not_found(world: Any) -> None:
    with pytest.raises(EnclaveNotFoundError, match="never-was"):
        world.kurtosis.get_enclave("never-was")
    with pytest.raises(EnclaveNotFoundError, match="never-was"):
        world.kurtosis.destroy_enclave("never-was")


def test_a_name_that_is_taken_is_refused(world: Any, enclave: Any) -> None:
    with pytest.raises(EngineError):
        world.kurtosis.create_enclave(enclave.get_enclave_name())


def test_a_temporary_enclave_is_destroyed_and_remembered(world: Any, unique: Callable[[str], str]) -> None:
    name = unique("brief")
    with world.kurtosis.temporary_enclave(name) as enclave:
        enclave_uuid = enclave.get_enclave_uuid()
        assert world.kurtosis.get_enclave(name).enclave_uuid == enclave_uuid
    with pytest.raises(EnclaveNotFoundError, match="there was one"):
        world.kurtosis.get_enclave(name)
    known = world.kurtosis.get_existing_and_historical_enclave_identifiers()
    assert known.get_enclave_uuid_for_identifier(name) == enclave_uuid
    assert name in known.get_ordered_list_of_names()


def test_a_stopped_enclave_cannot_be_used_and_is_cleaned(world: Any, unique: Callable[[str], str]) -> None:
    name = unique("stopped")
    enclave = world.kurtosis.create_enclave(name)
    enclave.close()
    world.kurtosis.stop_enclave(name)
    with pytest.raises(EnclaveNotRunningError, match=name):
        world.kurtosis.get_enclave_context(name)
    assert name in [removed.name for removed in world.kurtosis.clean()]
    with pytest.raises(EnclaveNotFoundError):
        world.kurtosis.get_enclave(name)
