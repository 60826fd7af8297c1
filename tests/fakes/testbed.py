"""A testbed of fake nodes: what a real one offers, in no time and without geth."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

from anyio.from_thread import start_blocking_portal

from e2e.testbed.local import NODES
from e2e.testbed.ports import free_ports
from e2e.testbed.protocol import Head, NodeUrls, Testbed
from tests.fakes.chain import Chain
from tests.fakes.node import FakeNode

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from tests.fakes.chain import Block


class FakeTestbed(Testbed):
    """Four fake nodes on a chain that grows by a block every `block_time` seconds; a loop of their own in a thread."""

    name = "fake"

    def __init__(self, folder: Path, block_time: float = 0.5) -> None:
        self.folder = folder
        self._block_time = block_time
        self._chain = Chain.of_length(5)
        self._nodes = {name: FakeNode(name, self._chain) for name in NODES}
        for node in self._nodes.values():
            # none that the kernel would give to a client of the load while the node is down
            node.http.port, node.ws.port = free_ports(2)
        self._states: dict[str, Literal["running", "paused", "stopped"]] = dict.fromkeys(NODES, "stopped")
        self._ending = ExitStack()
        self._portal: BlockingPortal
        self._miner: Future[None]

    def start(self) -> None:
        self._portal = self._ending.enter_context(start_blocking_portal("asyncio", name="fake nodes"))
        for node in NODES:
            self._ending.callback(self.kill, node)
            self.boot(node)
        self._miner = self._portal.start_task_soon(self._mine)
        self._ending.callback(self._miner.cancel)

    def close(self) -> None:
        self._ending.close()

    def node_names(self) -> tuple[str, ...]:
        return NODES

    def urls(self, node: str) -> NodeUrls:
        return NodeUrls(self._nodes[node].http.url, self._nodes[node].ws.url)

    def upstream_urls(self, node: str) -> NodeUrls:
        return self.urls(node)

    def consensus_urls(self) -> dict[str, str]:
        return {}

    def upstream_consensus_urls(self) -> dict[str, str]:
        return {}

    def state(self, node: str) -> Literal["running", "paused", "stopped"]:
        return self._states[node]

    def stop(self, node: str) -> None:
        self._portal.call(self._nodes[node].ws.close)
        self.kill(node)

    def kill(self, node: str) -> None:
        self._portal.call(self._nodes[node].die)
        self._states[node] = "stopped"

    def pause(self, node: str) -> None:
        self._portal.call(self._nodes[node].hold)
        self._states[node] = "paused"

    def unpause(self, node: str) -> None:
        self._portal.call(self._nodes[node].release)
        self._states[node] = "running"

    def boot(self, node: str) -> None:
        self._portal.call(self._nodes[node].boot)
        self._states[node] = "running"

    def heal(self) -> None:
        for node, state in self._states.items():
            if state == "stopped":
                self.boot(node)
            elif state == "paused":
                self.unpause(node)

    def head(self) -> Head:
        return _head(self._chain.head)

    def blocks(self, first: int, last: int) -> list[Head]:
        return [_head(block) for block in tuple(self._chain.blocks) if first <= block.number <= last]

    def reorg(self, depth: int) -> Head:
        return _head(self._portal.call(self._chain.reorg, depth))

    def versions(self) -> dict[str, str]:
        return {"testbed": self.name}

    async def _mine(self) -> None:
        while True:
            await asyncio.sleep(self._block_time)
            self._chain.mine()


def _head(block: Block) -> Head:
    return Head(block.number, block.hash, block.parent)
