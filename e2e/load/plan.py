"""What the generator is asked to do, and when: pure data from a seed, fixed before the first request is sent."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from e2e.traffic import profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

Group: TypeAlias = Literal["ws", "http", "through", "direct"]

BATCH_SIZES: Final = (2, 3, 5)
PROFILES: Final = {profile.name: profile for profile in (profiles.LOAD, profiles.READS, profiles.BLOCK_NUMBER)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The load. `rate` is in requests a second over all connections, each element of a batch counted.

    `duration` (seconds; 0: until SIGTERM); `http` and `batches` are shares of the requests (0 to 1); each WebSocket
    connection has one subscription of each kind in `subscriptions`; `ids` are policies of `e2e.traffic.ids`, dealt out
    to the connections in turn. After `patience` seconds a request counts as unanswered. `compared`: requests a second
    each of the pair that is sent through the proxy and past it, where URLs of nodes are given. `reorgs`: whether the
    chain may change its mind; else a head that does not follow the last one is a violation.
    """

    rate: float = 1000.0
    connections: int = 100
    duration: float = 0.0
    seed: int = 0
    profile: str = profiles.LOAD.name
    http: float = 0.1
    batches: float = 0.05
    subscriptions: tuple[str, ...] = ("newHeads",)
    ids: tuple[str, ...] = ("sequential", "reused", "twins", "mixed")
    patience: float = 15.0
    compared: float = 10.0
    reorgs: bool = False


class Shot(NamedTuple):
    """One message: `at` seconds after the start, on connection `lane` of its group (-1: whichever is free)."""

    at: float
    group: Group
    lane: int
    calls: tuple[tuple[str, Any], ...]
    """Method and parameters; several make a batch."""


def shots(plan: Plan, *, compare: bool = False) -> Iterator[Shot]:
    """Give all messages in the order of their times; `compare`: with the pairs through the proxy and past it."""
    if not compare or plan.compared <= 0:
        return _load(plan)
    return heapq.merge(_load(plan), _pairs(plan))


def _load(plan: Plan) -> Iterator[Shot]:
    random = Random(f"{plan.seed}/load")
    requests = PROFILES[plan.profile].requests(f"{plan.seed}/requests")
    order = list(range(plan.connections))
    turn = len(order)
    asked = 0
    chance = _chance_of_a_batch(plan.batches)
    while True:
        at = asked / plan.rate
        if plan.duration and at >= plan.duration:
            return
        size = random.choice(BATCH_SIZES) if random.random() < chance else 1
        calls = tuple(next(requests) for _ in range(size))
        asked += size
        if not order or random.random() < plan.http:
            yield Shot(at, "http", -1, calls)
            continue
        if turn == len(order):  # a round: every connection once, in an order of its own
            random.shuffle(order)
            turn = 0
        yield Shot(at, "ws", order[turn], calls)
        turn += 1


def _chance_of_a_batch(share: float) -> float:
    """What share of the messages has to be batches, so that they carry `share` of the requests."""
    mean = sum(BATCH_SIZES) / len(BATCH_SIZES)
    return share / (mean - share * (mean - 1))


def _pairs(plan: Plan) -> Iterator[Shot]:
    """The same request through the proxy and past it, half a step apart, who comes first in turns."""
    requests = PROFILES[plan.profile].requests(f"{plan.seed}/pairs")
    for number in count():
        at = (number + 0.37) / plan.compared
        if plan.duration and at >= plan.duration:
            return
        calls = (next(requests),)
        pair: tuple[Group, Group] = ("through", "direct") if number % 2 else ("direct", "through")
        for half, group in enumerate(pair):
            yield Shot(at + half / plan.compared / 2, group, -1, calls)
