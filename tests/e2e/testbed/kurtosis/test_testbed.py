"""The network in an enclave: found, hurt, healed, saved and removed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from kurtosis_sdk.testing.values import PortSpec

from e2e.testbed import driven
from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.testbed import KurtosisTestbed
from e2e.testbed.ports import free_ports
from e2e.testbed.protocol import CannotPlayError, Head, NodeUrls, TestbedError
from tests.fakes.land import BLOCK, CALLS, HASH, NODES, land
from tests.fakes.pages import Pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.land import Land

P1, B1 = NODES


def test_it_runs_the_package_with_its_own_block_time_and_without_a_proxy(land: Land, testbed: KurtosisTestbed) -> None:
    told = json.loads(land.inside(testbed).services["beacon"].config.env_vars["ARGS"])
    assert (told["more"], told["block_time"]) == (", from the file", 0.5)
    assert told["proxy"] == {"enabled": False, "other": 1}
    assert testbed.enclave.name.startswith("vixy-e2e-")


def test_nodes_are_seen_from_outside_and_from_inside(land: Land, testbed: KurtosisTestbed) -> None:
    assert testbed.node_names() == NODES
    port = land.nodes[P1].port
    assert testbed.urls(P1) == NodeUrls(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
    assert testbed.upstream_urls(P1) == NodeUrls(f"http://{P1}:8545", f"ws://{P1}:8546")
    beacon = land.inside(testbed).services["beacon"]
    outside = {name: f"http://127.0.0.1:{beacon.public_ports[name]}" for name in ("cl-1", "cl-2")}
    assert testbed.consensus_urls() == outside
    assert testbed.upstream_consensus_urls() == {"cl-1": "http://beacon:5052", "cl-2": "http://beacon:5053"}


def test_the_chain_is_what_the_block_driver_says(land: Land, testbed: KurtosisTestbed) -> None:
    assert testbed.head() == Head(7, HASH, BLOCK["parent"])
    assert testbed.blocks(6, 7) == [testbed.head()]
    land.beacon.pages.clear()
    with pytest.raises(TestbedError):
        testbed.head()


def test_a_stopped_node_is_booted_and_its_ports_are_read_again(land: Land, testbed: KurtosisTestbed) -> None:
    service = land.inside(testbed).services[P1]
    before = testbed.urls(P1)
    testbed.stop(P1)
    assert testbed.state(P1) == "stopped"
    assert service.container == "exited"
    assert testbed.urls(P1) == before  # where it would be looked for
    with pytest.raises(TestbedError, match="cannot be told to stop: it is stopped"):
        testbed.stop(P1)
    with Pages(calls=dict(CALLS)) as elsewhere:
        service.config.public_ports.update({name: PortSpec(elsewhere.port) for name in ("rpc", "ws")})
        testbed.boot(P1)
        assert testbed.urls(P1).http == f"http://127.0.0.1:{elsewhere.port}"
    assert testbed.state(P1) == "running"
    assert service.starts == 2
    with pytest.raises(TestbedError, match="cannot be booted: it is running"):
        testbed.boot(P1)


def test_a_kill_is_a_signal_and_no_stop(land: Land, testbed: KurtosisTestbed) -> None:
    service = land.inside(testbed).services[B1]
    testbed.kill(B1)
    assert (service.signals, service.is_asked_to_run) == (["SIGKILL"], True)
    assert testbed.state(B1) == "stopped"
    testbed.kill(B1)
    testbed.boot(B1)
    assert testbed.state(B1) == "running"


def test_a_pause_keeps_the_ports(land: Land, testbed: KurtosisTestbed) -> None:
    before = testbed.urls(P1)
    testbed.pause(P1)
    assert (testbed.state(P1), land.inside(testbed).services[P1].container) == ("paused", "paused")
    with pytest.raises(TestbedError, match="cannot be told to pause: it is paused"):
        testbed.pause(P1)
    testbed.unpause(P1)
    assert (testbed.state(P1), testbed.urls(P1)) == ("running", before)
    with pytest.raises(TestbedError, match="cannot be unpaused: it is running"):
        testbed.unpause(P1)


def test_healing_boots_and_unpauses(testbed: KurtosisTestbed) -> None:
    testbed.kill(P1)
    testbed.pause(B1)
    testbed.heal()
    assert [testbed.state(node) for node in NODES] == ["running", "running"]


def test_a_node_on_another_chain_is_waited_for_and_its_log_shown(
    land: Land, testbed: KurtosisTestbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driven, "READY_LIMIT", 0.2)
    testbed.stop(P1)
    land.nodes[P1].calls["eth_getBlockByNumber"] = {"hash": "0x" + "ff" * 32}
    land.inside(testbed).services[P1].write_log("cannot import a block")
    with pytest.raises(TestbedError, match=r"el-1-primary did not follow .* 0\.2 s[^$]*cannot import a block"):
        testbed.boot(P1)


def test_versions_are_asked_of_the_nodes(testbed: KurtosisTestbed) -> None:
    versions = testbed.versions()
    assert (versions["testbed"], versions["kurtosis"], versions["geth"]) == ("kurtosis", "1.20.0", "1.17.7")
    assert versions["block_time"] == "0.5 s"


def test_what_does_not_exist_is_said_with_what_does(testbed: KurtosisTestbed) -> None:
    with pytest.raises(TestbedError, match="no node 'el-9' in this network; there is el-1-primary, el-3-backup"):
        testbed.urls("el-9")
    with pytest.raises(TestbedError, match="beacon has no port http for us; it has cl-1, cl-2, control"):
        testbed.public_url("beacon", "http")
    with pytest.raises(TestbedError, match="Could not find the service 'nobody'"):
        testbed.public_url("nobody", "http")


def test_the_end_saves_every_log_and_leaves_nothing(land: Land) -> None:
    with land.testbed() as testbed:
        land.inside(testbed).services[P1].write_log("block 7")
        name = testbed.enclave.name
    testbed.close()
    assert (land.folder / f"{P1}.log").read_text() == "block 7\n"
    assert {path.name for path in land.folder.iterdir()} == {f"{each}.log" for each in (*NODES, "beacon")}
    with pytest.raises(Exception, match=name):
        land.engine.enclave(name)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (("beacon_image: beacon", "beacon_image: does-not-exist"), "nowhere to be had"),
        (("more: ", "less: "), "more"),
    ],
)
def test_a_package_that_fails_leaves_no_enclave(land: Land, break_it: tuple[str, str], said: str) -> None:
    arguments = land.package / "args" / "2p2b.yaml"
    arguments.write_text(arguments.read_text().replace(*break_it))
    testbed = land.testbed()
    with pytest.raises(TestbedError, match=rf"(?s)failed in the enclave {testbed.enclave.name}: .*{said}"):
        testbed.start()
    with pytest.raises(Exception, match=testbed.enclave.name):
        land.inside(testbed)


def test_a_network_that_does_not_come_up_leaves_its_logs_and_no_enclave(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driven, "READY_LIMIT", 0.1)
    land.beacon.pages.clear()
    testbed = land.testbed()
    with pytest.raises(TestbedError, match="did not follow the chain"):
        testbed.start()
    assert (land.folder / "beacon.log").exists()
    with pytest.raises(Exception, match=testbed.enclave.name):
        land.inside(testbed)


def test_it_is_started_once(testbed: KurtosisTestbed) -> None:
    with pytest.raises(TestbedError, match="started before"):
        testbed.start()


def test_on_kubernetes_nodes_are_stopped_and_booted_and_cannot_be_killed_or_paused(tmp_path: Path) -> None:
    with land(tmp_path, "kubernetes") as there, there.testbed() as testbed:
        there.inside(testbed).services[P1].write_log("block 7")
        for deed in (testbed.kill, testbed.pause):
            with pytest.raises(CannotPlayError, match="no Docker API"):
                deed(P1)
        testbed.stop(P1)
        testbed.boot(P1)
        assert testbed.state(P1) == "running"
    assert (there.folder / f"{P1}.log").read_text() == "block 7\n"


def test_no_engine_is_said_at_once_with_how_to_start_one(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TestbedError, match="kurtosis engine start"):
        KurtosisTestbed(tmp_path, Enclave(engine=f"127.0.0.1:{free_ports(1)[0]}")).start()
    assert time.monotonic() - began < 2
