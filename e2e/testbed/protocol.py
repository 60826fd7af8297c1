"""What every testbed offers: a network of real nodes on one chain that can be hurt and healed.

All methods are synchronous and return when what they promise is true (or raise `TestbedError`, which says what was
seen and what to do). They may be called from any thread, one call at a time for each node.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class TestbedError(Exception):
    """The network could not do what was asked; the message says what to do about it."""

    __test__ = False  # not a test, whatever pytest makes of the name


class CannotPlayError(TestbedError):
    """No network of this kind can do what was asked: the scenario is skipped, and says why."""


@dataclass(frozen=True, slots=True)
class NodeUrls:
    """Where an execution node listens. `http` and `ws` go straight to the node."""

    http: str
    ws: str


@dataclass(frozen=True, slots=True)
class Head:
    """One canonical block: `number`, `hash` and `parent` (both 0x-prefixed)."""

    number: int
    hash: str
    parent: str


class Testbed(Protocol):
    """Four execution nodes (names end in -primary or -backup), their consensus endpoints, and the faults they know.

    Use it as a context manager, or call `start` and `close` yourself.
    `unplayable`: tags of scenarios that cannot be played here, with the reason.
    """

    __test__: ClassVar[bool] = False

    name: str
    folder: Path
    unplayable: Mapping[str, str] = MappingProxyType({})

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start every node and the block driver; returns when all nodes follow the chain and it moves."""
        ...

    def close(self) -> None:
        """End everything that was started. May be called twice, and at any point of a failed start."""
        ...

    def node_names(self) -> tuple[str, ...]: ...

    def urls(self, node: str) -> NodeUrls:
        """Where `node` listens now. A testbed may move it at a restart: ask again after each start."""
        ...

    def consensus_urls(self) -> dict[str, str]:
        """Name → base URL of each Beacon API endpoint."""
        ...

    def upstream_urls(self, node: str) -> NodeUrls:
        """Where the proxy under test finds `node`: as we do, unless the nodes have a network of their own."""
        return self.urls(node)

    def upstream_consensus_urls(self) -> dict[str, str]:
        """Where the proxy under test finds the Beacon API endpoints."""
        return self.consensus_urls()

    def state(self, node: str) -> Literal["running", "paused", "stopped"]: ...

    def stop(self, node: str) -> None:
        """SIGTERM; returns when the node is gone."""
        ...

    def kill(self, node: str) -> None:
        """SIGKILL; returns when the node is gone."""
        ...

    def pause(self, node: str) -> None:
        """SIGSTOP: it keeps its connections and answers nothing."""
        ...

    def unpause(self, node: str) -> None:
        """SIGCONT; returns when the node follows the chain again."""
        ...

    def boot(self, node: str) -> None:
        """Start a stopped or killed node with its data; returns when it follows the chain again."""
        ...

    def heal(self) -> None:
        """Boot what is down, unpause what is paused; returns when all nodes are on the chain's head."""
        ...

    def head(self) -> Head:
        """The canonical head as the block driver says."""
        ...

    def blocks(self, first: int, last: int) -> list[Head]:
        """The canonical blocks from `first` to `last`, both included, as the block driver says."""
        ...

    def reorg(self, depth: int) -> Head:
        """Replace the last `depth` blocks by others, one more of them; returns the new head."""
        ...

    def versions(self) -> dict[str, str]:
        """What the network is made of, for the report: e.g. {'geth': '1.17.7', 'testbed': 'local'}."""
        ...
