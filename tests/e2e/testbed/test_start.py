"""Starts that fail say why and leave no process behind; the command for a person."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from e2e.testbed import geth
from e2e.testbed.local import LocalTestbed
from e2e.testbed.protocol import TestbedError
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.beacon.client import DriverClient

ONE = ("el-1-primary",)


def processes_that_mention(text: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if text in command and int(folder.name) != os.getpid():
            found.append(command.replace("\0", " "))
    return found


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_node_that_dies_at_its_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = script(tmp_path / "geth", "echo 'Fatal: no space left on device' >&2; exit 7")
    testbed = LocalTestbed(tmp_path / "network", nodes=ONE, geth=broken)
    with pytest.raises(TestbedError) as caught:
        testbed.start()
    for part in ("el-1-primary did not come up", "exit code 7", "no space left on device", "$GETH"):
        assert part in str(caught.value)
    assert processes_that_mention(str(tmp_path)) == []


def test_a_node_that_hangs_at_its_start_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("e2e.testbed.driven.READY_LIMIT", 0.3)
    hanging = script(tmp_path / "geth", "exec sleep 600")
    with pytest.raises(TestbedError, match=r"did not follow the chain within 0.3 s; it runs; the end of .*\.log"):
        LocalTestbed(tmp_path / "network", nodes=ONE, geth=hanging).start()
    assert processes_that_mention(str(tmp_path)) == []


def test_a_geth_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    testbed = LocalTestbed(tmp_path / "network", nodes=ONE, geth=tmp_path / "nowhere")
    with pytest.raises(TestbedError, match=r"did not come up(.|\n)*No such file"):
        testbed.start()


def test_a_network_that_was_not_started_says_so(tmp_path: Path) -> None:
    testbed = LocalTestbed(tmp_path)
    with pytest.raises(TestbedError, match="was not started"):
        testbed.head()
    with pytest.raises(TestbedError, match="was not started"):
        testbed.urls("el-1-primary")
    testbed.close()


@pytest.mark.geth
def test_a_dead_block_driver_is_an_error_and_nothing_hangs(tmp_path: Path) -> None:
    with LocalTestbed(tmp_path, nodes=ONE, block_time=0.5) as testbed:
        driver: DriverClient = testbed.driver
        assert testbed._beacon is not None
        testbed._beacon.kill()
        with pytest.raises(TestbedError, match=r"block driver at .* did not answer"):
            testbed.head()
        testbed.kill("el-1-primary")
        with pytest.raises(TestbedError, match="the block driver ended"):
            testbed.boot("el-1-primary")
        with pytest.raises(TestbedError, match="started before"):
            testbed.start()
        assert testbed.driver is driver
    assert processes_that_mention(str(tmp_path)) == []


@pytest.mark.geth
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_prints_urls_that_work_and_leaves_nothing(tmp_path: Path, ending: signal.Signals) -> None:
    arguments = ["--nodes", "el-1-backup", "--block-time", "0.5", "--folder", str(tmp_path)]
    environment = os.environ | {"GETH": str(geth.find())}
    command = [sys.executable, "-m", "e2e.testbed", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            rows = [process.stdout.readline().split() for _ in range(3)]
            assert [row[0] for row in rows] == ["el-1-backup", "cl-1", "cl-2"]
            assert requests.get(rows[1][1] + "/eth/v1/node/health", timeout=5).status_code == 200
            assert '[[el.backup]]\nname = "el-1-backup"' in (tmp_path / "vixy.toml").read_text()
        finally:
            process.send_signal(ending)
        assert process.wait(20) == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
    wait_until(lambda: processes_that_mention(str(tmp_path)) == [], 10, "everything is gone")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nodes", "el-1"], "end in -primary or -backup"),
        (["--nodes", "a-primary,a-primary"], "must differ"),
        (["--block-time", "0"], "above 0"),
    ],
)
def test_bad_options_are_refused(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "e2e.testbed", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    binary = script(tmp_path / "geth", "echo Version: 1.17.7-stable")
    command = [sys.executable, "-m", "e2e.testbed", "--folder", str(tmp_path / "file" / "network")]
    done = subprocess.run(command, env={**os.environ, "GETH": str(binary)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("testbed: ")
    assert str(tmp_path / "file" / "network") in done.stderr
    assert "Traceback" not in done.stderr
