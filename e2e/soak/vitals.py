"""How a process is, seen from outside: memory, descriptors and threads, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Vitals:
    """Bytes of memory, open descriptors, threads."""

    rss: int
    descriptors: int
    threads: int


def vitals(pid: int) -> Vitals | None:
    """None once the process is gone."""
    home = Path("/proc") / str(pid)
    try:
        rss = int((home / "statm").read_text().split()[1]) * _PAGE
        return Vitals(rss, len(os.listdir(home / "fd")), len(os.listdir(home / "task")))  # noqa: PTH208 - only counted
    except (OSError, IndexError, ValueError):
        return None
