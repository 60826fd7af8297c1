"""Ports that a node keeps for the whole run, also while it is down."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from e2e.testbed.protocol import TestbedError

HOST = "127.0.0.1"

_LOWEST = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: Where the system does not say: the range that IANA recommends begins here.
_USUAL_EPHEMERAL = 32_768


def free_ports(count: int) -> list[int]:
    """`count` different ports on loopback that nobody listens on.

    Below the range from which the kernel takes ports for outgoing connections: a port from there, given up while its
    node is down, would soon belong to one of a load test's clients.
    """
    end = _ephemeral_start()
    start = min(_LOWEST, end // 2)
    found: list[int] = []
    for port in random.sample(range(start, end), end - start):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise TestbedError(f"no {count} free ports between {start} and {end} on {HOST}: end what occupies them")


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now (connections of a former one may still be closing)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _ephemeral_start() -> int:
    try:
        return int(_EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError):
        return _USUAL_EPHEMERAL
