"""The faults and cures of the local testbed, on real nodes."""

from __future__ import annotations

import socket
import threading
import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from e2e.beacon.client import DriverClient
from e2e.beacon.config import Address
from e2e.testbed.local import LocalTestbed
from e2e.testbed.ports import HOST, free_ports
from e2e.testbed.protocol import Head, TestbedError
from e2e.wait import wait_until
from tests.e2e.testbed.node_view import BACKUP, PRIMARY, ask, blocks, wait_for_block, wait_for_more

if TYPE_CHECKING:
    from pathlib import Path

# Two minutes: on a machine that is busy with other things a boot takes ten times as long as on a quiet one.
pytestmark = [pytest.mark.geth, pytest.mark.timeout(120)]


def expect_one_chain(network: LocalTestbed) -> None:
    """Both nodes hold every canonical block (the newest may be on its way), and each is its successor's parent."""
    head = network.head()
    canonical = network.blocks(0, head.number)
    assert [block.number for block in canonical] == list(range(head.number + 1))
    assert all(after.parent == before.hash for before, after in pairwise(canonical))
    for node in network.node_names():
        wait_until(partial(holds, network, node, canonical), 15, f"{node} holds the canonical chain")


def holds(network: LocalTestbed, node: str, chain: list[Head]) -> bool:
    return blocks(network, node, 0, chain[-1].number) == chain


def test_both_nodes_follow_one_growing_chain(network: LocalTestbed) -> None:
    wait_for_more(network, 2)
    network.heal()
    expect_one_chain(network)


def test_a_stopped_node_is_given_what_it_missed(network: LocalTestbed) -> None:
    network.stop(PRIMARY)
    assert network.state(PRIMARY) == "stopped"
    missed = wait_for_more(network, 3)
    network.boot(PRIMARY)
    assert network.state(PRIMARY) == "running"
    assert int(ask(network, PRIMARY, "eth_blockNumber"), 16) >= missed.number
    expect_one_chain(network)


def test_a_killed_node_comes_back_at_once_or_late(network: LocalTestbed) -> None:
    for outage in (0, 4):
        network.kill(BACKUP)
        wait_for_more(network, outage)
        network.boot(BACKUP)
        expect_one_chain(network)


def test_a_node_killed_again_while_it_comes_back_still_comes_back(network: LocalTestbed) -> None:
    network.kill(PRIMARY)
    wait_for_more(network, 2)
    network._nodes[PRIMARY].launch()
    network.kill(PRIMARY)
    network.boot(PRIMARY)
    expect_one_chain(network)


def test_a_node_that_lost_all_its_data_is_given_everything(network: LocalTestbed) -> None:
    network.stop(PRIMARY)
    chaindata = network.folder / "data" / PRIMARY / "geth" / "chaindata"
    chaindata.rename(network.folder / f"lost-{time.monotonic_ns()}")
    network.boot(PRIMARY)
    expect_one_chain(network)


def test_blocks_go_on_while_a_node_is_paused_and_it_catches_up(network: LocalTestbed) -> None:
    # The backup is the one that builds.
    network.pause(BACKUP)
    assert network.state(BACKUP) == "paused"
    wait_until(lambda: network.driver.nodes()[BACKUP].state == "silent", 10, "the driver sees the pause")
    missed = wait_for_more(network, 3)
    network.unpause(BACKUP)
    assert int(ask(network, BACKUP, "eth_blockNumber"), 16) >= missed.number
    expect_one_chain(network)


def test_a_short_pause_is_no_harm(network: LocalTestbed) -> None:
    for _ in range(3):
        network.pause(BACKUP)
        network.unpause(BACKUP)
    expect_one_chain(network)


def test_heal_boots_and_unpauses(network: LocalTestbed) -> None:
    network.kill(PRIMARY)
    network.pause(BACKUP)
    network.heal()
    assert [network.state(node) for node in network.node_names()] == ["running", "running"]
    wait_for_more(network, 1)


