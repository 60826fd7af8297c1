"""A gateway that runs already, in a network of its own: the suite sees it from outside, the proxy from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit, urlunsplit

from e2e.gateway.client import GatewayClient
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from types import TracebackType


class GatewayService:
    """A gateway whose nodes keep their addresses in its network for as long as it runs."""

    def __init__(self, control: str, host: str) -> None:
        """`control`: the URL of its control API, from here; `host`: its name for the proxy. Raises GatewayError."""
        self.client = GatewayClient(control)
        nodes = self.client.state()["nodes"]
        self.urls = {
            name: NodeUrls(*(_at(host, lanes[lane]["url"]) for lane in ("http", "ws"))) for name, lanes in nodes.items()
        }

    def follow(self, node: str, urls: NodeUrls) -> None:
        """Do nothing: where a node is seen from outside may change, where it is seen from inside does not."""

    def close(self) -> None:
        """Let it go; it runs on. May be called twice."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _at(host: str, url: str) -> str:
    """The same URL on another host: a gateway that listens on every address says none that could be used."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))
