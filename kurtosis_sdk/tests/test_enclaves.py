"""Enclaves by their identifiers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kurtosis_sdk import (
    ApiContainerStatus,
    EnclaveIdentifier,
    EnclaveIdentifiers,
    EnclaveInfo,
    EnclaveMode,
    EnclaveNotFoundError,
    Enclaves,
    EnclaveStatus,
    KurtosisContext,
)
from kurtosis_sdk._core.engine_flows import get_enclave
from kurtosis_sdk._wire import engine_pb2 as engine


def info(uuid: str, name: str) -> EnclaveInfo:
    return EnclaveInfo(
        enclave_uuid=uuid,
        name=name,
        shortened_uuid=uuid[:12],
        containers_status=EnclaveStatus.RUNNING,
        api_container_status=ApiContainerStatus.RUNNING,
        api_container_address="127.0.0.1:1",
        creation_time=datetime.now(UTC),
        mode=EnclaveMode.TEST,
    )


def test_enclaves_are_grouped_by_each_identifier() -> None:
    one, two = info("a" * 32, "same"), info("b" * 32, "same")
    enclaves = Enclaves({one.enclave_uuid: one, two.enclave_uuid: two})
    assert enclaves.get_enclaves_by_uuid()[two.enclave_uuid] is two
    assert enclaves.get_enclaves_by_name() == {"same": (one, two)}
    assert enclaves.get_enclaves_by_shortened_uuid() == {"a" * 12: (one,), "b" * 12: (two,)}


def test_an_identifier_that_names_two_is_not_guessed_at() -> None:
    known = EnclaveIdentifiers(
        (EnclaveIdentifier("a" * 32, "same", "a" * 12), EnclaveIdentifier("b" * 32, "same", "b" * 12))
    )
    assert known.get_ordered_list_of_names() == ["same"]
    assert known.get_enclave_uuid_for_identifier("a" * 32) == "a" * 32
    assert known.get_enclave_uuid_for_identifier("b" * 12) == "b" * 32
    with pytest.raises(EnclaveNotFoundError, match="more than one"):
        known.get_enclave_uuid_for_identifier("same")
    with pytest.raises(EnclaveNotFoundError, match="never known"):
        known.get_enclave_uuid_for_identifier("other")


def test_two_running_enclaves_of_one_name_are_not_guessed_at() -> None:
    flow = get_enclave("same", 1)
    next(flow)
    both = [engine.EnclaveIdentifiers(enclave_uuid=uuid * 32, name="same") for uuid in "ab"]
    flow.send(engine.GetExistingAndHistoricalEnclaveIdentifiersResponse(all_identifiers=both))
    with pytest.raises(EnclaveNotFoundError, match="more than one"):
        flow.send(engine.GetEnclavesResponse(enclave_info={uuid * 32: engine.EnclaveInfo() for uuid in "ab"}))


def test_a_production_enclave_is_one(kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave("prod", mode=EnclaveMode.PRODUCTION):
        assert kurtosis.get_enclave("prod").mode is EnclaveMode.PRODUCTION
    with kurtosis.create_production_enclave("prod-2") as enclave:
        assert kurtosis.get_enclave(enclave.get_enclave_uuid()).mode is EnclaveMode.PRODUCTION
    kurtosis.destroy_enclave("prod-2")
    with kurtosis.temporary_enclave("one"), kurtosis.temporary_enclave("two"):
        assert len(kurtosis.clean(True)) == 2
        assert kurtosis.get_enclaves().get_enclaves_by_uuid() == {}
