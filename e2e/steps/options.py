"""What a person may set with -D on behave's command line."""

from __future__ import annotations

import difflib
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Name → what it means; shown when a name is wrong.
KNOWN: Final = {
    "testbed": "where the nodes run: local, or in an enclave of a Kurtosis engine: kurtosis",
    "enclave": "the name of an enclave that runs already, which is used and left as it is",
    "sut": "the proxy under test: the name of a profile, or the path of one",
    "sut.command": "the command that starts it, with {config} and {listen}",
    "sut.image": "the image in which an enclave runs it",
    "seed": "a whole number from which traffic is drawn",
    "block_time": "seconds between blocks",
    "pace": "quick or full: whether long scenarios keep their hours or only their number of requests",
    "keep": "1: leave the network up at the end, a local one until Enter is pressed",
}
TESTBEDS: Final = ("local", "kurtosis")
ENCLAVES_ONLY: Final = ("enclave", "sut.image")
PACES: Final = ("quick", "full")
KEEPS: Final = ("0", "1")


class OptionError(Exception):
    """An option is unknown or has a value that cannot be used; the message says what can."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one invocation of behave."""

    testbed: str
    enclave: str | None
    sut: str
    command: str | None
    image: str | None
    seed: int
    block_time: float
    pace: str
    keep: bool


def read(userdata: Mapping[str, str]) -> Options:
    """Read behave's userdata; what is not given gets its default, the seed a random one. Raises OptionError."""
    given = {name: value for name, value in userdata.items() if not name.startswith("behave.")}
    for name, value in given.items():
        if name not in KNOWN:
            raise OptionError(_unknown(name))
        if not value.strip():
            raise OptionError(f"-D {name}=: must not be empty ({KNOWN[name]})")
    testbed = _one_of(given, "testbed", TESTBEDS)
    _refuse_contradictions(given, testbed)
    return Options(
        testbed=testbed,
        enclave=given.get("enclave"),
        sut=given.get("sut", "vixy-py"),
        command=given.get("sut.command"),
        image=given.get("sut.image"),
        seed=_seed(given),
        block_time=_block_time(given),
        pace=_one_of(given, "pace", PACES),
        keep=_one_of(given, "keep", KEEPS) == "1",
    )


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, KNOWN, n=1)
    hint = f", did you mean {near[0]}?" if near else "."
    listed = "\n".join(f"  -D {known}=…  {meaning}" for known, meaning in KNOWN.items())
    return f"-D {name}: no such option{hint} There are:\n{listed}"


def _refuse_contradictions(given: Mapping[str, str], testbed: str) -> None:
    for name in ENCLAVES_ONLY:
        if name in given and testbed != "kurtosis":
            raise OptionError(f"-D {name}={given[name]}: needs -D testbed=kurtosis ({KNOWN[name]})")
    if "enclave" in given and "block_time" in given:
        raise OptionError("-D block_time: an enclave that runs already has a block time of its own")


def _one_of(given: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    value = given.get(name, values[0])
    if value not in values:
        raise OptionError(f"-D {name}={value}: must be {' or '.join(values)} ({KNOWN[name]})")
    return value


def _seed(given: Mapping[str, str]) -> int:
    text = given.get("seed")
    if text is None:
        return secrets.randbelow(1 << 31)
    if not (text.isascii() and text.isdigit()):
        raise OptionError(f"-D seed={text}: must be digits only ({KNOWN['seed']})")
    return int(text)


def _block_time(given: Mapping[str, str]) -> float:
    text = given.get("block_time", "1")
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise OptionError(f"-D block_time={text}: must be a number above zero ({KNOWN['block_time']})")
    return value
