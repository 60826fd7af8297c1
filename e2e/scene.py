"""What a run is of: the stage that outlives it, the scene that is played; and how a proxy may fail to serve it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from e2e.wait import TooLateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from e2e.gateway.protocol import RunningGateway
    from e2e.sut.profile import Profile
    from e2e.sut.protocol import SutMaker
    from e2e.testbed.protocol import Testbed


@dataclass(frozen=True, slots=True)
class Stage:
    """What outlives a run: the network, the proxy's profile, the event loop, where runs are saved, the seed.

    With a `gateway` the proxy is told of its addresses in place of the nodes' own.
    """

    testbed: Testbed
    make_sut: SutMaker
    profile: Profile
    portal: BlockingPortal
    root: Path
    seed: int = 0
    options: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    gateway: RunningGateway | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is played: see `Meta` for the fields."""

    scenario: str
    feature: str
    tags: tuple[str, ...]
    topology: str
    required: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


class NoGatewayError(Exception):
    """The scenario hurts lanes of nodes and did not ask for the gateway."""

    def __init__(self) -> None:
        super().__init__("no gateway stands before the nodes: the scenario needs the tag @gateway")


class NotServedError(AssertionError):
    """The proxy did not do for a client what any node would have done."""


class NotServedInTimeError(NotServedError, TooLateError):
    """The proxy had not done it when the client's patience was over."""
