"""Find geth, or build it once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from e2e.testbed.protocol import TestbedError


def find() -> Path:
    for found in (os.environ.get("GETH"), shutil.which("geth")):
        if found:
            return Path(found)
    raise TestbedError("no geth")
