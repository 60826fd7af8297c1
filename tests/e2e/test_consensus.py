"""Which consensus nodes a proxy is told of."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2e.consensus import consensus_urls
from e2e.scene import NoGatewayError

TESTBED = cast("Any", SimpleNamespace(upstream_consensus_urls=lambda: {"cl-1": "http://127.0.0.1:5052"}))


def test_the_testbeds_own_without_a_tag() -> None:
    with consensus_urls((), TESTBED, None) as urls:
        assert urls == {"cl-1": "http://127.0.0.1:5052"}


def test_one_more_listens_and_never_answers() -> None:
    with consensus_urls(("consensus.silent",), TESTBED, None) as urls:
        port = int(urls["cl-silent"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.recv(1)


def test_behind_the_gateway_they_have_its_addresses() -> None:
    gateway = cast("Any", SimpleNamespace(urls={"cl-1": SimpleNamespace(http="http://127.0.0.1:7777")}))
    with consensus_urls(("consensus.gateway",), TESTBED, gateway) as urls:
        assert urls == {"cl-1": "http://127.0.0.1:7777"}


def test_a_gateway_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(NoGatewayError), consensus_urls(("consensus.gateway",), TESTBED, None):
        pass
