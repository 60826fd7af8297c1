"""What clients ask for: weighted mixes of methods, drawn by a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

Params: TypeAlias = list[Any]
Draw: TypeAlias = Callable[[Random], Params]


@dataclass(frozen=True, slots=True)
class Ask:
    """One method of a mix: how often relative to the others, and how its parameters are drawn."""

    method: str
    weight: float
    params: Draw


@dataclass(frozen=True, slots=True)
class Profile:
    """A mix of requests. Any profile draws the same requests from the same seed."""

    name: str
    asks: tuple[Ask, ...]

    def requests(self, seed: int | str) -> Iterator[tuple[str, Params]]:
        """Return an endless stream of (method, params)."""
        random = Random(seed)
        weights = [ask.weight for ask in self.asks]
        while True:
            ask = random.choices(self.asks, weights)[0]
            yield ask.method, ask.params(random)


def _nothing(_: Random) -> Params:
    return []


def _address(random: Random) -> str:
    return f"0x{random.getrandbits(160):040x}"


def _balance(random: Random) -> Params:
    return [_address(random), "latest"]


def _block(random: Random) -> Params:
    return [random.choice(["latest", "0x0", "0x1"]), False]


def _echo(random: Random) -> Params:
    return [{"to": IDENTITY, "data": f"0x{random.getrandbits(256):064x}"}, "latest"]


def _logs(random: Random) -> Params:
    return [{"fromBlock": "latest", "toBlock": "latest", "topics": [f"0x{random.getrandbits(256):064x}"]}]


IDENTITY: Final = "0x" + "4".rjust(40, "0")
"""The precompiled contract that returns its input: its answer is told apart from everybody else's."""

BLOCK_NUMBER: Final = Profile("block number", (Ask("eth_blockNumber", 1, _nothing),))

READS: Final = Profile(
    "reads",
    (
        Ask("eth_blockNumber", 30, _nothing),
        Ask("eth_chainId", 10, _nothing),
        Ask("eth_getBalance", 20, _balance),
        Ask("eth_getBlockByNumber", 10, _block),
        Ask("eth_call", 25, _echo),
        Ask("eth_getLogs", 5, _logs),
    ),
)


# What a wallet or a dapp polls, most of it cheap for a node; a fifth are calls with an answer of their own.
LOAD: Final = Profile(
    "load",
    (
        Ask("eth_blockNumber", 35, _nothing),
        Ask("eth_chainId", 15, _nothing),
        Ask("eth_getBalance", 20, _balance),
        Ask("eth_call", 20, _echo),
        Ask("eth_getBlockByNumber", 8, _block),
        Ask("eth_getLogs", 2, _logs),
    ),
)


def echoed(params: Params) -> str | None:
    """Return what a call that `_echo` drew has to be answered with; None for other parameters."""
    call = params[0] if params else None
    return call["data"] if isinstance(call, dict) and call.get("to") == IDENTITY else None


def params_of(method: str) -> Params:
    """Return parameters with which `method` of the mix succeeds; [] for a method that is not in it."""
    return next((ask.params(Random(1)) for ask in READS.asks if ask.method == method), [])
