"""`make kurtosis-up` and `make kurtosis-down`, on a fake engine."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from kurtosis_sdk.testing import FakeEngine

from e2e.testbed.kurtosis import __main__ as command
from e2e.wait import wait_until
from kurtosis_sdk import KurtosisContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = """
def run(plan, image, fails = False):
    plan.add_service(name = "proxy", config = ServiceConfig(
        image = image,
        ports = {"http": PortSpec(number = 8080, application_protocol = "http"), "raw": PortSpec(number = 1)},
        public_ports = {"http": PortSpec(number = 12345), "raw": PortSpec(number = 12346)},
    ))
    if fails:
        plan.verify(value = "a", assertion = "==", target_value = "b")
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    (tmp_path / "kurtosis.yml").write_text("name: github.com/example/network\n")
    (tmp_path / "main.star").write_text(PACKAGE)
    (tmp_path / "args.yaml").write_text("image: nginx\n")
    monkeypatch.setattr(command, "PACKAGE", tmp_path)
    monkeypatch.setattr(command, "ARGUMENTS", "args.yaml")
    with FakeEngine() as engine:
        yield engine


def play(engine: FakeEngine, *arguments: str) -> int:
    return command.main([*arguments, "--engine", engine.address])


def enclaves(engine: FakeEngine) -> list[str]:
    with KurtosisContext.connect(engine.address) as kurtosis:
        return sorted(kurtosis.get_enclaves().get_enclaves_by_name())


def test_up_shows_every_url_and_what_to_do_next(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(engine, "up") == 0
    told = capsys.readouterr()
    assert "proxy         http        http://127.0.0.1:12345\n" in told.out
    assert "proxy         raw         tcp://127.0.0.1:12346\n" in told.out
    assert "behave -D testbed=kurtosis -D enclave=vixy\n" in told.out
    assert told.out.endswith("make kurtosis-down\n")
    assert "add_service proxy" in told.err
    assert enclaves(engine) == ["vixy"]


def test_up_again_uses_the_enclave_that_is_there(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(engine, "up", "--enclave", "mine") == 0
    assert capsys.readouterr().out.endswith("make kurtosis-down ENCLAVE=mine\n")
    assert play(engine, "up", "--enclave", "mine") == 0
    assert capsys.readouterr().err == ""
    assert enclaves(engine) == ["mine"]


def test_down_removes_it_and_says_so_when_there_is_none(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    play(engine, "up")
    capsys.readouterr()
    assert play(engine, "down") == 0
    assert enclaves(engine) == []
    assert play(engine, "down") == 0
    assert capsys.readouterr().out == "the enclave vixy is gone\nthere is no enclave vixy\n"


def test_a_run_that_fails_leaves_the_enclave_to_be_looked_at(
    engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = tmp_path / "mine.yaml"
    arguments.write_text("image: nginx\nfails: true\n")
    assert play(engine, "up", "--arguments", str(arguments)) == 1
    told = capsys.readouterr().err
    assert "kurtosis enclave inspect vixy" in told
    assert "Verification failed" in told
    assert enclaves(engine) == ["vixy"]


def test_ctrl_c_ends_it_and_the_enclave_is_as_it_was() -> None:
    with FakeEngine() as engine, engine.stalled("RunStarlarkPackage"):
        words = [sys.executable, "-m", "e2e.testbed.kurtosis", "up", "--engine", engine.address]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: enclaves(engine) == ["vixy"], 30, "the enclave is there")
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=30)
        assert process.returncode == 130
        assert told == "interrupted; the enclave stays as it is, make kurtosis-down removes it\n"
        assert enclaves(engine) == ["vixy"]


def test_no_engine_and_no_file_are_told(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(engine, "up", "--arguments", "nowhere.yaml") == 1
    assert "nowhere.yaml" in capsys.readouterr().err
    assert command.main(["up", "--engine", "127.0.0.1:1"]) == 1
    assert "kurtosis engine start" in capsys.readouterr().err
