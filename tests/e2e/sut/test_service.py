"""Proxies under test as services of an enclave: on a fake engine, behind whose port stands a page of ours."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from e2e.sut import readiness
from e2e.sut import service as module
from e2e.sut.profile import Profile, Upstream
from e2e.sut.profile_file import load
from e2e.sut.protocol import SutError
from e2e.sut.service import SutService
from e2e.testbed.kurtosis.proxy import UNKNOWN_CODE, ProxyService
from e2e.testbed.protocol import CannotPlayError, NodeUrls
from e2e.wait import wait_until
from tests.fakes.land import Land, land

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kurtosis_sdk.testing import FakeService

NODES = [Upstream("el-1-primary", True, NodeUrls("http://172.16.0.5:8545", "ws://172.16.0.5:8546"))]
WELL = {"/health": "{}", "/ready": "{}", "/metrics": 'vixy_el_node_healthy{node="el-1-primary"} 1\n'}


class Site:
    """A started testbed, and one proxy after another on it."""

    def __init__(self, land: Land, folder: Path) -> None:
        self.land = land
        self.testbed = land.testbed()
        self.folder = folder
        (folder / "logs").mkdir()

    def sut(self, profile: Profile | None = None) -> SutService:
        service = ProxyService(self.testbed.enclave, "vixy:2", signals=self.testbed.signals)
        return SutService(profile or load("vixy-py"), NODES, {}, self.folder, {"max_body_size": "7"}, service=service)

    @property
    def service(self) -> FakeService:
        return self.land.inside(self.testbed).services["proxy"]


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    with land(tmp_path, getattr(request, "param", "docker")) as there:
        there.proxy.pages.update(WELL)
        site = Site(there, tmp_path)
        with site.testbed:
            yield site


def test_the_command_runs_in_the_image_with_the_config_of_this_run(site: Site) -> None:
    sut = site.sut()
    sut.start()
    config = site.service.config
    assert (config.image, config.entrypoint) == ("vixy:2", ["python"])
    assert config.cmd == ["-m", "proxy", "--config", "/config/vixy.toml", "--listen", "0.0.0.0:8080"]
    told = site.service.files["/config/vixy.toml"].decode()
    assert told == sut.config.read_text()
    assert "max_body_size = 7" in told
    assert 'http_url = "http://172.16.0.5:8545"' in told
    assert sut.endpoints.ws == f"ws://127.0.0.1:{site.land.proxy.port}/el/ws"
    assert sut.exit_code is None


def test_each_run_has_a_container_of_its_own(site: Site) -> None:
    first = site.sut()
    first.start()
    site.service.write_log("the first")
    first.stop()
    assert first.log.read_text() == "the first\n"
    second = site.sut(replace(load("vixy-py"), command="vixy {config}"))
    second.start()
    assert site.service.config.entrypoint == ["vixy"]
    assert site.service.container == "running"
    assert second.exit_code is None


def test_it_is_told_to_leave_and_its_exit_code_is_kept(site: Site) -> None:
    sut = site.sut()
    assert sut.stop() is None
    sut.start()
    sut.tell_to_leave()
    assert wait_until(lambda: sut.exit_code, 5, "it ends") == -15  # the fake's processes end by the signal
    assert sut.stop() == -15
    assert site.service.signals == ["SIGTERM"]


def test_one_that_does_not_leave_is_killed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVES_WITHIN", 0.2)
    sut = site.sut()
    sut.start()
    monkeypatch.setattr("kurtosis_sdk.testing.docker_api._FATAL", {"SIGKILL": 137})
    assert sut.stop() == -9
    assert site.service.signals == ["SIGTERM", "SIGKILL"]


def test_one_that_ends_early_is_quoted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.land.proxy.pages.clear()

    def end() -> None:
        site.service.write_log("unknown key ell.primary")
        site.land.inside(site.testbed).end(site.service, exit_code=2)

    def wait(sut: SutService) -> None:
        threading.Timer(0.1, end).start()
        readiness.wait_until_ready(sut)

    monkeypatch.setattr(module, "wait_until_ready", wait)
    with pytest.raises(SutError, match=r"ended with exit code 2 before") as caught:
        site.sut().start()
    for part in ("image: vixy:2", "command: python -m proxy", "unknown key ell.primary"):
        assert part in str(caught.value)


def test_one_that_never_becomes_ready_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "READY_WITHIN", 0.2)
    site.land.proxy.pages.clear()
    with pytest.raises(SutError, match=r"not ready[^$]*\(nothing\)"):
        site.sut().start()
    assert site.service.container == "exited"


@pytest.mark.parametrize("site", ["kubernetes"], indirect=True)
def test_without_signals_it_ends_as_kurtosis_ends_it_and_its_exit_code_is_not_known(site: Site) -> None:
    sut = site.sut()
    sut.start()
    assert sut.exit_code is None
    site.service.write_log("leaving")
    with pytest.raises(CannotPlayError, match="cannot be told to leave"):
        sut.tell_to_leave()
    assert sut.stop() == UNKNOWN_CODE
    assert site.service.container == "exited"
    assert sut.log.read_text() == "leaving\n"


def test_an_image_that_is_nowhere_is_named(site: Site) -> None:
    service = ProxyService(site.testbed.enclave, "does-not-exist:1")
    sut = SutService(load("vixy-py"), NODES, {}, site.folder, service=service)
    with pytest.raises(SutError, match="image: does-not-exist:1"):
        sut.start()
    assert sut.stop() is None


def test_a_command_that_cannot_be_used_lists_the_placeholders(site: Site) -> None:
    with pytest.raises(SutError, match=r"placeholders are \{python\}, \{config\}, \{listen\}"):
        site.sut(replace(load("vixy-py"), command="vixy {confg}")).start()


def test_what_cannot_be_saved_any_more_is_said_in_the_log(site: Site) -> None:
    sut = site.sut()
    sut.start()
    site.testbed.close()
    sut.stop()
    assert "the proxy under test could not be" in sut.log.read_text()
