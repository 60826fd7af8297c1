"""Ports that a node keeps for the whole run, also while it is down and whoever else runs the suite on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"

_LOWEST = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: Where the system does not say: the range that IANA recommends begins here.
_USUAL_EPHEMERAL = 32_768
#: Port → process that was given it. Between the choice and the node that listens, nobody could see that it is taken.
_GIVEN = Path(tempfile.gettempdir()) / f"vixy-e2e-ports-{os.getuid()}.json"


def free_ports(count: int) -> list[int]:
    """`count` different ports on loopback that nobody listens on and that were given to no other living process.

    Below the range from which the kernel takes ports for outgoing connections: a port from there, given up while its
    node is down, would soon belong to one of a load test's clients.
    """
    end = _ephemeral_start()
    start = min(_LOWEST, end // 2)
    found: list[int] = []
    with _given() as given:
        # what this process was given before comes last: what it was for may be down, and come back
        for port in sorted(random.sample(range(start, end), end - start), key=lambda port: str(port) in given):
            if given.get(str(port), os.getpid()) == os.getpid() and is_free(port):
                found.append(port)
            if len(found) == count:
                given.update(dict.fromkeys(map(str, found), os.getpid()))
                return found
    raise TestbedError(f"no {count} free ports between {start} and {end} on {HOST}: end what occupies them")


@contextmanager
def _given() -> Iterator[dict[str, int]]:
    """The table of given ports, without those of processes that have ended; it is written back at the end."""
    with _GIVEN.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            table: dict[str, int] = json.load(file)
        except ValueError:  # new, or its writer was killed
            table = {}
        living = set(filter(_is_alive, set(table.values())))
        given = {port: pid for port, pid in table.items() if pid in living}
        yield given
        file.truncate(0)
        json.dump(given, file)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
