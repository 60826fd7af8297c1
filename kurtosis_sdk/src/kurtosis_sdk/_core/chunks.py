"""Files as streams of chunks, each of which carries the hash of the one before."""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Final

from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_SIZE: Final = 3 * 1024 * 1024
"""In bytes: below the 4 MiB that a gRPC message may have by default."""


def digest(chunk: bytes) -> str:
    return hashlib.sha1(chunk, usedforsecurity=False).hexdigest()


def chunked(content: IO[bytes], name: str) -> Iterator[apic.StreamedDataChunk]:
    """The rest of `content` in chunks."""
    previous = ""
    while data := content.read(CHUNK_SIZE):
        yield apic.StreamedDataChunk(
            data=data, previous_chunk_hash=previous, metadata=apic.DataChunkMetadata(name=name)
        )
        previous = digest(data)


class ChunkSink:
    """Puts chunks together. Raises `TransferError` for one that does not follow the one before."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[bytes] = []
        self._previous = ""

    def feed(self, chunk: apic.StreamedDataChunk, /) -> None:
        if chunk.previous_chunk_hash != self._previous:
            raise TransferError(f"Chunk {len(self._parts) + 1} of {self._name!r} does not follow the one before: retry")
        self._parts.append(chunk.data)
        self._previous = digest(chunk.data)

    def result(self) -> bytes:
        return b"".join(self._parts)
