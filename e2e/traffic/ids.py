"""How a client numbers its requests: policies give the next id as JSON text, never one that is still out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

Busy: TypeAlias = Callable[[str], bool]
Policy: TypeAlias = Callable[[Busy], Iterator[str]]

FIRST: Final = 1000  # steps write small ids of their own

# Each JSON type, and the numbers that a proxy which parses ids gets wrong: past 2^53, past 2^64, 1.0, exponents.
SHAPES: Final = (
    *("0", "-1", "1.0", "1e3", "9007199254740993", "18446744073709551616", "0.1", "-0", "1E-2"),
    *('""', '"1"', '"a-b"', '"é"', '"0x1"', '"quote \\" inside"'),
)


def sequential(busy: Busy) -> Iterator[str]:
    """Count upwards, as most libraries do."""
    number = FIRST
    while True:
        if not busy(text := str(number)):
            yield text
        number += 1


def reused(busy: Busy) -> Iterator[str]:
    """Give the lowest id that is free, as clients with a pool of slots do."""
    while True:
        number = 1
        while busy(str(number)):
            number += 1
        yield str(number)


def twins(busy: Busy) -> Iterator[str]:
    """Give the lowest ids that are free, each as number, string and fraction: one and the same to careless eyes."""
    while True:
        number = 1
        while all(busy(text) for text in _twins(number)):
            number += 1
        yield from (text for text in _twins(number) if not busy(text))


def _twins(number: int) -> tuple[str, str, str]:
    return str(number), f'"{number}"', f"{number}.0"


def mixed(busy: Busy) -> Iterator[str]:
    """Go through every JSON type; where all shapes are out, strings of a counter."""
    number = 0
    while True:
        for shape in SHAPES:
            if not busy(shape):
                yield shape
        number += 1
        if not busy(text := f'"n{number}"'):
            yield text


POLICIES: Final[dict[str, Policy]] = {"sequential": sequential, "reused": reused, "twins": twins, "mixed": mixed}
