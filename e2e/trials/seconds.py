"""A long run, second by second: what the load said, how the proxy was, what was being done to its nodes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from e2e.load.figures import Progress  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

FILE: Final = "seconds.jsonl"


@dataclass(frozen=True, slots=True)
class Second:
    """`load` is the generator's line; the rest is None where the proxy did not say.

    `rss` in bytes; `head_age`: seconds for which the proxy's own idea of the head has not moved; `probe`: seconds that
    its status page took; `carriers`: nodes that carry clients; `faults`: what was wrong then, as 'kill el-1-primary'.
    """

    at: float
    load: Progress
    rss: float | None = None
    descriptors: float | None = None
    connections: float | None = None
    subscriptions: float | None = None
    queue: float | None = None
    head_age: float | None = None
    probe: float | None = None
    carriers: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def write(seconds: Iterable[Second], folder: Path) -> Path:
    """Write them as JSON lines; returns the file."""
    path = folder / FILE
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in seconds))
    return path


def read(folder: Path) -> list[Second]:
    """Read what `write` wrote."""
    decoder = msgspec.json.Decoder(Second)
    return [decoder.decode(line) for line in (folder / FILE).read_bytes().splitlines()]


def between(seconds: Sequence[Second], since: float, until: float) -> list[Second]:
    """Those of an interval."""
    return [each for each in seconds if since <= each.at < until]


def median(seconds: Iterable[Second], value: Callable[[Second], float | None]) -> float | None:
    """The median of what was said; None where nothing was."""
    said = [each for second in seconds if (each := value(second)) is not None]
    return statistics.median(said) if said else None
