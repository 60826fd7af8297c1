"""A gateway in a network of its own, seen from outside: a real one, whose lanes nobody connects to here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from e2e.gateway.client import GatewayError
from e2e.gateway.process import GatewayProcess
from e2e.gateway.service import GatewayService
from e2e.testbed.ports import free_ports
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from pathlib import Path

NODE = "el-1-primary"
URLS = NodeUrls("http://127.0.0.1:1/key", "ws://127.0.0.1:1")


def test_the_proxy_is_told_of_the_gateways_address_in_its_network(tmp_path: Path) -> None:
    with (
        GatewayProcess({NODE: URLS}, tmp_path) as process,
        GatewayService(process.client.url, "172.16.0.9") as gateway,
    ):
        http, ws = (urlsplit(url).port for url in (process.urls[NODE].http, process.urls[NODE].ws))
        assert gateway.urls == {NODE: NodeUrls(f"http://172.16.0.9:{http}/key", f"ws://172.16.0.9:{ws}")}
        gateway.client.add("refuse", NODE, "ws")
        assert [fault.fault for fault in process.client.faults()] == ["refuse"]
        gateway.follow(NODE, NodeUrls("http://127.0.0.1:2", "ws://127.0.0.1:2"))
        assert process.client.lane(NODE, "ws")["upstream"] == URLS.ws


def test_one_that_does_not_answer_is_said() -> None:
    with pytest.raises(GatewayError, match="does not answer"):
        GatewayService(f"http://127.0.0.1:{free_ports(1)[0]}", "172.16.0.9")
