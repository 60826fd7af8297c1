"""Links counted by a real gateway, for proxies that do not say themselves who carries their clients."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from e2e.clients.links import LinkCounter
from e2e.clients.scrape import by_label
from e2e.gateway.client import GatewayClient
from e2e.gateway.process import GatewayProcess
from e2e.ledger.entries import Scraped
from e2e.ledger.recorder import Recorder
from e2e.testbed.ports import HOST
from e2e.testbed.protocol import NodeUrls
from e2e.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path


SAMPLE = "links"


def test_open_links_are_counted_for_each_node(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as node:
        there = f"{HOST}:{node.getsockname()[1]}"
        urls = NodeUrls(f"http://{there}", f"ws://{there}")
        with GatewayProcess({"el-1-primary": urls, "el-3-backup": urls}, tmp_path) as gateway:
            recorder = Recorder()
            counter = LinkCounter(GatewayClient(gateway.client.url), SAMPLE, recorder)

            def counted() -> dict[str, float]:
                return by_label(counter.scrape().samples, SAMPLE, "node")

            assert counted() == {"el-1-primary": 0, "el-3-backup": 0}
            port = int(gateway.urls["el-3-backup"].ws.rpartition(":")[2].strip("/"))
            with socket.create_connection((HOST, port)), node.accept()[0]:
                wait_until(
                    lambda: counted() == {"el-1-primary": 0, "el-3-backup": 1}, 5, "the link is counted", counted
                )
            wait_until(lambda: counted()["el-3-backup"] == 0, 5, "the link is gone", counted)
        assert not counter.scrape().up
        counter.close()
    assert len(recorder.entries()) >= 4
    assert all(isinstance(entry, Scraped) for entry in recorder.entries())
