"""From a seed and a config to a schedule: second by second, node by node, and never all nodes at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from e2e.chaos.schedule import CHAIN, PROCESS, RECOVERY, REORG, Deed, Schedule, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from e2e.chaos.config import ChaosConfig

CALM: Final = 5.0  # seconds at the beginning, by which the rest is measured
SHORTEST: Final = 1.5  # seconds that a fault lasts; less is not worth its cure
LASTS: Final = (3.0, 12.0)
FLAPS: Final = (2, 4)
METHODS: Final = ("eth_getBalance", "eth_call", "eth_getLogs", "eth_chainId")
MOST_REORGED: Final = 3  # blocks
REFUSAL: Final = {"code": -32000, "message": "execution aborted: injected"}
"""An error of the application's kind: a proxy has to pass it on, nobody else's answer would be better."""

Draft: TypeAlias = tuple[str, Where, dict[str, Any]]
Kind: TypeAlias = "Callable[[Random, ChaosConfig], Draft]"

ODDITIES: Final[tuple[tuple[str, Where, dict[str, Any]], ...]] = (
    ("bandwidth", "ws", {"rate": 200}),
    ("slicer", "both", {}),
    ("limit_data", "ws", {}),
    ("idle_close", "http", {}),
    ("drop_after_accept", "ws", {}),
    ("http_status", "http", {}),
    ("freeze", "ws", {}),
    ("stalled_head", "both", {}),
    ("syncing", "http", {}),
    ("probe_failure", "http", {}),
    ("sequential_ids", "ws", {}),
    ("close", "ws", {}),
)
INSTANT: Final = frozenset({"reset", "close", REORG})


def _failure(random: Random, _: ChaosConfig) -> Draft:
    return random.choice(PROCESS), "node", {}


def _delay(random: Random, config: ChaosConfig) -> Draft:
    latency = random.randint(*config.network_delay_ms)
    return "latency", "both", {"latency": latency, "jitter": latency // 4}


def _partial(random: Random, config: ChaosConfig) -> Draft:
    fault = random.choice(("method_failure", "method_timeout"))
    attributes = {"methods": [random.choice(METHODS)], "probability": config.partial_failure_rate}
    return fault, "both", attributes | (REFUSAL if fault == "method_failure" else {})


def _partition(_: Random, __: ChaosConfig) -> Draft:
    return "black_hole", "both", {}


def _flapping(_: Random, __: ChaosConfig) -> Draft:
    return "down", "both", {}


def _ws_reset(_: Random, __: ChaosConfig) -> Draft:
    return "reset", "ws", {}


def _ws_down(_: Random, __: ChaosConfig) -> Draft:
    return "down", "ws", {}


def _oddity(random: Random, _: ChaosConfig) -> Draft:
    return random.choice(ODDITIES)


KINDS: Final[tuple[tuple[str, Kind], ...]] = (
    ("node_failure_probability", _failure),
    ("network_delay_probability", _delay),
    ("partial_failure_probability", _partial),
    ("partition_probability", _partition),
    ("flapping_probability", _flapping),
    ("ws_reset_probability", _ws_reset),
    ("ws_down_probability", _ws_down),
    ("oddity_probability", _oddity),
)


def draw(seed: int, duration: float, config: ChaosConfig, nodes: Sequence[str]) -> Schedule:
    """Make the schedule of `seed`: the same for the same arguments. Every deed is over when `duration` is."""
    drawing = _Drawing(Random(f"{seed}/chaos"), duration, config, tuple(nodes))
    if config.slow_response_probability > 0 and duration > CALM:
        drawing.slow_all_along()
    second = CALM
    while second + SHORTEST < duration:
        for node in nodes:
            for name, kind in KINDS:
                if drawing.happens(getattr(config, name)):
                    drawing.add(second, node, kind, flapping=kind is _flapping)
        if drawing.happens(config.reorg_probability):
            drawing.reorg(second)
        second += 1.0
    deeds = tuple(sorted(drawing.deeds, key=lambda deed: (deed.at, deed.group)))
    return Schedule(seed, duration, tuple(nodes), config, deeds)


@dataclass
class _Drawing:
    random: Random
    duration: float
    config: ChaosConfig
    nodes: tuple[str, ...]
    deeds: list[Deed] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)
    """Until when a node has a fault, or may not have recovered from one."""
    severe: dict[str, float] = field(default_factory=dict)
    group: int = 0

    def happens(self, chance: float) -> bool:
        """Whether something that has this chance in a period happens in this second of it."""
        none_in_a_period = 1.0 - min(chance, 1.0)
        none_in_a_second = float(none_in_a_period ** (1 / self.config.period))
        return self.random.random() >= none_in_a_second

    def add(self, at: float, node: str, kind: Kind, *, flapping: bool) -> None:
        """Enter a fault, unless its node has one, or would be the last that is well."""
        fault, where, attributes = kind(self.random, self.config)
        begin = round(at + self.random.random(), 3)
        until = begin if fault in INSTANT else min(self.duration, round(begin + self.random.uniform(*LASTS), 3))
        if self.busy.get(node, 0.0) > begin or (fault not in INSTANT and until - begin < SHORTEST):
            return
        deed = Deed(begin, until, fault, node, where, self._seeded(attributes), self._next_group())
        if deed.severe and not self._may_go(node, begin):
            return
        flaps = self._flaps(deed) if flapping else [deed]
        self.deeds += flaps
        self.busy[node] = flaps[-1].until + (RECOVERY if deed.severe else 1.0)
        if deed.severe:
            self.severe[node] = self.busy[node]

    def reorg(self, at: float) -> None:
        """Enter a reorg of a few blocks."""
        depth = self.random.randint(1, MOST_REORGED)
        self.deeds.append(Deed(at, at, REORG, CHAIN, "chain", {"depth": depth}, self._next_group()))

    def slow_all_along(self) -> None:
        """Make a share of the answers of every node slow, from the calm to the end."""
        most = self.config.network_delay_ms[1]
        attributes = {
            "delay": most // 2,
            "jitter": most // 2,
            "probability": self.config.slow_response_probability,
        }
        group = self._next_group()
        for node in self.nodes:
            deed = Deed(CALM, self.duration, "slow_answers", node, "both", self._seeded(attributes), group)
            self.deeds.append(deed)

    def _may_go(self, node: str, at: float) -> bool:
        others = [each for each in self.nodes if each != node and self.severe.get(each, 0.0) <= at]
        return self.config.blackout or bool(others)

    def _flaps(self, deed: Deed) -> list[Deed]:
        """Cut a deed into short ones, with pauses as long between them."""
        pieces = 2 * self.random.randint(*FLAPS) - 1
        step = (deed.until - deed.at) / pieces
        return [
            Deed(
                round(deed.at + number * step, 3),
                min(deed.until, round(deed.at + (number + 1) * step, 3)),
                deed.fault,
                deed.target,
                deed.where,
                deed.attributes,
                deed.group,
            )
            for number in range(0, pieces, 2)
        ]

    def _seeded(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return attributes | {"seed": self.random.randrange(1 << 31)}

    def _next_group(self) -> int:
        self.group += 1
        return self.group
