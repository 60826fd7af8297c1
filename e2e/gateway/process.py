"""The gateway as a process of the suite's: started on free ports, asked where it listens, gone for sure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Self

from e2e.gateway.client import GatewayClient, GatewayError
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.process import Process
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from e2e.testbed.protocol import NodeUrls

STARTS_WITHIN: Final = 60.0  # seconds; half a second will do on an idle machine
LEAVES_WITHIN: Final = 3.0


class GatewayProcess:
    """One gateway before several nodes; its log goes to `folder`/gateway.log."""

    def __init__(self, nodes: Mapping[str, NodeUrls], folder: Path) -> None:
        """Take the URLs of the nodes themselves, by name."""
        self._nodes = dict(nodes)
        self._log = folder / "gateway.log"
        (self._port,) = free_ports(1)
        self._process: Process | None = None
        self.client = GatewayClient(f"http://{HOST}:{self._port}")
        self.urls: dict[str, NodeUrls] = {}
        """Where the proxy should look for each node; filled by `start`."""

    def start(self) -> Self:
        """Start it; returns when every lane listens. Raises GatewayError, and then nothing is left running."""
        routes = [f"--route={name}={urls.http},{urls.ws}" for name, urls in self._nodes.items()]
        command = [sys.executable, "-m", "e2e.gateway", f"--control={HOST}:{self._port}", *routes]
        self._process = Process(command, self._log)
        try:
            wait_until(self._up, STARTS_WITHIN, "the gateway listens")
        except (WaitTimeoutError, GatewayError) as error:
            said = self._process.tail()
            self.close()
            raise GatewayError(f"the gateway did not start: {error}\n{said}") from error
        self.urls = {name: self.client.urls(name) for name in self._nodes}
        return self

    def follow(self, node: str, urls: NodeUrls) -> None:
        """Lead new links of `node` to where it listens now."""
        if self._nodes[node] != urls:
            self.client.retarget(node, urls)
            self._nodes[node] = urls

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """SIGTERM, and SIGKILL if that does not do. May be called twice."""
        self.client.close()
        if self._process is not None:
            self._process.terminate(LEAVES_WITHIN)
            self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _up(self) -> bool:
        if self._process is None or not self._process.alive:
            raise GatewayError("it ended")
        try:
            self.client.state()
        except GatewayError:
            return False
        return True
