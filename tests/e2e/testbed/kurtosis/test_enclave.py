"""Whose enclave it is, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from kurtosis_sdk.testing import FakeEngine

from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.proxy import ProxyService
from e2e.testbed.kurtosis.testbed import BEACON, CONTROL, GATEWAY, KurtosisTestbed
from e2e.testbed.protocol import TestbedError
from kurtosis_sdk import ExecResult, KurtosisContext
from tests.fakes.land import NODES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kurtosis_sdk.testing import FakeService

    from tests.fakes.land import Land


def names(land: Land) -> list[str]:
    with KurtosisContext.connect(land.engine.address) as kurtosis:
        return sorted(kurtosis.get_enclaves().get_enclaves_by_name())


def test_one_that_is_kept_stays_and_may_be_borrowed(land: Land, capfd: pytest.CaptureFixture[str]) -> None:
    with land.testbed(keep=True) as testbed:
        name = testbed.enclave.name
    assert names(land) == [name]
    told = capfd.readouterr().out
    assert f"behave -D testbed=kurtosis -D enclave={name}" in told
    assert f"kurtosis enclave rm -f {name}" in told
    with land.testbed(name) as again:
        assert again.node_names() == NODES
        assert "block_time" not in again.versions()
        again.stop(NODES[0])
    assert names(land) == [name]
    with land.testbed(name) as healed:
        assert healed.state(NODES[0]) == "running"


def test_one_that_is_not_there_is_named_with_those_that_are(land: Land) -> None:
    with pytest.raises(TestbedError, match=r"no enclave nobodys; there is none\. `make kurtosis-up` starts one"):
        land.testbed("nobodys").start()
    with (
        land.testbed() as testbed,
        pytest.raises(TestbedError, match=f"no enclave nobodys; there are {testbed.enclave.name}"),
    ):
        land.testbed("nobodys").start()


def test_one_without_a_network_is_refused_and_left_alone(land: Land) -> None:
    with KurtosisContext.connect(land.engine.address) as kurtosis, kurtosis.create_enclave("other"):
        with pytest.raises(TestbedError, match="the enclave other holds no network of this suite: it has no services"):
            land.testbed("other").start()
        assert names(land) == ["other"]


def test_one_that_is_interrupted_while_it_is_made_is_removed(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    made = KurtosisContext.create_enclave

    def interrupted(self: KurtosisContext, *args: Any, **kwargs: Any) -> Any:
        made(self, *args, **kwargs).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(KurtosisContext, "create_enclave", interrupted)
    with pytest.raises(KeyboardInterrupt):
        land.testbed().start()
    assert names(land) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interruption_does_not_keep_it_from_being_removed(
    land: Land, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    destroy = KurtosisContext.destroy_enclave

    def interrupted(self: KurtosisContext, *args: Any, **kwargs: Any) -> None:
        os.kill(os.getpid(), number)
        destroy(self, *args, **kwargs)

    monkeypatch.setattr(KurtosisContext, "destroy_enclave", interrupted)
    before = signal.getsignal(number)
    with land.testbed():
        pass
    assert names(land) == []
    assert signal.getsignal(number) is before


FORGETFUL = """
import sys
from pathlib import Path
from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.proxy import ProxyService
from e2e.testbed.kurtosis.testbed import BEACON, CONTROL, GATEWAY, KurtosisTestbed

package, engine, docker_host, folder = sys.argv[1:]
enclave = Enclave(package=Path(package), engine=engine, docker_host=docker_host)
KurtosisTestbed(Path(folder), enclave).start()
print(enclave.name)
"""


def test_one_that_is_forgotten_is_removed_at_the_end_of_the_process(land: Land) -> None:
    where = (land.package, land.engine.address, land.engine.docker_host, land.folder)
    ended = subprocess.run(
        [sys.executable, "-c", FORGETFUL, *map(str, where)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("vixy-e2e-")
    assert names(land) == []


def test_one_that_cannot_be_removed_is_named_with_how_to(land: Land, capfd: pytest.CaptureFixture[str]) -> None:
    with land.testbed() as testbed:
        name = testbed.enclave.name
        with land.engine.refused("DestroyEnclave", "not today"):
            testbed.close()
    told = capfd.readouterr().out
    assert f"the enclave {name} is still there" in told
    assert "not today" in told
    assert f"kurtosis enclave rm -f {name}" in told


def test_logs_come_from_the_collectors_where_docker_is_out_of_reach(land: Land) -> None:
    enclave = Enclave(package=land.package, engine=land.engine.address, docker_host=f"unix://{land.folder}/nothing")
    with KurtosisTestbed(land.folder, enclave) as testbed:
        land.inside(testbed).services["beacon"].write_log("block 1")
    assert (land.folder / "beacon.log").read_text() == "block 1\n"


def test_a_log_that_nobody_has_says_so(land: Land) -> None:
    enclave = Enclave(package=land.package, engine=land.engine.address, docker_host=f"unix://{land.folder}/nothing")
    with KurtosisTestbed(land.folder, enclave) as testbed, land.engine.refused("GetServiceLogs", "not today"):
        testbed.close()
    assert "not today" in (land.folder / "beacon.log").read_text()


def test_the_package_of_this_project_takes_what_the_testbed_tells_it(tmp_path: Path) -> None:
    (tmp_path / "vixy.toml").write_text("[global]\n")

    def make_files(task: FakeService, _: Sequence[str]) -> ExecResult:
        task.files["/tmp/network/genesis.json"] = b"{}"
        return ExecResult(0, "")

    with FakeEngine() as engine:
        engine.on_exec(make_files)
        enclave = Enclave(engine=engine.address, docker_host=engine.docker_host)
        try:
            enclave.open({"block_time": 0.5, "proxy": {"enabled": False}})
            services = set(enclave.services())
            assert services == {"el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup", BEACON, GATEWAY}
            ProxyService(enclave, "vixy:2").start(["vixy", "--listen", "0.0.0.0:8080"], tmp_path)
            proxy = engine.enclave(enclave.name).services["proxy"]
            assert (proxy.config.image, proxy.config.entrypoint) == ("vixy:2", ["vixy"])
            assert proxy.config.cmd == ["--listen", "0.0.0.0:8080"]
            assert proxy.files["/config/vixy.toml"] == b"[global]\n"
            assert CONTROL in enclave.service(GATEWAY).get_public_ports()
            assert {CONTROL, "cl-1", "cl-2"} <= enclave.service(BEACON).get_public_ports().keys()
        finally:
            enclave.close()


def test_what_is_not_open_is_said(land: Land) -> None:
    with pytest.raises(TestbedError, match="is not open"):
        land.enclave().services()
    with pytest.raises(TestbedError, match="is not open"):
        _ = land.enclave().engine_version
    with pytest.raises(TestbedError, match="was not started"):
        land.testbed().head()
