"""The consensus nodes that the proxy is told of, as the tags of a scenario want them."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from e2e.scene import NoGatewayError
from e2e.testbed.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from e2e.gateway.protocol import RunningGateway
    from e2e.testbed.protocol import Testbed

SILENT: Final = "consensus.silent"  # with one more, which never answers
BEHIND_GATEWAY: Final = "consensus.gateway"  # behind the fault gateway, as execution nodes are


@contextmanager
def consensus_urls(tags: Collection[str], testbed: Testbed, gateway: RunningGateway | None) -> Iterator[dict[str, str]]:
    """Give the name and the URL of each. Raises NoGatewayError where a tag wants one that is not there."""
    urls = testbed.upstream_consensus_urls()
    if BEHIND_GATEWAY in tags:
        if gateway is None:
            raise NoGatewayError
        urls = {name: gateway.urls[name].http for name in urls}
    if SILENT not in tags:
        yield urls
        return
    with socket.create_server((HOST, 0)) as listening:
        yield {**urls, "cl-silent": f"http://{HOST}:{listening.getsockname()[1]}"}
