"""How a process is, seen from outside: memory, descriptors, threads, and whether it gets a CPU when it wants one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Vitals:
    """Bytes of memory, open descriptors, threads; seconds on a CPU so far, and waiting for one, of its first thread."""

    rss: int
    descriptors: int
    threads: int
    ran: float
    waited: float


def vitals(pid: int) -> Vitals | None:
    """None once the process is gone."""
    home = Path("/proc") / str(pid)
    try:
        rss = int((home / "statm").read_text().split()[1]) * _PAGE
        descriptors, threads = (len(os.listdir(home / name)) for name in ("fd", "task"))  # noqa: PTH208 - only counted
        ran, waited, _ = (int(text) / 1e9 for text in (home / "schedstat").read_text().split())
        return Vitals(rss, descriptors, threads, ran, waited)
    except (OSError, IndexError, ValueError):
        return None
