"""Where scenarios are played, and which cannot be played there."""

from __future__ import annotations

import functools
import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from behave.model_type import Status

from e2e.gateway.service import GatewayService
from e2e.scene import Stage
from e2e.steps import enclave, environment, options, venues
from e2e.steps.context import World
from e2e.steps.playable import playable
from e2e.steps.results import Results
from e2e.steps.theatre import Theatre
from e2e.sut.process import SutProcess
from e2e.sut.profile_file import load
from e2e.sut.service import SutService
from e2e.testbed.local import LocalTestbed
from e2e.testbed.protocol import CannotPlayError, TestbedError
from tests.fakes.land import NODES, Land, land

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.testbed.kurtosis.testbed import KurtosisTestbed

KURTOSIS = options.read({"testbed": "kurtosis", "sut.image": "vixy:2"})


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Land]:
    monkeypatch.chdir(tmp_path)  # where reports go
    with land(tmp_path) as there:
        yield there


def test_the_usual_one_is_this_machine_without_any_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "kurtosis_sdk", None)
    venue = venues.choose(options.read({}), load("vixy-py"))
    assert isinstance(venue.testbed, LocalTestbed)
    assert venue.make_sut is SutProcess


def test_an_enclave_without_the_sdk_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("e2e.testbed.kurtosis", "e2e.steps.enclave"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("e2e.steps.enclave", raising=False)  # not there if nobody has imported it yet
    monkeypatch.setitem(sys.modules, "kurtosis_sdk", None)
    with pytest.raises(TestbedError, match=r"needs kurtosis_sdk, which is not installed.*\n.*\[suite,kurtosis\]"):
        venues.choose(KURTOSIS, load("vixy-py"))


def test_in_an_enclave_proxy_and_gateway_are_services(
    there: Land, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclave, "Enclave", lambda name, keep: there.enclave(name, keep=keep))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    venue = enclave.venue(tmp_path / "network", KURTOSIS)
    with cast("KurtosisTestbed", venue.testbed) as testbed:
        assert testbed.node_names() == NODES
        (tmp_path / "logs").mkdir()
        sut = venue.make_sut(load("vixy-py"), [], {}, tmp_path, {})
        assert isinstance(sut, SutService)
        assert venue.version(sut.profile) == "vixy:2"
        with pytest.raises(TestbedError, match="gateway"):
            venue.open_gateway()
        monkeypatch.setattr(enclave, "GATEWAY", "beacon")
        there.beacon.pages["/state"] = {"nodes": {}}
        with venue.open_gateway() as gateway:
            assert isinstance(gateway, GatewayService)
        venue.keep()


def test_other_signals_end_it_as_ctrl_c_does(there: Land, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_: dict[Any, Any] = {}
    monkeypatch.setattr(signal, "signal", set_.__setitem__)
    enclave.venue(tmp_path, KURTOSIS)
    assert set_ == dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.default_int_handler)


def test_a_step_that_cannot_be_played_skips_its_scenario_and_nothing_is_judged(there: Land, tmp_path: Path) -> None:
    registered: dict[str, Any] = {}

    def register(pattern: str) -> Any:
        return functools.partial(registered.__setitem__, pattern)

    @playable(register)("{node} is killed")
    def killed(_: Any, node: str) -> None:
        raise CannotPlayError(f"{node} cannot be killed")

    with pytest.raises(CannotPlayError):  # to whoever calls the function itself, it is what it was
        killed(None, node="el-1")
    closed: list[str] = []
    run = SimpleNamespace(close=lambda: closed.append("run"))
    skipped: list[str] = []
    names: dict[str, Any] = {
        "name": "S",
        "feature": SimpleNamespace(name="F"),
        "location": "x.feature:1",
        "unfair": None,
        "effective_tags": [],
    }
    scenario = SimpleNamespace(
        skip=skipped.append, hook_failed=False, status=Status.skipped, all_steps=[], error_message=None, **names
    )
    theatre = Theatre(cast("Any", None), Results({}), cast("Any", None), cast("Any", None))
    context = SimpleNamespace(scenario=scenario, world=World(cast("Any", run)), aborted=False, began=0.0)
    registered["{node} is killed"](context, node="el-1")
    assert skipped == ["el-1 cannot be killed"]
    scenario.skip_reason = skipped[0]
    context.theatre = theatre
    environment.after_scenario(context, scenario)
    assert closed == ["run"]
    assert theatre.results.summary()[-1] == "0 passed, 0 failed, 1 skipped"


def test_a_scenario_that_cannot_be_played_is_skipped_before_anything_starts(there: Land, tmp_path: Path) -> None:
    stage = Stage(there.testbed(), SutProcess, load("vixy-py"), cast("Any", None), tmp_path)
    theatre = Theatre(stage, Results({}), cast("Any", None), cast("Any", None))
    skipped: list[str] = []
    scenario = SimpleNamespace(effective_tags=["cl", "consensus.silent"], skip=skipped.append)
    context = SimpleNamespace(theatre=theatre)
    environment.before_scenario(context, scenario)
    (reason,) = skipped
    assert reason.startswith("not on the testbed kurtosis: ")
    assert not hasattr(context, "world")
    assert theatre.cannot_play(["cl", "critical"]) is None
