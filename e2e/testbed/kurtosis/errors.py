"""What Kurtosis says went wrong, as an error of the testbed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from e2e.testbed.protocol import TestbedError
from kurtosis_sdk import KurtosisError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def as_testbed_errors(doing: str) -> Iterator[None]:
    """Turn any `KurtosisError` into a `TestbedError` that says what was being done."""
    try:
        yield
    except KurtosisError as error:
        raise TestbedError(f"{doing}: {error}") from error
