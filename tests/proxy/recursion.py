"""An interpreter that goes deeper than it does, or not as deep."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPER: Final = 10_000  # than JSON may be nested


@contextmanager
def recursion_limit(limit: int) -> Iterator[None]:
    """Frames on the stack, those of the test itself included."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
