"""What runs and logs are while they are read."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kurtosis_sdk._core import convert
from kurtosis_sdk._core.runs import RunReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from kurtosis_sdk._connection import OpenStream
    from kurtosis_sdk._wire import api_container_pb2 as apic
    from kurtosis_sdk._wire import engine_pb2 as engine
    from kurtosis_sdk.services import LogLine
    from kurtosis_sdk.starlark import StarlarkLine, StarlarkRunResult


class StarlarkRunStream:
    """A Starlark run: iterate over its lines as they come, then ask for the `result`.

    Leaving it early (`close`, or the end of its block) ends the stream only: Kurtosis carries the run through.
    """

    def __init__(self, stream: OpenStream[apic.StarlarkRunResponseLine]) -> None:
        self._stream = stream
        self._reader = RunReader()

    def __iter__(self) -> Iterator[StarlarkLine]:
        return self

    def __next__(self) -> StarlarkLine:
        while True:
            line = self._reader.read(next(self._stream))
            if line is not None:
                return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.cancel()

    def result(self) -> StarlarkRunResult:
        """Read the rest; all that the run said. It does not raise for a failed run: `raise_for_error` does."""
        for _ in self:
            pass
        return self._reader.result()


class ServiceLogStream:
    """Log lines of services, oldest first. Ends with the newest line, or when it is closed if logs are followed."""

    def __init__(self, stream: OpenStream[engine.GetServiceLogsResponse]) -> None:
        self._stream = stream
        self._lines: deque[LogLine] = deque()
        self.not_found_service_uuids: frozenset[str] = frozenset()
        """Services asked for that do not exist, or have said nothing, as far as the stream was read."""

    def __iter__(self) -> Iterator[LogLine]:
        return self

    def __next__(self) -> LogLine:
        while not self._lines:
            message = next(self._stream)
            self.not_found_service_uuids = frozenset(message.not_found_service_uuid_set)
            self._lines.extend(convert.log_lines(message))
        return self._lines.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.cancel()