def test_with_all_nodes_down_the_chain_stands_and_then_goes_on(network: LocalTestbed) -> None:
    network.kill(PRIMARY)
    network.kill(BACKUP)
    wait_until(lambda: {node.state for node in network.driver.nodes().values()} == {"lost"}, 10, "both are lost")
    stood = network.head()
    network.heal()
    wait_for_block(network, stood.number + 1)
    assert network.blocks(stood.number, stood.number) == [stood]
    expect_one_chain(network)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_reorg_replaces_the_last_blocks_by_one_more(network: LocalTestbed, depth: int) -> None:
    wait_for_more(network, depth + 1)  # whose siblings no reorg has used
    network.driver.pause()
    try:
        network.heal()
        before = network.head()
        old = network.blocks(0, before.number)
        after = network.reorg(depth)
        new = network.blocks(0, after.number)
    finally:
        network.driver.resume()
    assert after.number == before.number + 1
    assert new[: -depth - 1] == old[:-depth]
    assert not set(new[-depth - 1 :]) & set(old)
    network.heal()
    expect_one_chain(network)


def test_a_node_that_missed_a_reorg_is_led_over_it(network: LocalTestbed) -> None:
    wait_for_more(network, 3)
    network.stop(PRIMARY)
    network.reorg(2)
    network.boot(PRIMARY)
    expect_one_chain(network)


def test_reorgs_one_after_another_are_all_possible(network: LocalTestbed) -> None:
    for depth in (2, 1, 3, 2):
        network.reorg(depth)
    network.heal()
    expect_one_chain(network)


@pytest.mark.parametrize("depth", [0, -1, 32])
def test_a_reorg_of_an_impossible_depth_is_refused(network: LocalTestbed, depth: int) -> None:
    with pytest.raises(TestbedError, match=f"replaces 1 to 31 blocks, not {depth}"):
        network.reorg(depth)


def test_paused_production_makes_no_block_and_nodes_are_still_followed(network: LocalTestbed) -> None:
    network.driver.pause()
    try:
        network.heal()
        head = network.head()
        network.kill(PRIMARY)
        network.boot(PRIMARY)
        assert network.head() == head
    finally:
        network.driver.resume()
    wait_for_more(network, 1)


def test_a_port_taken_while_the_node_was_down_is_named(network: LocalTestbed) -> None:
    network.stop(PRIMARY)
    port = int(network.urls(PRIMARY).ws.rpartition(":")[2])
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        with pytest.raises(TestbedError, match=rf"{PRIMARY} cannot start: .* ws port 127\.0\.0\.1:{port}"):
            network.boot(PRIMARY)
    network.boot(PRIMARY)


def test_what_makes_no_sense_is_refused(network: LocalTestbed) -> None:
    with pytest.raises(TestbedError, match="cannot be booted: it is running"):
        network.boot(PRIMARY)
    with pytest.raises(TestbedError, match="cannot be unpaused: it is running"):
        network.unpause(PRIMARY)
    network.kill(PRIMARY)
    for action in (network.stop, network.pause):
        with pytest.raises(TestbedError, match="it is stopped"):
            action(PRIMARY)
    with pytest.raises(TestbedError, match=f"no node 'el-9' in this network; there is {PRIMARY}, {BACKUP}"):
        network.urls("el-9")


def test_versions_are_for_the_report(network: LocalTestbed) -> None:
    versions = network.versions()
    assert versions["testbed"] == "local"
    assert versions["geth"].split(".")[0] == "1"


def test_closing_ends_a_wait_and_everything_else(tmp_path: Path) -> None:
    testbed = LocalTestbed(tmp_path, nodes=("el-1-primary",), block_time=0.5)
    testbed.start()
    testbed.stop("el-1-primary")
    failure: list[Exception] = []

    def boot() -> None:
        try:
            testbed.boot("el-1-primary")
        except TestbedError as error:
            failure.append(error)

    testbed._driver = DriverClient(Address(HOST, *free_ports(1)))  # nobody: the boot waits
    booting = threading.Thread(target=boot)
    booting.start()
    wait_until(lambda: testbed._nodes["el-1-primary"].state == "running", 10, "the node is started")
    testbed.close()
    booting.join(10)
    assert "the network is closed" in str(failure[0])
    assert testbed.state("el-1-primary") == "stopped"
    assert not (tmp_path / "data").exists()
    testbed.close()
