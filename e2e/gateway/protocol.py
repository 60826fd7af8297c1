"""What a running gateway is to a run, wherever it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.gateway.client import GatewayClient
    from e2e.testbed.protocol import NodeUrls


class RunningGateway(Protocol):
    """A gateway before all nodes of a network."""

    client: GatewayClient

    @property
    def urls(self) -> Mapping[str, NodeUrls]:
        """Where the proxy under test should look for each node."""
        ...

    def follow(self, node: str, urls: NodeUrls) -> None:
        """Lead new links of `node` to where it listens now, by `Testbed.urls`."""
        ...
