"""What is kept for ever: too little at a time for any scenario of seconds, so a soak has to find it."""

from __future__ import annotations

from mutants.catalogue import SOAK, mutant
from mutants.patch import swap
from proxy.shell.metrics import Metrics

KIB = 1024


@mutant(
    "Each reconnection of a client leaves 1 KiB behind.",
    mode="mode.H13",
    caught_by=("memory_stable",),
    shown_by=(SOAK,),
)
def leaks_a_kibibyte() -> None:
    kept: list[bytearray] = []

    def moved(metrics: Metrics, previous: str | None, node: str | None) -> None:
        kept.append(bytearray(KIB))
        original(metrics, previous, node)

    original = swap(Metrics, "ws_moved", moved)
