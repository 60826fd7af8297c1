"""From statuses and texts to errors."""

from __future__ import annotations

import pytest

from kurtosis_sdk import (
    DeadlineExceededError,
    DisconnectedError,
    EnclaveNotFoundError,
    EngineError,
    FilesArtifactNotFoundError,
    KurtosisError,
    ServiceNotFoundError,
    TransferError,
)
from kurtosis_sdk._core.chunks import ChunkSink, digest
from kurtosis_sdk._core.faults import fault, gist, not_an_engine, without_server_frames
from kurtosis_sdk._wire import api_container_pb2 as apic

CHAIN = (
    "An error occurred doing A\n"
    " --- at /src/engine/a.go:12 (Manager.Do) ---\n"
    "Caused by: An error occurred doing B\n"
    " --- at /src/engine/b.go:3 (b) ---\n"
    "Caused by: the reason\n"
    " --- at /src/engine/c.go:4 (c) ---"
)


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        ("DEADLINE_EXCEEDED", "", DeadlineExceededError),
        ("UNAVAILABLE", "refused", DisconnectedError),
        ("CANCELLED", "", DisconnectedError),
        ("UNKNOWN", "x\nCaused by: Couldn't find enclave uuid for identifier 'a'", EnclaveNotFoundError),
        ("UNKNOWN", "Couldn't find a matching service name for identifier 'a'", ServiceNotFoundError),
        ("UNKNOWN", "files artifact 'a', it doesn't exist in this enclave", FilesArtifactNotFoundError),
        ("UNKNOWN", CHAIN, EngineError),
        ("INTERNAL", "", EngineError),
    ],
)
def test_a_status_becomes_the_error_that_fits(code: str, details: str, kind: type[KurtosisError]) -> None:
    error = fault(code, details, doing="do it", timeout=3)
    assert type(error) is kind
    assert "do it" in str(error)


def test_the_reason_is_the_innermost_cause_without_the_servers_frames() -> None:
    assert gist(CHAIN) == "the reason"
    assert gist("one line\nanother") == "one line"
    assert gist("") == ""
    assert without_server_frames(CHAIN) == (
        "An error occurred doing A\nCaused by: An error occurred doing B\nCaused by: the reason"
    )
    error = fault("UNKNOWN", CHAIN, doing="do it", timeout=3)
    assert str(error) == "Could not do it: the reason"
    assert isinstance(error, EngineError)
    assert error.details == CHAIN


@pytest.mark.parametrize(
    ("code", "seen"),
    [("UNAVAILABLE", "nothing listens"), ("DEADLINE_EXCEEDED", "does not answer"), ("UNIMPLEMENTED", "UNIMPLEMENTED")],
)
def test_no_engine_says_how_to_start_one(code: str, seen: str) -> None:
    error = not_an_engine("127.0.0.1:1", code, "x")
    assert seen in str(error)
    assert "kurtosis engine start" in str(error)
    assert error.fault == "environment"


def test_a_lost_chunk_is_noticed() -> None:
    sink = ChunkSink("noise")
    sink.feed(apic.StreamedDataChunk(data=b"one"))
    sink.feed(apic.StreamedDataChunk(data=b"two", previous_chunk_hash=digest(b"one")))
    with pytest.raises(TransferError, match="Chunk 3 of 'noise'"):
        sink.feed(apic.StreamedDataChunk(data=b"four", previous_chunk_hash=digest(b"three")))
