from __future__ import annotations

import socket

import pytest


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Everything in one loop, of the kind that the proxy runs on."""
    return ("asyncio", {"use_uvloop": True})


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
