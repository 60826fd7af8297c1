"""A bad machine on purpose: it bites, nothing that others do to a node is disturbed, and it is over for sure."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.flake.stress import STILL, stress
from e2e.testbed.local import LocalTestbed
from e2e.testbed.probe import head_hash
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.geth, pytest.mark.timeout(120)]

PRIMARY, BACKUP = "el-1-primary", "el-3-backup"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTestbed]:
    with LocalTestbed(tmp_path_factory.mktemp("network"), nodes=(PRIMARY, BACKUP), block_time=0.5) as testbed:
        yield testbed


def stands_still(network: LocalTestbed, node: str) -> bool:
    """By proc(5). A signal takes its time to reach all threads of a process."""
    state = Path(f"/proc/{pid_of(network, node)}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def goes_on(network: LocalTestbed, node: str) -> bool:
    return not stands_still(network, node)


def pid_of(network: LocalTestbed, node: str) -> int:
    pid = network._nodes[node].pid
    assert pid is not None
    return pid


def busy_loops() -> int:
    mine = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = {pid for each in mine for pid in each.read_text().split()}
    return sum(b"while True: pass" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children)


def test_every_node_stands_still_in_its_turn_and_every_core_is_busy(network: LocalTestbed, tmp_path: Path) -> None:
    with stress(network, tmp_path, 2):
        for node in (PRIMARY, BACKUP):
            wait_until(partial(stands_still, network, node), 10, f"{node} stands still")
            wait_until(partial(goes_on, network, node), 10, f"{node} goes on")
            assert network.state(node) == "running"
        assert busy_loops() == 2
    assert busy_loops() == 0
    for node in (PRIMARY, BACKUP):
        wait_until(partial(goes_on, network, node), 10, f"{node} goes on")
        assert head_hash(network.urls(node).http)


def test_a_node_that_was_paused_stays_so(network: LocalTestbed, tmp_path: Path) -> None:
    with stress(network, tmp_path, 2):
        network.pause(PRIMARY)
        wait_until(partial(stands_still, network, PRIMARY), 10, "it is paused")
        end = time.monotonic() + 4 * STILL  # both have had their turn by then
        wait_until(lambda: goes_on(network, PRIMARY) or time.monotonic() >= end, 10, "turns pass")
        assert stands_still(network, PRIMARY)
        network.unpause(PRIMARY)
        network.kill(BACKUP)
        network.boot(BACKUP)
    assert network.state(PRIMARY) == network.state(BACKUP) == "running"


def test_a_moment_is_over_when_all_is_over(network: LocalTestbed) -> None:
    over = threading.Event()
    still = threading.Thread(target=network.stall, args=(PRIMARY, over, 600.0))
    still.start()
    try:
        wait_until(partial(stands_still, network, PRIMARY), 10, "it stands still")
    finally:
        over.set()
        still.join()
    wait_until(partial(goes_on, network, PRIMARY), 10, "it goes on")
