"""Who carries clients, seen from outside: the links that a proxy keeps open to the WebSocket lane of each node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.clients.scrape import sample_name
from e2e.gateway.client import GatewayClient, GatewayError
from e2e.ledger.entries import Scraped

if TYPE_CHECKING:
    from e2e.ledger.recorder import Recorder


class LinkCounter:
    """Asks the gateway, and records what it says as if it were a metric of the proxy's.

    For proxies without such a metric that give each client an upstream link of its own.
    """

    def __init__(self, gateway: GatewayClient, sample: str, recorder: Recorder) -> None:
        """`sample` is the name of the metric; its label is node."""
        self._gateway = gateway
        self._sample = sample
        self._recorder = recorder

    def close(self) -> None:
        self._gateway.close()

    def scrape(self) -> Scraped:
        """Count once, record and return it."""
        try:
            nodes = self._gateway.state()["nodes"]
        except GatewayError:
            scraped = Scraped(self._recorder.now(), up=False)
        else:
            links = {node: float(lanes["ws"]["links"]) for node, lanes in nodes.items()}
            samples = {sample_name(self._sample, {"node": node}): count for node, count in links.items()}
            scraped = Scraped(self._recorder.now(), up=True, samples=samples)
        self._recorder.record(scraped)
        return scraped
